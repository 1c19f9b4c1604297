import { Counter, Gauge, type Registry } from 'prom-client';
import { registerBuildInfo } from '../process/build-info.js';
import type { CallResult } from './calls.js';
import { REFUSALS, type Refusal } from './refusals.js';

/** The receiver's metrics. */
interface ReceiverMetrics {
  /** @param version - of this program */
  built(version: string): void;
  /** A receiver was called. */
  called(receiver: string, result: CallResult): void;
  /** A caller was refused, or given up. */
  refused(reason: Refusal): void;
  /** The file with the receivers was read. */
  configured(isValid: boolean): void;
  /** Where the number of open connections is found. */
  countConnections(count: () => number): void;
}

/** Registers the metrics; each reason is there from the start, with 0. */
export const createReceiverMetrics = (registry: Registry): ReceiverMetrics => {
  let connections = (): number => 0;
  const built = registerBuildInfo(registry);
  const registers = [registry];
  const calls = new Counter({
    name: 'werfbundle_receiver_calls_total',
    help: 'Calls of each receiver: by result (pushed: bundles are looked at; ignored: nothing was pushed; refused).',
    labelNames: ['receiver', 'result'],
    registers,
  });
  const refusals = new Counter({
    name: 'werfbundle_receiver_refusals_total',
    help: 'Connections and calls that the receiver refused or gave up, by reason.',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of Object.keys(REFUSALS)) refusals.inc({ reason }, 0);
  const valid = new Gauge({
    name: 'werfbundle_receiver_config_valid',
    help: '1 if receivers.yaml is valid as it is now, 0 if older receivers are used on.',
    registers,
  });
  new Gauge({
    name: 'werfbundle_receiver_connections',
    help: 'Connections that are open to the receiver.',
    registers,
    collect() {
      this.set(connections());
    },
  });
  return {
    built,
    called: (receiver, result) => calls.inc({ receiver, result }),
    refused: (reason) => refusals.inc({ reason }),
    configured: (isValid) => valid.set(isValid ? 1 : 0),
    countConnections: (count) => {
      connections = count;
    },
  };
};
