import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { WebhookName } from './admission-request.js';

/** The metrics of look-ups. */
export interface LookupMetrics {
  /**
   * The apiserver has answered one request.
   * @param kind - of the object, or SubjectAccessReview
   */
  lookedUp(kind: string, result: 'found' | 'absent' | 'failed' | 'allowed' | 'denied'): void;
}

/** The metrics of admission. */
export interface AdmissionMetrics extends LookupMetrics {
  /** One review was answered; `allowed` is false for every other verdict. */
  answered(webhook: WebhookName, allowed: boolean, seconds: number): void;
  /** @param time - end of the serving certificate's life, milliseconds since 1970 */
  certificateExpires(time: number): void;
}

/** Registers the metrics. */
export const createAdmissionMetrics = (registry: Registry): AdmissionMetrics => {
  const requests = new Counter({
    name: 'werfbundle_admission_requests_total',
    help: 'Answers given to the apiserver.',
    labelNames: ['webhook', 'allowed'],
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'werfbundle_admission_duration_seconds',
    help: 'Time from a whole request to its answer.',
    labelNames: ['webhook'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  const lookups = new Counter({
    name: 'werfbundle_lookups_total',
    help: 'Questions to the apiserver about what bundles refer to, and what their users may do.',
    labelNames: ['kind', 'result'],
    registers: [registry],
  });
  const expiry = new Gauge({
    name: 'werfbundle_certificate_expiry_seconds',
    help: 'End of the serving certificate, seconds since 1970.',
    registers: [registry],
  });
  return {
    answered: (webhook, allowed, seconds) => {
      requests.inc({ webhook, allowed: String(allowed) });
      duration.observe({ webhook }, seconds);
    },
    lookedUp: (kind, result) => lookups.inc({ kind, result }),
    certificateExpires: (time) => expiry.set(time / 1000),
  };
};
