import { Registry } from 'prom-client';
import { createAdmissionMetrics } from '../admission/metrics.js';
import { BUNDLE_INFO } from '../controller/bundle-series.js';
import { Metrics } from '../controller/metrics.js';
import { countRequests } from '../kube/request-metrics.js';
import { registerSpans } from '../process/start-tracing.js';
import { createReceiverMetrics } from '../receiver/metrics.js';
import { REFUSALS as RECEIVER_REFUSALS } from '../receiver/refusals.js';
import { createServerMetrics } from '../webhook/metrics.js';
import { REFUSALS } from '../webhook/refusals.js';
import { code, codes, page, table } from './markdown.js';

/** A metric, as its program declares it. */
interface Metric {
  readonly name: string;
  readonly type: string;
  /** `values`: those that the label has from the start, at zero; none: they come as they are met. */
  readonly labels: readonly { readonly name: string; readonly values: readonly string[] }[];
  readonly help: string;
}

/** What prom-client knows of a metric, beside what its types say. */
interface Declared {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

/** With the values that it has from the start: `result`: `Succeeded`, `Failed`. */
const labelWith = ({ name, values }: Metric['labels'][number]): string =>
  values.length === 0 ? code(name) : `${code(name)}: ${codes(values)}`;

const metricsIn = async (
  registry: Pick<Registry, 'getMetricsAsArray' | 'getMetricsAsJSON'>,
): Promise<readonly Metric[]> => {
  const filled = await registry.getMetricsAsJSON();
  const valuesOf = (metric: string, label: string): readonly string[] => {
    const samples = filled.find(({ name }) => name === metric)?.values ?? [];
    const values = samples.map(({ labels }) => (labels as Readonly<Record<string, unknown>>)[label]);
    return [...new Set(values.filter((value) => typeof value === 'string'))];
  };
  return (registry.getMetricsAsArray() as unknown as readonly Declared[])
    .filter(({ name }) => name.startsWith('werfbundle_'))
    .map(({ name, help, type, labelNames }) => ({
      name,
      help,
      type,
      labels: labelNames.map((label) => ({ name: label, values: valuesOf(name, label) })),
    }));
};

const ofWebhook = async (): Promise<readonly Metric[]> => {
  const registry = new Registry();
  createAdmissionMetrics(registry);
  createServerMetrics(registry);
  registerSpans(registry);
  countRequests(registry);
  return metricsIn(registry);
};

const ofReceiver = async (): Promise<readonly Metric[]> => {
  const registry = new Registry();
  createReceiverMetrics(registry);
  registerSpans(registry);
  countRequests(registry);
  return metricsIn(registry);
};

const ofController = async (): Promise<readonly Metric[]> => {
  const { name, help, labelNames } = BUNDLE_INFO;
  const metrics = new Metrics();
  registerSpans(metrics.registry);
  return [
    ...(await metricsIn(metrics.registry)),
    { name, help, type: 'gauge', labels: labelNames.map((label) => ({ name: label, values: [] })) },
  ];
};

/** The metrics of each program, without Node's own. */
export const metricsOfPrograms = async (): Promise<
  Readonly<Record<'webhook' | 'controller' | 'receiver', readonly Metric[]>>
> => ({ webhook: await ofWebhook(), controller: await ofController(), receiver: await ofReceiver() });

const tableOf = (metrics: readonly Metric[]): string =>
  table(
    ['Metric', 'Type', 'Labels', 'Meaning'],
    metrics
      .toSorted((one, other) => (one.name < other.name ? -1 : 1))
      .map(({ name, type, labels, help }) => [code(name), type, labels.map(labelWith).join('; '), help]),
  );

const ABOUT = `What webhook, controller and receiver show at \`/metrics\` of \`--health-address\`, beside Node's own (\`process_…\`, \`nodejs_…\`). A metric that several have is in
each table, since each says what it counts there. Explanations: [docs/configuration.md](../configuration.md#metrics).`;

export const metricsPage = async (): Promise<string> => {
  const { webhook, controller, receiver } = await metricsOfPrograms();
  return page({ title: 'Metrics', from: "the programs' own registries", about: ABOUT }, [
    { heading: 'Webhook', text: tableOf(webhook) },
    { heading: 'Controller', text: tableOf(controller) },
    { heading: 'Receiver', text: tableOf(receiver) },
    {
      heading: "Reasons of the receiver's refusals",
      text: `The \`reason\` of \`werfbundle_receiver_refusals_total\`:\n\n${table(
        ['Reason', 'Meaning'],
        Object.entries(RECEIVER_REFUSALS).map(([reason, meaning]) => [code(reason), meaning]),
      )}`,
    },
    {
      heading: 'Reasons of refusals',
      text: `The \`reason\` of \`werfbundle_webhook_refusals_total\`:\n\n${table(
        ['Reason', 'Meaning'],
        Object.entries(REFUSALS).map(([reason, meaning]) => [code(reason), meaning]),
      )}`,
    },
  ]);
};
