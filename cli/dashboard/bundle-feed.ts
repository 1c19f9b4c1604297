import type { StoredBundle } from '../../api/werfbundle.js';
import type { FeedLine, Row } from '../../dashboard/protocol.js';
import type { KubeClient, WatchEvent } from '../../kube/client.js';
import { followChanges } from '../../kube/list-watch.js';
import type { ReflectorEvent } from '../../kube/reflector-step.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import type { Clock, Random } from '../../process/ports.js';
import { rowOf } from './bundle-row.js';
import { asRefused, Refused } from './refusal.js';

/** What is not told unless a question is not answered either. */
const SILENT = 'nothing is heard of the apiserver';
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
  const feeds: Promise<void>[] = [];
  for (const namespace of where) {
    const feed = new NamespaceFeed({ ...deps, first, onRefused }, namespace);
    const following = feed.run(running);
    feeds.push(following);
    // One after another, so that a token that is no good costs the apiserver one call, however many namespaces are named.
    await Promise.race([feed.begun, following]);
    if (running.aborted) break;
  }
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
  /** Resolves when the apiserver has answered once, or is out of reach. */
  readonly begun: Promise<void>;
  /** uids of the bundles that the page was told of. */
  readonly #told = new Set<string>();
  #isListed = false;
  /** A list that was streamed and broke off comes in pages the next time: some connections are too slow for it. */
  #streams = true;
  #setBegun: () => void = () => undefined;
  /** What was told last of a fault that lasts; '' if there is none. */
  #disturbance = '';
  #hasBegun = false;

  constructor(deps: NamespaceDeps, namespace: string | undefined) {
    this.#deps = deps;
    this.#namespace = namespace;
    this.begun = new Promise((resolve) => {
      this.#setBegun = resolve;
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps;
    const follower = {
      begin: (running: AbortSignal) => this.#list(running),
      changes: (resourceVersion: string, running: AbortSignal) => this.#watch(resourceVersion, running),
      onChange: this.#tell.bind(this),
      onEnd: ({ kind }: Pick<ReflectorEvent, 'kind'>) => this.#attemptEnded(kind),
    };
    await followChanges<StoredBundle>(follower, { clock, random }, signal);
  }

  #begin(): void {
    if (!this.#hasBegun) this.#deps.first.begun();
    this.#hasBegun = true;
    this.#setBegun();
  }

  get #where() {
    return { ...(this.#namespace !== undefined && { namespace: this.#namespace }) };
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { client, first } = this.#deps;
    const batch: Row[] = [];
    const flush = (): void => {
      if (batch.length > 0) first.send({ kind: 'bundles', rows: batch.splice(0) });
    };
    const keep = (bundle: StoredBundle): string => {
      this.#begin();
      this.#told.add(bundle.metadata.uid);
      batch.push(rowOf(bundle));
      if (batch.length === BATCH) flush();
      return bundle.metadata.uid;
    };
    const how = { ...this.#where, keep, ...(this.#streams && { streamed: true as const }) };
    const { items, resourceVersion } = await client.list(WERFBUNDLES, how, signal).catch((error: unknown) => {
      this.#streams = false;
      return this.#failed(error, 'list');
    });
    this.#begin();
    flush();
    this.#replace(new Set(items));
    return resourceVersion;
  }

  /** What the page was told of, be it by a list that broke off, and is not found any more is gone. */
  #replace(found: ReadonlySet<string>): void {
    const { first } = this.#deps;
    for (const uid of this.#told) {
      if (found.has(uid)) continue;
      this.#told.delete(uid);
      first.send({ kind: 'removed', uid });
    }
    if (!this.#isListed) first.listed();
    this.#isListed = true;
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
      this.#told.delete(uid);
      first.send({ kind: 'removed', uid });
    } else {
      this.#told.add(uid);
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

  #attemptEnded(how: ReflectorEvent['kind']): void {
    // Whether the apiserver hangs, or nothing changes, is found out before the next watch.
    if (how === 'watch-silent') this.#disturbance = SILENT;
    if (how !== 'failed' || this.#disturbance === '') return;
    this.#begin();
    this.#deps.first.send({ kind: 'disturbed', message: this.#disturbance });
  }
}
