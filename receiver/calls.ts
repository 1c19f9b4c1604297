import type { IncomingHttpHeaders } from 'node:http';
import { parseJson } from '../api/parse-json.js';
import type { Clock, Log } from '../process/ports.js';
import type { ReadBody } from '../serving/read-body.js';
import { CallRate } from './call-rate.js';
import { CALL_REFUSALS, type CallRefusal } from './call-refusals.js';
import { judge, type Verdict } from './judge.js';
import { isSigned, mayBeOf } from './proof.js';
import type { PushRecorder } from './push-recorder.js';
import type { Receiver, Receivers } from './receivers.js';
import { Replays } from './replays.js';
import type { Sender } from './senders/sender.js';
import { SENDERS } from './senders/sender-table.js';

/** A request as it comes. */
export interface Call {
  readonly method: string;
  /** With the query, if there is one. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Its address, for the log. */
  readonly peer: string;
  /** Reads the body, once. Never rejects. */
  readonly read: () => Promise<ReadBody>;
}

/** What is answered, as JSON with a field `message`. */
export interface CallAnswer {
  readonly status: number;
  readonly message: string;
  /** Seconds after which it may be tried again. */
  readonly retryAfter?: number;
}

interface CallsDeps {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly log: Pick<Log, 'info' | 'debug'>;
  readonly recorder: Pick<PushRecorder, 'record'>;
  /** As they are configured now. */
  readonly receivers: () => Receivers;
  readonly refusals: { add(reason: CallRefusal, peer: string): void };
  /** Counts each call of a receiver that there is. */
  readonly onCall: (receiver: string, result: CallResult) => void;
}

/** What became of a call of a receiver. */
export type CallResult = 'pushed' | 'ignored' | 'refused';

/** The longest body, bytes; notifications have a few KiB. */
export const MAX_BODY_BYTES = 1024 * 1024;

const PATH = /^\/receivers\/([^/?]*)(?:\/([^/?]*))?$/;

/** A receiver that a call is for, and what stands behind its name. */
interface Addressed {
  readonly receiver: Receiver;
  readonly sender: Sender;
  readonly inPath: string | undefined;
}

/** Answers calls: finds out whose they are, what they tell of, and passes it on. Nothing of a refused call has any effect. */
export class Calls {
  readonly #deps: CallsDeps;
  readonly #rate: CallRate;
  readonly #replays: Replays;

  constructor(deps: CallsDeps) {
    const now = (): number => deps.clock.monotonic();
    this.#deps = deps;
    this.#rate = new CallRate(now);
    this.#replays = new Replays(now);
  }

  /** Never rejects, but for a bug. */
  async answer(call: Call): Promise<CallAnswer> {
    const addressed = this.#addressed(call);
    if (addressed === undefined) return this.#refuse(call, 'unknown-receiver');
    const { receiver } = addressed;
    const answer = await this.#answerTo(call, addressed);
    if (answer.kind === 'refused') {
      this.#deps.onCall(receiver.name, 'refused');
      return this.#refuse(call, answer.reason, { ...answer, sender: addressed.sender });
    }
    this.#deps.onCall(receiver.name, answer.kind);
    return answer.kind === 'ignored'
      ? { status: 200, message: `nothing to do: ${answer.why}` }
      : { status: 202, message: `bundles of ${answer.names.join(', ')} are looked at` };
  }

  #addressed({ url }: Call): Addressed | undefined {
    const [, name = '', inPath] = PATH.exec(url.split('?', 1)[0] ?? '') ?? [];
    const receiver = this.#deps.receivers().get(name);
    return receiver && { receiver, sender: SENDERS[receiver.type], inPath };
  }

  async #answerTo(
    call: Call,
    { receiver, sender, inPath }: Addressed,
  ): Promise<Verdict & { readonly isProven: boolean }> {
    const { method, headers } = call;
    const { proof } = sender;
    if (method !== 'POST') return refused('method');
    if (!mayBeOf(receiver, proof, { headers, inPath })) return refused('unproven');
    const read = await call.read();
    if (read.kind !== 'body') return refused(read.kind === 'gone' ? 'malformed' : read.kind);
    const body = read.bytes;
    if (!isSigned(receiver, proof, { headers, body })) return refused('unproven');
    if (!this.#rate.take(receiver.name)) return refused('flooding');
    const event = sender.eventHeader === undefined ? '' : String(headers[sender.eventHeader] ?? '').toLowerCase();
    const json = parseJson(Buffer.from(body).toString('utf8'));
    const verdict = judge(json === undefined ? NO_JSON : sender.read(json, event), receiver, this.#deps.clock.now());
    return { ...(verdict.kind === 'pushed' ? await this.#pass(verdict, { receiver, body }) : verdict), isProven: true };
  }

  async #pass(
    verdict: Extract<Verdict, { kind: 'pushed' }>,
    { receiver: { name }, body }: { readonly receiver: Receiver; readonly body: Uint8Array },
  ): Promise<Verdict> {
    const { names, below, isUnique } = verdict;
    if (isUnique && this.#replays.has(name, body)) return { kind: 'refused', reason: 'replayed' };
    const recorded = await this.#deps.recorder.record(names.map((one) => ({ name: one, below })));
    if (recorded.kind === 'failed') return { kind: 'refused', reason: 'unavailable' };
    // Only now: who was told to try again has to be let through.
    if (isUnique) this.#replays.add(name, body);
    this.#deps.log.info('a push was received', { receiver: name, repositories: names, below });
    return verdict;
  }

  #refuse(
    { peer }: Call,
    reason: CallRefusal,
    about: { readonly detail?: string; readonly isProven: boolean; readonly sender?: Sender } = { isProven: false },
  ): CallAnswer {
    this.#deps.refusals.add(reason, peer);
    const { status, meaning } = CALL_REFUSALS[reason];
    const message = `refused (${reason}): ${meaning}${about.detail === undefined ? '' : `: ${about.detail}`}`;
    const isFinal = about.isProven && FINAL.has(reason);
    return {
      // Whoever repeats a call for ever until it is answered so would tell of nothing else any more.
      status: isFinal && about.sender?.isStubborn === true ? 200 : status,
      message,
      ...((reason === 'flooding' || reason === 'unavailable') && { retryAfter: 1 }),
    };
  }
}

/** Refusals that stay the same however often a call is repeated. */
const FINAL: ReadonlySet<CallRefusal> = new Set(['malformed', 'elsewhere', 'stale', 'replayed']);

const NO_JSON = { kind: 'malformed', why: 'it is no JSON' } as const;

const refused = (reason: CallRefusal): Verdict & { readonly isProven: boolean } => ({
  kind: 'refused',
  reason,
  isProven: false,
});
