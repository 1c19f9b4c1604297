import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { registerBuildInfo } from '../process/build-info.js';
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
  /** @param version - of this program */
  built(version: string): void;
}

/** Registers the metrics. */
export const createAdmissionMetrics = (registry: Registry): AdmissionMetrics => {
  const requests = new Counter({
    name: 'werfbundle_admission_requests_total',
    help: 'Reviews of the apiserver that this webhook has answered: by webhook (mutate, validate or guard), and whether it allowed them.',
    labelNames: ['webhook', 'allowed'],
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'werfbundle_admission_duration_seconds',
    help: 'Seconds from the moment that a review was received whole to its answer.',
    labelNames: ['webhook'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  const lookups = new Counter({
    name: 'werfbundle_lookups_total',
    help: 'Reads of objects that bundles refer to, by their kind, and questions whether a user may do what a bundle would do (SubjectAccessReview), by result.',
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
    answered: (webhook, allowed, seconds) => {
      requests.inc({ webhook, allowed: String(allowed) });
      duration.observe({ webhook }, seconds);
    },
    lookedUp: (kind, result) => lookups.inc({ kind, result }),
    certificateExpires: (time) => {
      for (const expiry of expiries) expiry.set(time / 1000);
    },
    built,
  };
};
