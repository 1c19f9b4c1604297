import { encodeKeptChart, keptChartOf } from '../../../api/chart/kept-chart.js';
import type { ConfigMap } from '../../../api/objects.js';

/** Of the bundle that is deployed, as its status says it. */
export const DEPLOYED_DIGEST = `sha256:${'5'.repeat(64)}`;

/** Groups of twenty settings: they make a schema of 200 KB, and defaults of 20 KB. */
const COMPONENTS = 57;
/** By its place, and what the chart has for it. */
const SETTINGS: readonly (readonly [schema: object, given: string])[] = [
  [{ type: 'integer', minimum: 0, maximum: 65535, description: 'A port, or how many there are of it' }, '8080'],
  [{ type: 'string', pattern: '^[a-z][a-z0-9-]*$', description: 'A name, as Kubernetes has them' }, 'my-name'],
  [{ enum: ['debug', 'info', 'warn', 'error'], description: 'What is logged of this component' }, 'info'],
  [
    { oneOf: [{ type: 'string' }, { type: 'null' }, { type: 'object', additionalProperties: { type: 'string' } }] },
    'text',
  ],
];

const settings = Array.from({ length: 20 }, (_, at) => [`setting${at}`, SETTINGS[at % SETTINGS.length]] as const);
const components = Array.from({ length: COMPONENTS }, (_, at) => `component${at}`);

const component = {
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(settings.map(([name, of]) => [name, of?.[0]])),
};
const schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  properties: {
    replicas: { type: 'integer', minimum: 1 },
    ingress: { type: 'object', properties: { enabled: { type: 'boolean' }, host: { type: 'string' } } },
    ...Object.fromEntries(components.map((name) => [name, component])),
  },
};
const defaults = components.map(
  (name) => `${name}:\n${settings.map(([setting, of]) => `  ${setting}: ${of?.[1] ?? ''}\n`).join('')}`,
);

const files = {
  'Chart.yaml': 'apiVersion: v2\nname: my-app\nversion: 2.3.4\n',
  'values.yaml': defaults.join(''),
  'values.schema.json': JSON.stringify(schema, undefined, 1),
};

/** What the controller keeps of a chart with 200 KB of schema. */
export const largeChart = (namespace: string): ConfigMap => {
  const kept = keptChartOf(new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])));
  if (kept === undefined) throw new Error('the chart has a schema');
  return encodeKeptChart(kept, { digest: DEPLOYED_DIGEST, namespace });
};
