import { Counter, type Registry } from 'prom-client';
import type { RequestReport } from './transport.js';

/** Registers kube_requests_total; what it returns is a client's `onRequest`. */
export const countRequests = (registry: Registry): ((report: RequestReport) => void) => {
  const requests = new Counter({
    name: 'werfbundle_kube_requests_total',
    help: 'Requests that this program has made to the apiserver: by verb, resource, and the code of the answer.',
    labelNames: ['verb', 'resource', 'code'],
    registers: [registry],
  });
  return ({ verb, resource, code }) => requests.inc({ verb, resource, code });
};
