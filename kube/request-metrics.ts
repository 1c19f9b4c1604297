import { Counter, type Registry } from 'prom-client';
import type { RequestReport } from './transport.js';

/** Registers kube_requests_total; what it returns is a client's `onRequest`. */
export const countRequests = (registry: Registry): ((report: RequestReport) => void) => {
  const requests = new Counter({
    name: 'werfbundle_kube_requests_total',
    help: 'Requests to the apiserver.',
    labelNames: ['verb', 'resource', 'code'],
    registers: [registry],
  });
  return ({ verb, resource, code }) => requests.inc({ verb, resource, code });
};
