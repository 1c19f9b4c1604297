import type { Problem, ProblemCode } from '../problem.js';
import type { RuleName } from '../rules.js';
import type { ValuesSource } from '../werfbundle.js';
import { lookupOrder } from './lookup-order.js';
import type { ParsedKey } from './parse-key.js';
import type { Position } from './position.js';

/** A fault of a bundle's values. Nothing of a Secret's contents is in it. */
export interface ValuesProblem extends Problem {
  /** The fault as a sentence of its own, in the guide's words; `message` is the same behind the apiserver's prefix. */
  readonly text: string;
  /** Missing if it is not one source's fault. */
  readonly source?: { readonly kind: 'ConfigMap' | 'Secret'; readonly name: string; readonly namespace?: string };
  readonly key?: string;
  readonly position?: Position;
  /** The source exists without the key that is named, or without any: it may come with the same commit. */
  readonly lacksKey?: true;
}

/** A source that exists, and where. */
export interface FoundSource {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly namespace: string;
  readonly name: string;
  /** Keys and their texts, decoded. */
  readonly data: Readonly<Record<string, string>>;
  /** Keys whose content is no UTF-8 text. */
  readonly binary?: readonly string[];
}

/** The kind and name that an item of valuesFrom refers to. */
const referenceOf = (source: ValuesSource): { readonly kind: 'ConfigMap' | 'Secret'; readonly name: string } =>
  source.configMapRef === undefined
    ? { kind: 'Secret', name: source.secretRef?.name ?? '' }
    : { kind: 'ConfigMap', name: source.configMapRef.name };

/** Path of a source's name in the spec, as the apiserver writes it. */
export const fieldOf = (source: ValuesSource, index: number): string =>
  `spec.converge.valuesFrom[${index}].${source.configMapRef === undefined ? 'secretRef' : 'configMapRef'}.name`;

/** A source that exists nowhere that it was looked for, in exactly the guide's words. */
export const missingSource = (
  source: ValuesSource,
  where: { readonly index: number; readonly bundleNamespace: string; readonly targetNamespace: string },
): ValuesProblem => {
  const { kind, name } = referenceOf(source);
  const [first, second] = lookupOrder(source.from, where);
  const text =
    second === undefined
      ? `failed to get ${kind} '${name}' from namespace '${first}'`
      : `${kind === 'ConfigMap' ? 'configMap' : 'secret'} '${name}' not found in namespaces '${first}' or '${second}'`;
  return {
    rule: 'reference-absent',
    code: 'FieldValueNotFound',
    field: fieldOf(source, where.index),
    message: `Not found: ${text}`,
    text,
    source: { kind, name },
  };
};

/** A source that exists lacks what is needed of it. `what` follows its name in the text: `has no keys`. */
export const brokenSource = (found: FoundSource, field: string, what: string): ValuesProblem => {
  const { kind, name, namespace } = found;
  return {
    ...invalid('reference-key-absent', field, name, `${kind} ${namespace}/${name} ${what}`),
    source: { kind, name, namespace },
  };
};

/** Something is wrong with one key of a source. The parser's message is shown for a ConfigMap only. */
export const brokenKey = (
  found: FoundSource,
  at: { readonly field: string; readonly key: string },
  fault: Extract<ParsedKey, { kind: 'invalid' }>,
): ValuesProblem => {
  const { kind, name, namespace } = found;
  const { position } = fault;
  const text = [
    `key ${JSON.stringify(at.key)} of ${kind} ${namespace}/${name} ${fault.reason}`,
    ...(position === undefined ? [] : [`line ${position.line}, column ${position.column}`]),
    ...(fault.words === undefined || kind === 'Secret' ? [] : [fault.words]),
  ].join(': ');
  return {
    ...invalid(fault.rule, at.field, name, text),
    source: { kind, name, namespace },
    key: at.key,
    ...(position !== undefined && { position }),
  };
};

/** @param value - what to show of the field's value; `object` for what is too large to show */
export const invalid = (rule: RuleName, field: string, value: string, text: string): ValuesProblem => ({
  rule,
  code: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${JSON.stringify(value)}: ${text}`,
  text,
});

export const tooLong = (field: string, text: string): ValuesProblem => ({
  rule: 'values-too-large',
  code: 'FieldValueTooLong' satisfies ProblemCode,
  field,
  message: `Too long: ${text}`,
  text,
});

/** Further problems are only counted: a status has a size limit. */
const MAX_SHOWN = 20;

/** All problems as one text for status.lastErrorMessage. */
export const messageOf = (problems: readonly ValuesProblem[]): string => {
  const shown = problems.slice(0, MAX_SHOWN).map(({ text }) => text);
  const rest = problems.length - shown.length;
  return [...shown, ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
};
