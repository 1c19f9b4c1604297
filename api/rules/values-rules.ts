import { type Cel, LOOKS_UP, ONLY_ADVICE } from './cel.js';
import { LOOKS_INTO_VALUES } from './cel-conditions.js';
import type { Rule } from './rule.js';

const BUNDLE =
  'apiVersion: werf.io/v1alpha1\nkind: WerfBundle\nmetadata: {name: web, namespace: shop}\nspec:\n  registry: {url: ghcr.io/acme/web, tag: v1}\n  converge:\n    valuesFrom: [{configMapRef: {name: web}}]\n';

/** A bundle, and the ConfigMap that its values come from. */
const withValues = (text: string, key = 'values.yaml'): string =>
  `${BUNDLE}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: shop}\ndata:\n  ${key}: |\n${text.replace(/^/gm, '    ')}\n`;

const inline = (values: string): string =>
  `registry: {url: ghcr.io/acme/web, tag: v1}\nconverge:\n  values:\n${values.replace(/^/gm, '    ')}`;

const NEEDS_CHART: Cel = { kind: 'not-expressible', why: 'a policy has no chart' };

/** Of what a chart gets as values. */
export const VALUES_RULES = {
  'values-not-yaml': {
    id: 'WB080',
    severity: 'error',
    cel: LOOKS_UP,
    what: 'A source of values is no YAML that Helm could read.',
    mend: 'Mend the line that the message names. A single text belongs under a key without the ending .yaml.',
    example: withValues('a: b: c'),
  },
  'values-not-map': {
    id: 'WB081',
    severity: 'error',
    cel: LOOKS_UP,
    what: 'A source of values is a single value or a list.',
    mend: 'Put it under a name.',
    example: withValues('- a'),
  },
  'values-binary': {
    id: 'WB082',
    severity: 'error',
    cel: LOOKS_UP,
    what: 'A key of a source of values is binary.',
    mend: 'Name the key that holds values in valuesFrom[].key.',
    example: `${BUNDLE}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: shop}\nbinaryData: {logo.png: /w==}\n`,
  },
  'values-key-twice': {
    id: 'WB083',
    severity: 'error',
    cel: LOOKS_UP,
    what: 'A map of values has a key twice: readers of YAML do not agree on which one counts.',
    mend: 'Take one of them away.',
    example: withValues('a: 1\na: 2'),
  },
  'values-not-expressible': {
    id: 'WB084',
    severity: 'error',
    cel: LOOKS_INTO_VALUES,
    what: 'Something in the values has no counterpart in JSON, or loses digits on the way: keys that are no text, tags, aliases, infinite or very large numbers, half characters.',
    mend: 'Write it as a plain text, in quotes.',
    example: withValues('id: 12345678901234567890123'),
  },
  'values-too-deep': {
    id: 'WB085',
    severity: 'error',
    cel: LOOKS_INTO_VALUES,
    what: 'The values are nested too deeply.',
    mend: 'Flatten them.',
  },
  'values-too-large': {
    id: 'WB086',
    severity: 'error',
    cel: LOOKS_INTO_VALUES,
    what: 'The values have more bytes than can be read or delivered.',
    mend: 'Move large files into the chart.',
  },
  'values-more': {
    id: 'WB087',
    severity: 'error',
    cel: LOOKS_INTO_VALUES,
    what: 'The values have more problems than are listed.',
    mend: 'Mend those that are listed first.',
  },
  'values-not-checked': {
    id: 'WB088',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'A source of values is too large, or costs too much, to be read at admission; the controller reads it.',
    mend: 'Divide it into several keys.',
  },
  'values-single-text': {
    id: 'WB089',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: "A key of a source holds one line: it becomes a text value of the key's own name.",
    mend: 'Put YAML under a key that ends in .yaml.',
    example: withValues('secret', 'password'),
  },
  'values-unmarked-map': {
    id: 'WB090',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'A key of a source holds several lines that are a map, and is merged in, though it may have been meant as a text.',
    mend: 'Put YAML under a key that ends in .yaml.',
    example: withValues('a: 1\nb: 2', 'settings'),
  },
  'values-clash': {
    id: 'WB091',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'A value is a map in one source and none in another: the later one wins as a whole.',
    mend: 'Make both of one kind.',
    example: `${withValues('app: {debug: true}').replace('    valuesFrom', '    values: {app: none}\n    valuesFrom')}`,
  },
  'values-ambiguous': {
    id: 'WB092',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'A scalar of a source means something else to other readers of YAML, as yes, 0777 and 1e3 do.',
    mend: 'Quote texts; write true, false and plain decimal numbers otherwise.',
    example: withValues('debug: yes'),
  },
  'values-source-shadowed': {
    id: 'WB093',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: "The source was found in the target namespace only: whoever may create one of this name in the bundle's namespace replaces it.",
    mend: 'Set valuesFrom[].from to Target, if it is to come from there.',
  },
  'source-in-use': {
    id: 'WB094',
    severity: 'error',
    cel: LOOKS_UP,
    what: 'A change of a ConfigMap or Secret would break bundles that use it (the guard of values).',
    mend: 'Mend the new content, or change the bundles first.',
  },
  'values-unlike-schema': {
    id: 'WB095',
    severity: 'error',
    cel: NEEDS_CHART,
    what: "The values, with the chart's defaults, are not what the chart's values.schema.json wants, so that Helm refuses to deploy them.",
    mend: 'Change the value that the message names; the chart says in its schema, and mostly in its values.yaml, what may stand there. At admission the chart that is deployed judges: where values are meant for another one, set the annotation werf.io/refused-values: warn.',
  },
  'chart-schema-unusable': {
    id: 'WB096',
    severity: 'error',
    cel: NEEDS_CHART,
    what: "The chart's values.schema.json is no schema that Helm can use: it refuses all values.",
    mend: 'Mend the chart, and publish it anew. References to other documents are not followed here: put what they name into the schema.',
  },
  'chart-not-judged': {
    id: 'WB097',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: "The values were not judged by the chart's values.schema.json.",
    mend: 'Give the sources of values that the message names with the bundle. At admission nothing need be done: the controller judges before it deploys.',
  },
  impact: {
    id: 'WB098',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'A change of a ConfigMap, Secret, ServiceAccount or Namespace deploys bundles, or keeps them from being deployed.',
    mend: 'Nothing is wrong: look whether that is meant. `werfbundle impact` says the same of a file, with the reason for each bundle.',
  },
  'impact-too-large': {
    id: 'WB099',
    severity: 'error',
    cel: LOOKS_UP,
    what: 'A change hits more bundles than the platform lets one change hit (--max-impact of the webhook).',
    mend: 'Look whether that is meant; then give the object the annotation that the message names, which confirms this very content.',
  },
  'kubectl-changes-value': {
    id: 'WB100',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'kubectl reads YAML 1.1 and sends JSON: what arrives is not what is written.',
    mend: 'Quote a text; write what the message says otherwise.',
    example: inline('version: 1.10\nport: 0777\ndebug: yes'),
  },
  'kubectl-changes-key': {
    id: 'WB101',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'kubectl reads the key as true, false or a number, and sends it as another text.',
    mend: 'Quote the key.',
    example: inline('on: 1'),
  },
  'kubectl-drops-null': {
    id: 'WB102',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: "kubectl apply drops a null, so the chart's default stays.",
    mend: 'Use kubectl apply --server-side, which keeps it.',
    example: inline('replicas: null'),
  },
} as const satisfies Readonly<Record<string, Rule>>;
