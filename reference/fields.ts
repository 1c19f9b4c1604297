import { FORMATS } from '../api/validate/field-words.js';
import { code, page, table } from './markdown.js';

/** The keywords of the CRD's schema that the reference tells of. */
export interface DocumentedSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly maxItems?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, DocumentedSchema>>;
  readonly items?: DocumentedSchema;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-validations'?: readonly { readonly message: string; readonly fieldPath?: string }[];
}

interface Field {
  /** `spec.converge.valuesFrom[].key` */
  readonly path: string;
  readonly schema: DocumentedSchema;
  readonly isRequired: boolean;
}

const fieldsBelow = (path: string, schema: DocumentedSchema): readonly Field[] => {
  const within = schema.items ?? schema;
  const prefix = schema.items === undefined ? path : `${path}[]`;
  return Object.entries(within.properties ?? {}).flatMap(([name, part]) => {
    const field = { path: `${prefix}.${name}`, schema: part, isRequired: within.required?.includes(name) === true };
    return [field, ...fieldsBelow(field.path, part)];
  });
};

const typeOf = (schema: DocumentedSchema): string => {
  if (schema['x-kubernetes-int-or-string'] === true) return 'quantity';
  if (schema.items !== undefined)
    return `list of ${schema.items.properties === undefined ? typeOf(schema.items) : 'objects'}`;
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return 'map, of anything';
  if (schema.format === 'date-time') return 'time';
  return schema.type ?? 'any';
};

const defaultOf = ({ path, schema, isRequired }: Field): string => {
  if (schema.default === undefined) return isRequired && path.startsWith('spec.') ? 'required' : '';
  return code(typeof schema.default === 'string' ? schema.default : JSON.stringify(schema.default));
};

/** What is only there so that a number has an end is no bound to tell of. */
const ENDLESS = 2 ** 31 - 1;

const between = (least: number | undefined, highest: number | undefined, unit: string): string | undefined => {
  const most = highest !== undefined && highest >= ENDLESS ? undefined : highest;
  if (least !== undefined && most !== undefined) return `${least} to ${most}${unit}`;
  if (most !== undefined) return `at most ${most}${unit}`;
  return least === undefined ? undefined : `${least} or more${unit}`;
};

const lettersOf = ({ minLength, maxLength }: DocumentedSchema): string | undefined =>
  // That a text is not empty goes without saying beside an upper bound.
  minLength === 1 && maxLength === undefined ? 'not empty' : between(minLength, maxLength, ' letters');

/** What the schema lets pass, in words. */
const boundsOf = ({ path, schema }: Field): string => {
  const format = FORMATS[path.replace(/^spec\./, '')];
  const rules = [...(schema['x-kubernetes-validations'] ?? []), ...(schema.items?.['x-kubernetes-validations'] ?? [])];
  // Beside a rule, the length only bounds what the rule costs.
  const letters = rules.length > 0 ? undefined : lettersOf(schema);
  const bounds = [
    schema.enum === undefined ? undefined : schema.enum.map(code).join(', '),
    between(schema.minimum, schema.maximum, ''),
    between(undefined, schema.maxItems, ' items'),
    format ?? letters,
    ...(format === undefined && schema.pattern !== undefined && rules.length === 0
      ? [`matches ${code(schema.pattern)}`]
      : []),
    ...rules.map(({ message, fieldPath }) =>
      fieldPath === undefined ? message : `${code(fieldPath.slice(1))} ${message}`,
    ),
  ];
  return bounds.filter((bound) => bound !== undefined).join('; ');
};

const rowOf = (field: Field): readonly string[] => [
  code(field.path),
  typeOf(field.schema),
  defaultOf(field),
  boundsOf(field),
  field.schema.description ?? '',
];

const HEADS = ['Field', 'Type', 'Default', 'What the schema lets pass', 'Meaning'];

const ABOUT = `All fields of a WerfBundle, as the CRD has them (\`kubectl explain wb.spec --recursive\` shows the same). What they do together, what is derived where a
field is left out, and what the webhook refuses and warns of beyond the schema: [docs/configuration.md](../configuration.md) and
[docs/rules.md](../rules.md).`;

/** @param root - the schema of the whole object */
export const fieldsPage = (root: DocumentedSchema): string => {
  const part = (name: string) => {
    const schema = root.properties?.[name];
    if (schema === undefined) throw new Error(`the CRD has no ${name}`);
    return fieldsBelow(name, schema);
  };
  const [spec, status] = [part('spec'), part('status')];
  const nameless = [...spec, ...status].filter(({ schema }) => schema.description === undefined);
  if (nameless.length > 0)
    throw new Error(`the CRD has no description of ${nameless.map(({ path }) => path).join(', ')}`);
  const below = (...paths: readonly string[]) =>
    spec.filter(({ path }) => paths.some((wanted) => path === wanted || path.startsWith(`${wanted}.`)));
  const [registry, converge] = [below('spec.registry'), below('spec.converge')];
  const rest = spec.filter((field) => !registry.includes(field) && !converge.includes(field));
  const of = (fields: readonly Field[]): string => table(HEADS, fields.map(rowOf));
  return page({ title: 'Fields', from: 'manifests/crd/werfbundles.werf.io.yaml', about: ABOUT }, [
    { heading: 'spec.registry', text: of(registry) },
    { heading: 'spec.converge', text: of(converge) },
    { heading: 'spec, the rest', text: of(rest) },
    { heading: 'status', text: of(status) },
  ]);
};
