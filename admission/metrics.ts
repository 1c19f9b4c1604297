import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { registerBuildInfo } from '../process/build-info.js';
import type { WebhookName } from './admission-request.js';
import type { Verdict } from './verdict.js';

/** The metrics of look-ups. */
export interface LookupMetrics {
  /**
   * The apiserver has answered one request.
   * @param kind - of the object, or SubjectAccessReview
   */
  lookedUp(kind: string, result: 'found' | 'absent' | 'failed' | 'allowed' | 'denied'): void;
}

/** What became of a review: its verdict, or `bug`: it was answered 500. */
export type Outcome = Verdict['kind'] | 'bug';

/** The webhooks, and the outcomes, that are counted from zero on, so that an alert on their increase sees the first one. */
const WEBHOOKS: readonly WebhookName[] = ['mutate', 'validate', 'guard'];
const OUTCOMES: readonly Outcome[] = ['allow', 'deny', 'late', 'malformed', 'foreign', 'bug'];

/** The metrics of admission. */
export interface AdmissionMetrics extends LookupMetrics {
  /** One review was answered. */
  answered(webhook: WebhookName, outcome: Outcome, seconds: number): void;
  /** @param time - end of the serving certificate's life, milliseconds since 1970 */
  certificateExpires(time: number): void;
  /** @param version - of this program */
  built(version: string): void;
}

/** Registers the metrics. */
export const createAdmissionMetrics = (registry: Registry): AdmissionMetrics => {
  const requests = new Counter({
    name: 'werfbundle_admission_requests_total',
    help: 'Reviews of the apiserver that this webhook has answered: by webhook (mutate, validate or guard), whether it allowed them, and its verdict (late: the time was up; bug: it failed, and its log says why).',
    labelNames: ['webhook', 'allowed', 'verdict'],
    registers: [registry],
  });
  const labelsOf = (webhook: WebhookName, verdict: Outcome) => ({
    webhook,
    allowed: String(verdict === 'allow'),
    verdict,
  });
  for (const webhook of WEBHOOKS) for (const outcome of OUTCOMES) requests.inc(labelsOf(webhook, outcome), 0);
  const duration = new Histogram({
    name: 'werfbundle_admission_duration_seconds',
    help: 'Seconds from the moment that a review was received whole to its answer.',
    labelNames: ['webhook'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  const lookups = new Counter({
    name: 'werfbundle_lookups_total',
    help: 'Reads of objects that bundles refer to, and of what the controller has kept of charts, by their kind, and questions whether a user may do what a bundle would do (SubjectAccessReview), by result.',
    labelNames: ['kind', 'result'],
    registers: [registry],
  });
  const expiries = [
    [
      'werfbundle_certificate_expiry_timestamp_seconds',
      'When the certificate that this webhook serves with expires, in seconds since 1970.',
    ],
    [
      'werfbundle_certificate_expiry_seconds',
      'Deprecated, and gone in the next version: use werfbundle_certificate_expiry_timestamp_seconds, which is the same.',
    ],
  ].map(([name = '', help = '']) => new Gauge({ name, help, registers: [registry] }));
  const built = registerBuildInfo(registry);
  return {
    answered: (webhook, outcome, seconds) => {
      requests.inc(labelsOf(webhook, outcome));
      duration.observe({ webhook }, seconds);
    },
    lookedUp: (kind, result) => lookups.inc({ kind, result }),
    certificateExpires: (time) => {
      for (const expiry of expiries) expiry.set(time / 1000);
    },
    built,
  };
};
