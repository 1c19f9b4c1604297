import { Counter, Gauge, type Registry } from 'prom-client';
import { REFUSALS, type Refusal } from './refusals.js';

/** The metrics of the server itself. */
export interface ServerMetrics {
  /** A caller was refused, or given up. */
  refused(reason: Refusal): void;
  /** Where the number of open connections is found. */
  countConnections(count: () => number): void;
}

/** Registers the metrics; each reason is there from the start, with 0. */
export const createServerMetrics = (registry: Registry): ServerMetrics => {
  let connections = (): number => 0;
  const refusals = new Counter({
    name: 'werfbundle_webhook_refusals_total',
    help: 'Connections and requests that the webhook refused or gave up, by reason.',
    labelNames: ['reason'],
    registers: [registry],
  });
  for (const reason of Object.keys(REFUSALS)) refusals.inc({ reason }, 0);
  new Gauge({
    name: 'werfbundle_webhook_connections',
    help: 'Connections that are open to the webhook.',
    registers: [registry],
    collect() {
      this.set(connections());
    },
  });
  return {
    refused: (reason) => refusals.inc({ reason }),
    countConnections: (count) => {
      connections = count;
    },
  };
};
