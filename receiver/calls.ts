import type { IncomingHttpHeaders } from 'node:http';
import { parseJson } from '../api/parse-json.js';
import { parseTraceparent } from '../api/traceparent.js';
import type { Clock, Log } from '../process/ports.js';
import { type Span, type Tracer, traceFields } from '../process/tracer.js';
import type { ReadBody } from '../serving/read-body.js';
import { CallRate } from './call-rate.js';
import { CALL_REFUSALS, type CallRefusal } from './call-refusals.js';
import { judge, type Verdict } from './judge.js';
import { isSigned, mayBeOf, signatureOf } from './proof.js';
import type { PushRecorder } from './push-recorder.js';
import type { Receiver, Receivers } from './receivers.js';
import { callKey, Replays } from './replays.js';
import type { Sender, Told } from './senders/sender.js';
import { SENDERS } from './senders/sender-table.js';

/** A request as it comes. */
export interface Call {
  readonly method: string;
  /** With the query, if there is one. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Its address, for the log. */
  readonly peer: string;
  /** When it came, milliseconds since 1970. */
  readonly at: number;
  /** Reads the body, once. Never rejects. */
  readonly read: () => Promise<ReadBody>;
}

/** What is answered, as JSON with a field `message`. */
export interface CallAnswer {
  readonly status: number;
  readonly message: string;
  /** Seconds after which it may be tried again. */
  readonly retryAfter?: number;
  /** The connection ends with it: who is not known to be a sender keeps none. */
  readonly isLast?: boolean;
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
  /** Told of each call that is passed on. */
  readonly tracer: Tracer;
}

/** What became of a call of a receiver. */
export type CallResult = 'pushed' | 'ignored' | 'refused';

/** The longest body, bytes; notifications have a few KiB. */
export const MAX_BODY_BYTES = 1024 * 1024;

const ROUTE = '/receivers/{receiver}';
/** The status of a call that is passed on. */
const TAKEN = 202;
const PATH = /^\/receivers\/([^/?]*)(?:\/([^/?]*))?$/;

/** A receiver that a call is for, and what stands behind its name. */
interface Addressed {
  readonly receiver: Receiver;
  readonly sender: Sender;
  readonly inPath: string | undefined;
}

/** What a call comes to, and whether it is known to be its receiver's. */
type Judged = Verdict & { readonly isProven: boolean };

type Refused = Extract<Judged, { kind: 'refused' }>;

/** Answers calls: finds out whose they are, what they tell of, and passes it on. */
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
    const [path, name = '', inPath] = PATH.exec(call.url.split('?', 1)[0] ?? '') ?? [];
    if (path === undefined) return this.#refuse(call, refused('unknown-path', false));
    const receiver = this.#deps.receivers().get(name);
    if (receiver === undefined) return this.#refuse(call, await answerToNobody(call, inPath));
    const sender = SENDERS[receiver.type];
    const verdict = await this.#answerTo(call, { receiver, sender, inPath });
    this.#deps.onCall(name, verdict.kind);
    switch (verdict.kind) {
      case 'refused':
        return this.#refuse(call, verdict, sender);
      case 'ignored':
        return { status: 200, message: `nothing to do: ${verdict.why}` };
      case 'pushed':
        return { status: TAKEN, message: `bundles of ${verdict.names.join(', ')} are looked at` };
      default:
        return verdict satisfies never;
    }
  }

  async #answerTo(call: Call, { receiver, sender, inPath }: Addressed): Promise<Judged> {
    const { method, headers } = call;
    const { proof } = sender;
    if (method !== 'POST') return refused('method', false);
    if (!mayBeOf(receiver, proof, { headers, inPath })) return unproven('unproven', call);
    const read = await call.read();
    if (read.kind === 'gone') return { kind: 'ignored', why: 'the caller has left', isProven: false };
    if (read.kind !== 'body') return refused(read.kind, proof.kind !== 'signature');
    const body = read.bytes;
    if (!isSigned(receiver, proof, { headers, body })) return refused('unproven', false);
    const known = callKey(body);
    const verdict = this.#replays.has(receiver.name, known)
      ? refused('replayed', true)
      : judge(toldBy(sender, { headers, body }), receiver, this.#deps.clock.now());
    return {
      ...(verdict.kind === 'pushed' ? await this.#pass(verdict, { call, receiver: receiver.name, known }) : verdict),
      isProven: true,
    };
  }

  /** What calls that are refused anyway cost, the real sender does not pay: only here its rate counts. */
  async #pass(
    verdict: Extract<Verdict, { kind: 'pushed' }>,
    { call, receiver, known }: { readonly call: Call; readonly receiver: string; readonly known: string },
  ): Promise<Verdict> {
    const { names, below, isUnique } = verdict;
    if (!this.#rate.take(receiver)) return { kind: 'refused', reason: 'flooding' };
    // Before it is written, so that the same call meanwhile is the same; whoever is told to try again has to be let through.
    if (isUnique) this.#replays.add(receiver, known);
    const span = this.#spanOf(call, receiver, names);
    const pushes = names.map((name) => ({ name, below, trace: span.context }));
    const recorded = await this.#deps.recorder.record(receiver, pushes);
    if (recorded.kind !== 'recorded') {
      this.#replays.remove(receiver, known);
      const reason = recorded.kind === 'full' ? 'flooding' : 'unavailable';
      const { status } = CALL_REFUSALS[reason];
      span.end({ attributes: { 'http.response.status_code': status }, failure: reason });
      return { kind: 'refused', reason };
    }
    const fields = Object.assign({ receiver, repositories: names, below }, traceFields(span.context));
    this.#deps.log.info('a push was received', fields);
    span.end({ attributes: { 'http.response.status_code': TAKEN } });
    return verdict;
  }

  /**
   * A trace begins here, whatever the caller says of one of its own: that it is known proves who it is, but its traces are somebody else's,
   * and whether ours are recorded is not for it to say. A link leads there.
   */
  #spanOf({ method, headers, at }: Call, receiver: string, names: readonly string[]): Span {
    return this.#deps.tracer.begin(`${method} ${ROUTE}`, {
      kind: 'server',
      link: parseTraceparent(headers['traceparent']),
      at,
      attributes: {
        'http.request.method': method,
        'http.route': ROUTE,
        'werfbundle.receiver': receiver,
        'werfbundle.repositories': names,
      },
    });
  }

  #refuse({ peer }: Call, { reason, detail, isProven }: Refused, sender?: Sender): CallAnswer {
    this.#deps.refusals.add(reason, peer);
    const told = isProven || OF_ANY_NAME.has(reason) ? reason : 'unproven';
    const { status, meaning } = CALL_REFUSALS[told];
    const message = `refused (${told}): ${meaning}${detail === undefined ? '' : `: ${detail}`}`;
    return {
      // Whoever repeats a call for ever until it is answered so would tell of nothing else any more.
      status: isProven && FINAL.has(reason) && sender?.isStubborn === true ? 200 : status,
      message,
      ...((reason === 'flooding' || reason === 'unavailable') && { retryAfter: 1 }),
      ...(!isProven && { isLast: true }),
    };
  }
}

/** In the place of a receiver's: it is compared, and whatever that says counts for nothing. */
const NOBODYS = { secrets: ['which-names-there-are-is-not-told'] };
const SIGNATURES = Object.values<Sender>(SENDERS).flatMap(({ proof }) => signatureOf(proof) ?? []);

/** Takes as long as for a receiver that there is: neither the answer nor its time is to tell which names there are. */
const answerToNobody = async (call: Call, inPath: string | undefined): Promise<Refused> => {
  const { method, headers } = call;
  if (method !== 'POST') return refused('method', false);
  mayBeOf(NOBODYS, { kind: 'authorization' }, { headers, inPath });
  return unproven('unknown-receiver', call);
};

/** Whoever shows a signature has it looked at, be the receiver of that name one whose calls are signed, another one, or none. */
const unproven = async (reason: CallRefusal, { headers, read }: Call): Promise<Refused> => {
  const signature = SIGNATURES.find(({ header }) => headers[header] !== undefined);
  if (signature !== undefined) {
    const body = await read();
    if (body.kind === 'body') isSigned(NOBODYS, signature, { headers, body: body.bytes });
  }
  return refused(reason, false);
};

/** Reads a body. Apart, so that nothing of a large one is kept while its push is written. */
const toldBy = (
  sender: Sender,
  { headers, body }: { readonly headers: IncomingHttpHeaders; readonly body: Uint8Array },
): Told => {
  const event = sender.eventHeader === undefined ? '' : String(headers[sender.eventHeader] ?? '').toLowerCase();
  const json = parseJson(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  return json === undefined ? NO_JSON : sender.read(json, event);
};

/** What is told to whoever calls, since it is the same for all names. */
const OF_ANY_NAME: ReadonlySet<CallRefusal> = new Set(['unknown-path', 'method'] as const);

/** Refusals that stay the same however often a call is repeated. */
const FINAL: ReadonlySet<CallRefusal> = new Set([
  ...(['malformed', 'elsewhere', 'stale', 'replayed'] as const),
  ...(['too-large', 'encoded'] as const),
]);

const NO_JSON = { kind: 'malformed', why: 'it is no JSON' } as const;

const refused = (reason: CallRefusal, isProven: boolean): Refused => ({
  kind: 'refused',
  reason,
  isProven,
});
