import type { Clock, Log, LogFields } from '../kube/ports.js';
import type { AdmissionRequest, WebhookName } from './admission-request.js';
import { decode } from './decode.js';
import { type Answer, encode, plainAnswer } from './encode.js';
import type { AdmissionMetrics } from './metrics.js';
import { mutate } from './mutate.js';
import { validate } from './validate.js';
import type { Check, Verdict } from './verdict.js';

/** A request whose body is there. */
export interface Call {
  readonly webhook: WebhookName;
  /** The Content-Type header; parameters after `;` are ignored. */
  readonly contentType: string;
  readonly body: Uint8Array;
  /** How long the answer may take, milliseconds. */
  readonly withinMs: number;
  /** Aborted at the deadline, or when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Answers a call. Never rejects: a bug is a 500, which the failurePolicy judges. */
export type Handler = (call: Call) => Promise<Answer>;

export interface HandlerNeeds {
  /** What is judged. */
  readonly checks: readonly Check[];
  readonly clock: Pick<Clock, 'monotonic' | 'now'>;
  readonly log: Log;
  readonly metrics: Pick<AdmissionMetrics, 'answered'>;
}

/** What became of a call, before it is put into words. */
interface Judged {
  readonly verdict: Verdict;
  readonly uid?: string;
  readonly request?: AdmissionRequest;
}

/** The webhook without its sockets: decode, judge, encode, and one line of log. */
export function createHandler(needs: HandlerNeeds): Handler {
  return async (call) => {
    const start = needs.clock.monotonic();
    let answer: Answer;
    let allowed = false;
    try {
      const judged = await judgeCall(call, needs);
      allowed = judged.verdict.kind === 'allow';
      answer = encode(judged.verdict, aboutOf(judged));
      needs.log.info('admission answered', {
        webhook: call.webhook,
        ...fieldsOf(judged),
        durationMs: since(needs, start),
      });
    } catch (error) {
      // A bug. The uid is all that is known for sure; the body may hold anything.
      const decoded = decode(call.body);
      const uid = decoded.kind === 'request' ? decoded.request.uid : undefined;
      needs.log.error('admission failed', { webhook: call.webhook, uid, error });
      answer = plainAnswer(500, `the webhook failed on this request (uid ${uid ?? 'unknown'}); its log says why`);
    }
    needs.metrics.answered(call.webhook, allowed, since(needs, start) / 1000);
    return answer;
  };
}

const since = ({ clock }: HandlerNeeds, start: number): number => Math.round((clock.monotonic() - start) * 10) / 10;

async function judgeCall(call: Call, { checks, clock }: HandlerNeeds): Promise<Judged> {
  if (call.contentType.split(';')[0]?.trim().toLowerCase() !== 'application/json') {
    return { verdict: { kind: 'malformed', message: 'Content-Type must be application/json' } };
  }
  const decoded = decode(call.body);
  if (decoded.kind !== 'request') {
    const { uid, ...verdict } = decoded;
    return { verdict, ...(uid === undefined ? {} : { uid }) };
  }
  const request: AdmissionRequest = { ...decoded.request, withinMs: call.withinMs };
  const judging = call.webhook === 'mutate' ? mutate : validate;
  const verdict = await inTime(() => judging(request, { checks, now: clock.now() }, call.signal), call.signal);
  return { verdict, uid: request.uid, request };
}

const LATE: Verdict = { kind: 'late' };

/** The verdict, or `late` if the signal is aborted first; what a check does after that is nobody's business. */
async function inTime(judging: () => Promise<Verdict>, signal: AbortSignal): Promise<Verdict> {
  if (signal.aborted) return LATE;
  const { promise: late, stop } = lateAt(signal);
  try {
    return await Promise.race([judging(), late]);
  } catch (error) {
    if (signal.aborted) return LATE;
    throw error;
  } finally {
    stop();
  }
}

function lateAt(signal: AbortSignal): { readonly promise: Promise<Verdict>; stop(): void } {
  const settled = new AbortController();
  const promise = new Promise<Verdict>((resolve) => {
    signal.addEventListener('abort', () => resolve(LATE), { once: true, signal: settled.signal });
  });
  return { promise, stop: () => settled.abort() };
}

const aboutOf = ({ uid, request }: Judged): { readonly uid?: string; readonly name?: string } => ({
  ...(uid === undefined ? {} : { uid }),
  ...(request === undefined ? {} : { name: request.name }),
});

/** Fields for the log. Problems are left out of it: their texts quote what users wrote. */
function fieldsOf({ verdict, uid, request }: Judged): LogFields {
  const about = request && {
    user: request.requester.username,
    operation: request.operation,
    namespace: request.namespace,
    name: request.name,
    dryRun: request.dryRun,
  };
  const found = verdict.kind === 'deny' ? { fields: verdict.problems.map(({ field }) => field) } : {};
  return { uid, ...about, verdict: verdict.kind, ...found };
}
