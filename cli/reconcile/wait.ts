import { refOf } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { openDeployment } from '../../controller/decide/deployment.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { Deadline } from '../../process/deadline.js';
import { followObjects } from '../cluster/follow.js';
import type { Session } from '../cluster/session.js';
import { CommandError } from '../command-error.js';
import { folded } from '../output/fold.js';
import type { Terminal } from '../terminal.js';
import { timeoutIn } from '../timeout.js';
import { lineOf, type Outcome, outcomeOf, type Request } from './outcome.js';

/** A bundle as it was patched, and what that asks for. */
export interface Asked {
  readonly bundle: StoredBundle;
  readonly request: Request;
}

/**
 * Shows what becomes of requests until all of them have an end, or the time is over, or Ctrl-C.
 * @param timeout - as it was given: `5m`; @param isForPeople - what happens goes to stdout, which has nothing for programs
 * @throws CommandError if one of them failed, or has no end: says why, and what to look at
 */
export const waitForAll = async (
  { terminal, session }: { readonly terminal: Terminal; readonly session: Session },
  asked: readonly Asked[],
  { timeout, isForPeople }: { readonly timeout: string; readonly isForPeople: boolean },
): Promise<void> => {
  session.quiet();
  const deadline = new Deadline(terminal.clock, timeoutIn(timeout), session);
  const until = deadline.signal;
  const show = (line: string): void => {
    const columns = isForPeople ? terminal.columns : terminal.errColumns;
    (isForPeople ? terminal.out : terminal.err)(`${folded(line, { columns, indent: 2 })}\n`);
  };
  const board = new Board(asked, show, () => deadline.abort(undefined));
  const namespaces = new Set(asked.map(({ bundle }) => bundle.metadata.namespace));
  const one = asked.length === 1 ? { fieldSelector: `metadata.name=${asked[0]?.bundle.metadata.name}` } : {};
  if (!until.aborted) {
    const late = terminal.clock.startTimer(UNTAKEN_MS, () => board.tellUntaken());
    const follow = (namespace: string) =>
      followObjects({ session, terminal }, { type: WERFBUNDLES, namespace, until, ...one }, ({ before, after }) => {
        if (after !== undefined) board.see(after, 'changed');
        else if (before !== undefined) board.see(before, 'deleted');
      });
    await Promise.all([...namespaces].map(follow)).finally(() => late.cancel());
  }
  deadline.release();
  if (session.signal.aborted) {
    terminal.err('werfbundle: stopped waiting; what was asked for goes on in the cluster\n');
    return;
  }
  const lines = board.complaints(timeout);
  if (lines.length > 0) throw new CommandError(lines);
};

/** When it is said that a request was not taken up: most are at once; milliseconds. */
const UNTAKEN_MS = 3_000;

/** What has become of each request so far. */
class Board {
  readonly #asked: ReadonlyMap<string, Asked>;
  readonly #outcomes = new Map<string, Outcome>();
  /** The last of each that was seen. */
  readonly #seen = new Map<string, StoredBundle>();
  readonly #shown = new Map<string, string>();
  readonly #show: (line: string) => void;
  readonly #onEnd: () => void;

  constructor(asked: readonly Asked[], show: (line: string) => void, onEnd: () => void) {
    this.#asked = new Map(asked.map((one) => [one.bundle.metadata.uid, one]));
    this.#show = show;
    this.#onEnd = onEnd;
    for (const { bundle } of asked) this.see(bundle, 'changed');
  }

  see(bundle: StoredBundle, what: 'changed' | 'deleted'): void {
    const { uid, name } = bundle.metadata;
    const asked = this.#asked.get(uid);
    if (asked === undefined || this.#ended(uid)) return;
    const outcome: Outcome =
      what === 'deleted' ? { kind: 'failed', message: 'it was deleted' } : outcomeOf(bundle, asked.request);
    this.#outcomes.set(uid, outcome);
    this.#seen.set(uid, bundle);
    const line = lineOf(bundle, outcome);
    if (line !== '' && this.#shown.get(uid) !== line) {
      this.#show(`${name}: ${line}`);
      this.#shown.set(uid, line);
    }
    if ([...this.#asked.keys()].every((each) => this.#ended(each))) this.#onEnd();
  }

  /** Shows which requests the controller has not taken up yet. */
  tellUntaken(): void {
    for (const [uid, { bundle }] of this.#asked)
      if (this.#outcomes.get(uid)?.kind === 'untaken')
        this.#show(`${bundle.metadata.name}: the controller has not taken it up yet`);
  }

  /** A line for each bundle that is not as it was to be, and what to look at. */
  complaints(timeout: string): readonly string[] {
    return [...this.#asked].flatMap(([uid, { bundle }]) => {
      const { namespace, name } = refOf(bundle);
      const outcome = this.#outcomes.get(uid);
      const which = `${name} -n ${namespace}`;
      if (outcome === undefined || outcome.kind === 'ready') return [];
      if (outcome.kind === 'failed')
        return [
          `${namespace}/${name}: ${outcome.message}`,
          adviceOn({ before: bundle, now: this.#seen.get(uid) }, which),
        ];
      if (outcome.kind === 'unapproved')
        return [
          `${namespace}/${name}: ${outcome.message}`,
          `to look at the plan, and approve it: werfbundle approve ${which}`,
        ];
      return [
        `${namespace}/${name}: not done within ${timeout}${stateWords(outcome)}`,
        `it goes on in the cluster: werfbundle get ${which} --watch; why it takes so long: werfbundle doctor ${which}`,
      ];
    });
  }

  #ended(uid: string): boolean {
    const { kind } = this.#outcomes.get(uid) ?? {};
    return kind === 'ready' || kind === 'unapproved' || kind === 'failed';
  }
}

const stateWords = (outcome: Extract<Outcome, { kind: 'untaken' | 'waiting' }>): string => {
  if (outcome.kind === 'waiting') return `; its status says: ${outcome.message}`;
  const before = outcome.before === undefined ? '' : `; its status, from before, says: ${outcome.before}`;
  return `: the controller has not taken it up${before}`;
};

/** The log of a Job is named only if it is the one that the request has led to: the last one may be of another deployment. */
const adviceOn = (
  { before, now }: { readonly before: StoredBundle; readonly now: StoredBundle | undefined },
  which: string,
): string => {
  if (before.spec.suspend === true) return `to end the suspension: werfbundle resume ${which}`;
  const number = now?.status?.deployment?.number;
  const wasThere = before.status?.deployment?.number === number && openDeployment(before.status) === undefined;
  const log = number === undefined || wasThere ? '' : `its log: werfbundle logs ${which} --number ${number}; `;
  return `${log}what to do: werfbundle doctor ${which}`;
};
