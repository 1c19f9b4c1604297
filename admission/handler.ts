import type { TraceContext } from '../api/traceparent.js';
import type { Clock, Log, LogFields } from '../process/ports.js';
import { NO_TRACER, type Span, type Tracer, tracedLog } from '../process/tracer.js';
import type { AdmissionRequest, WebhookName } from './admission-request.js';
import { decodeBundle, type Malformed, type Review, readReview } from './decode.js';
import { type About, type Answer, encode, plainAnswer } from './encode.js';
import type { AdmissionMetrics, Outcome } from './metrics.js';
import { mutate } from './mutate.js';
import { validate } from './validate.js';
import type { CallTime, Check, Soon, Verdict } from './verdict.js';

/** A request whose body has been read. */
export interface Call extends CallTime {
  readonly webhook: WebhookName;
  /** The Content-Type header; parameters after `;` are ignored. */
  readonly contentType: string;
  readonly body: Uint8Array;
  /** How long the answer may take, milliseconds. */
  readonly withinMs: number;
  /** What it is a part of, as the apiserver says. */
  readonly parent?: TraceContext | undefined;
}

/** Answers a call. Never rejects: a bug is a 500, which the failurePolicy judges. */
export type Handler = (call: Call) => Promise<Answer>;

export interface HandlerDeps {
  /** The checks that judge a request. */
  readonly checks: readonly Check[];
  readonly clock: Pick<Clock, 'monotonic' | 'now'>;
  readonly log: Log;
  readonly metrics: Pick<AdmissionMetrics, 'answered'>;
  /** Told of each call; nothing is traced if it is left out. */
  readonly tracer?: Tracer;
}

/** A decoded review: its object, for the answer and for the log, and how it is judged. */
export interface QueuedReview {
  readonly about?: Pick<About, 'name' | 'kind'>;
  readonly fields?: LogFields;
  /** May reject for bugs, and when the call's signal is aborted. */
  judge(): Soon<Verdict>;
}

/** The admission of bundles, without its sockets. */
export const createHandler = (deps: HandlerDeps): Handler =>
  answerCalls(deps, (review, call) => aboutBundle(review, call, deps));

const aboutBundle = (review: Review, call: Call, { checks, clock }: HandlerDeps): QueuedReview => {
  const decoded = decodeBundle(review);
  if (decoded.kind === 'foreign') return { judge: () => decoded };
  const request: AdmissionRequest = { ...decoded.request, withinMs: call.withinMs };
  const { name, namespace, operation, dryRun, requester } = request;
  const judging = call.webhook === 'mutate' ? mutate : validate;
  return {
    about: { name },
    fields: { user: requester.username, operation, namespace, name, dryRun },
    judge: () => judging(request, { checks, now: clock.now() }, call),
  };
};

type AnswerDeps = Omit<HandlerDeps, 'checks'>;

/** What all webhooks have in common: decode, judge in time, encode, and one line of log. */
export const answerCalls = (deps: AnswerDeps, read: (review: Review, call: Call) => QueuedReview): Handler => {
  return async (call) => {
    const start = deps.clock.monotonic();
    const span = spanOf(call, deps);
    const log = tracedLog(deps.log, span.context);
    const review = readCall(call);
    const { uid } = review;
    let answer: Answer;
    let outcome: Outcome = 'bug';
    let known: LogFields | undefined;
    try {
      const question: QueuedReview = review.kind === 'malformed' ? { judge: () => review } : read(review, call);
      const { about, fields } = question;
      known = fields;
      const judged = question.judge();
      const verdict = judged instanceof Promise ? await inTime(judged, call.signal) : judged;
      outcome = verdict.kind;
      answer = encode(verdict, { ...about, ...(uid !== undefined && { uid }) });
      const durationMs = since(deps, start);
      log.info('admission answered', { webhook: call.webhook, uid, ...fields, ...foundIn(verdict), durationMs });
    } catch (error) {
      // A bug. The uid is all that is known for sure; the body may hold anything.
      log.error('admission failed', { webhook: call.webhook, uid, error });
      answer = plainAnswer(500, `the webhook failed on this request (uid ${uid ?? 'unknown'}); its log says why`);
    }
    deps.metrics.answered(call.webhook, outcome, since(deps, start) / 1000);
    endSpan(span, { answer, outcome, fields: known });
    return answer;
  };
};

const spanOf = ({ webhook, parent }: Call, { tracer = NO_TRACER }: AnswerDeps): Span => {
  const attributes = { 'http.request.method': 'POST', 'http.route': `/${webhook}` };
  return tracer.begin(`POST /${webhook}`, { kind: 'server', parent, attributes });
};

/** A denial is no failure: the webhook has done what it is for. */
const endSpan = (
  span: Span,
  {
    answer: { status },
    outcome,
    fields,
  }: { readonly answer: Answer; readonly outcome: Outcome; readonly fields: LogFields | undefined },
): void => {
  const text = (name: string): string | undefined => {
    const value = fields?.[name];
    return typeof value === 'string' ? value : undefined;
  };
  span.end({
    attributes: {
      'http.response.status_code': status,
      'k8s.namespace.name': text('namespace'),
      'werfbundle.admission.name': text('name'),
      'werfbundle.admission.operation': text('operation'),
      'werfbundle.admission.verdict': outcome,
    },
    ...(status >= 500 && { failure: outcome }),
  });
};

const since = ({ clock }: AnswerDeps, start: number): number => Math.round((clock.monotonic() - start) * 10) / 10;

const readCall = ({ contentType, body }: Call): Review | Malformed =>
  contentType.split(';')[0]?.trim().toLowerCase() === 'application/json'
    ? readReview(body)
    : { kind: 'malformed', message: 'Content-Type must be application/json' };

/** For the log. Problems are left out of it: their texts quote what users wrote. */
const foundIn = (verdict: Verdict): LogFields => ({
  verdict: verdict.kind,
  ...(verdict.kind === 'deny' && { fields: verdict.problems.map(({ field }) => field) }),
});

const LATE: Verdict = { kind: 'late' };

/** The verdict, or `late` if the signal is aborted first; what a check does after that is ignored. */
const inTime = async (judging: Promise<Verdict>, signal: AbortSignal): Promise<Verdict> => {
  let onAbort = (): void => {};
  const late = new Promise<Verdict>((resolve) => {
    onAbort = () => resolve(LATE);
  });
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([judging, late]);
  } catch (error) {
    if (signal.aborted) return LATE;
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
};
