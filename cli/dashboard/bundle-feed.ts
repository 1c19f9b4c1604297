import type { StoredBundle } from '../../api/werfbundle.js';
import type { FeedLine, Row } from '../../dashboard/protocol.js';
import type { KubeClient, WatchEvent } from '../../kube/client.js';
import { followChanges } from '../../kube/list-watch.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import type { Clock, Random } from '../../process/ports.js';
import { rowOf } from './bundle-row.js';
import { asRefused, Refused } from './refusal.js';

/** Rows in a line; a page of the apiserver's list has as many. */
const BATCH = 250;

interface FeedDeps {
  readonly client: Pick<KubeClient, 'list' | 'watch' | 'head'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly send: (line: FeedLine) => void;
}

/**
 * Tells a page of the bundles there are, and of each change, until aborted. Nothing is kept of a bundle but its uid: each page has its own
 * list and watch, with its caller's rights, so that no page can be told of what only another one may see.
 *
 * Guarantees: whatever becomes of the apiserver, the page catches up with it.
 * @param namespaces - none: all of them
 * @throws Refused when the caller may not list or watch, or is not known
 */
export const feedBundles = async (
  deps: FeedDeps,
  namespaces: readonly string[],
  signal: AbortSignal,
): Promise<void> => {
  const ended = new AbortController();
  const running = AbortSignal.any([signal, ended.signal]);
  const first = new FirstLists(deps.send, Math.max(1, namespaces.length));
  const where = namespaces.length === 0 ? [undefined] : namespaces;
  const onRefused = (refused: Refused): void => ended.abort(refused);
  const feeds = where.map((namespace) => new NamespaceFeed({ ...deps, first, onRefused }, namespace).run(running));
  await Promise.all(feeds);
  if (ended.signal.aborted) throw ended.signal.reason;
};

/**
 * What is told until all namespaces were listed once: `listing` comes before the first bundles, and `listed` after the last. Nothing is sent
 * before each namespace was either begun or found out of reach, so that a refusal of one of them is the answer to the call.
 */
class FirstLists {
  readonly #send: FeedDeps['send'];
  readonly #held: FeedLine[] = [{ kind: 'listing' }];
  #silent: number;
  #unlisted: number;

  constructor(send: FeedDeps['send'], namespaces: number) {
    this.#send = send;
    this.#silent = namespaces;
    this.#unlisted = namespaces;
  }

  send(line: FeedLine): void {
    if (this.#silent > 0) this.#held.push(line);
    else this.#send(line);
  }

  /** The apiserver has answered for one namespace more, or is out of reach. */
  begun(): void {
    this.#silent -= 1;
    if (this.#silent === 0) for (const line of this.#held.splice(0)) this.#send(line);
  }

  /** The first list of a namespace was told. */
  listed(): void {
    this.#unlisted -= 1;
    if (this.#unlisted === 0) this.send({ kind: 'listed' });
  }
}

interface NamespaceDeps extends Omit<FeedDeps, 'send'> {
  readonly first: FirstLists;
  readonly onRefused: (refused: Refused) => void;
}

class NamespaceFeed {
  readonly #deps: NamespaceDeps;
  readonly #namespace: string | undefined;
  /** uids of the bundles that the page knows from here. */
  #known: Set<string> | undefined;
  /** What was told last of a fault that lasts; '' if there is none. */
  #disturbance = '';
  #hasBegun = false;

  constructor(deps: NamespaceDeps, namespace: string | undefined) {
    this.#deps = deps;
    this.#namespace = namespace;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps;
    const follower = {
      begin: (running: AbortSignal) => this.#list(running),
      changes: (resourceVersion: string, running: AbortSignal) => this.#watch(resourceVersion, running),
      onChange: this.#tell.bind(this),
      onEnd: ({ kind }: { readonly kind: string }) => this.#disturbed(kind === 'failed'),
    };
    await followChanges<StoredBundle>(follower, { clock, random }, signal);
  }

  #begin(): void {
    if (!this.#hasBegun) this.#deps.first.begun();
    this.#hasBegun = true;
  }

  get #where() {
    return { ...(this.#namespace !== undefined && { namespace: this.#namespace }) };
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { client, first } = this.#deps;
    const found = new Set<string>();
    const batch: Row[] = [];
    const flush = (): void => {
      if (batch.length > 0) first.send({ kind: 'bundles', rows: batch.splice(0) });
    };
    const keep = (bundle: StoredBundle): void => {
      this.#begin();
      found.add(bundle.metadata.uid);
      batch.push(rowOf(bundle));
      if (batch.length === BATCH) flush();
    };
    const listed = client.list(WERFBUNDLES, { ...this.#where, keep, streamed: true }, signal);
    const { resourceVersion } = await listed.catch((error: unknown) => this.#failed(error, 'list'));
    this.#begin();
    flush();
    this.#replace(found);
    return resourceVersion;
  }

  /** What was there before and is not found any more is gone. */
  #replace(found: Set<string>): void {
    const { first } = this.#deps;
    const before = this.#known;
    if (before === undefined) first.listed();
    else for (const uid of before) if (!found.has(uid)) first.send({ kind: 'removed', uid });
    this.#known = found;
    this.#disturbance = '';
  }

  async *#watch(resourceVersion: string, signal: AbortSignal): AsyncGenerator<WatchEvent<StoredBundle>> {
    const { client } = this.#deps;
    try {
      if (this.#disturbance !== '') await this.#recovered(signal);
      yield* client.watch(WERFBUNDLES, { ...this.#where, resourceVersion }, signal);
    } catch (error) {
      this.#failed(error, 'watch');
    }
  }

  /** A watch that begins again may be silent for long: that the apiserver answers is found out before. */
  async #recovered(signal: AbortSignal): Promise<void> {
    const { client, first } = this.#deps;
    await client.head(WERFBUNDLES, this.#where, signal);
    this.#disturbance = '';
    first.send({ kind: 'bundles', rows: [] });
  }

  #tell({ type, object }: Exclude<WatchEvent<StoredBundle>, { type: 'BOOKMARK' }>): void {
    const { first } = this.#deps;
    const { uid } = object.metadata;
    if (type === 'DELETED') {
      this.#known?.delete(uid);
      first.send({ kind: 'removed', uid });
    } else {
      this.#known?.add(uid);
      first.send({ kind: 'bundles', rows: [rowOf(object)] });
    }
  }

  /** A fault that trying again does not mend ends the feed; another one is told when the attempt has ended. */
  #failed(error: unknown, verb: 'list' | 'watch'): never {
    const refused = asRefused(error, { verb, type: WERFBUNDLES, ...this.#where });
    if (refused instanceof Refused) {
      if (refused.status !== 502) this.#deps.onRefused(refused);
      this.#disturbance = refused.message;
    }
    throw error;
  }

  #disturbed(hasFailed: boolean): void {
    if (!hasFailed || this.#disturbance === '') return;
    this.#begin();
    this.#deps.first.send({ kind: 'disturbed', message: this.#disturbance });
  }
}
