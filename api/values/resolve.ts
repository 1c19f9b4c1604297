import type { Warning } from '../problem.js';
import type { ValuesSource } from '../werfbundle.js';
import { ambiguityText } from './ambiguous.js';
import { isTooDeep, tooDeep, undeliverable } from './deliverable.js';
import { parseKey } from './parse-key.js';
import {
  brokenKey,
  brokenSource,
  type FoundSource,
  fieldOf,
  invalid,
  messageOf,
  missingSource,
  tooLong,
  type ValuesProblem,
} from './problem.js';
import { type Clash, type Leaf, leavesOf, mergeTrees, type Origin, type Tree, treeOf, valuesOf } from './provenance.js';
import type { Ambiguities } from './read-values.js';
import { secretTextsOfValue } from './secret-texts.js';
import { mapOf, pathText, type ValueMap } from './value.js';
import { writeValuesFile } from './write-file.js';

/** Larger values would not fit into one Secret. */
const MAX_VALUES_BYTES = 1_000_000;
/** Limit for all texts that are read for one bundle, bytes: parsing takes about 4 µs for each. */
export const MAX_SOURCE_BYTES = 2 * 1024 * 1024;

/** An item of spec.converge.valuesFrom, and what was found. */
export interface ValuesInput {
  readonly source: ValuesSource;
  /** From the first namespace of lookup-order.ts that has it; left out if none has. */
  readonly found?: FoundSource;
}

export type ResolvedValues =
  | {
      readonly kind: 'resolved';
      /** All sources merged; JSON-like. */
      readonly values: Readonly<Record<string, unknown>>;
      /** Every text of 6 characters or more that came from a Secret, keys included, even if another source overrode it; must not be shown anywhere. */
      readonly secretTexts: readonly string[];
      /** Every value with the source that it comes from: what is delivered, and how. */
      readonly leaves: readonly Leaf[];
      readonly warnings: readonly Warning[];
    }
  | {
      readonly kind: 'invalid';
      readonly problems: readonly ValuesProblem[];
      /** All of them in one text, in the guide's words, for status.lastErrorMessage. */
      readonly message: string;
    };

/** A bundle's values, before they are read. */
export interface ResolveInput {
  /** In the order of the spec: later ones win. */
  readonly sources: readonly ValuesInput[];
  /** spec.converge.values; wins over all sources. */
  readonly inline?: Readonly<Record<string, unknown>>;
  readonly bundleNamespace: string;
  readonly targetNamespace: string;
}

/** Collects what one call finds. */
interface Findings {
  readonly problems: ValuesProblem[];
  /** The warning about single texts that become values: at most one for a bundle. */
  readonly texts: Warning[];
  /** Several lines that are merged in, though they may have been meant as a text. */
  readonly maps: Warning[];
  readonly ambiguities: Warning[];
  readonly secretTexts: Set<string>;
}

const INLINE_FIELD = 'spec.converge.values';
const SOURCES_FIELD = 'spec.converge.valuesFrom';

/**
 * Merges a bundle's values: each source's keys in text order, sources in the order of the spec, `spec.converge.values` last.
 * All problems are collected. Never throws.
 */
export const resolveValues = (input: ResolveInput): ResolvedValues => {
  const findings: Findings = { problems: [], texts: [], maps: [], ambiguities: [], secretTexts: new Set() };
  const size = sourceBytes(input.sources);
  if (size > MAX_SOURCE_BYTES) {
    return refused([
      tooLong(SOURCES_FIELD, `all sources together have ${size} bytes; at most ${MAX_SOURCE_BYTES} are read`),
    ]);
  }
  if (isTooDeep(input.inline))
    return refused([invalid('values-too-deep', INLINE_FIELD, 'object', `${INLINE_FIELD} ${tooDeep}`)]);
  const trees = input.sources.flatMap((item, index) => readSource({ ...item, index }, input, findings));
  if (input.inline !== undefined) trees.push(treeOf(input.inline as ValueMap, { kind: 'spec' }));
  const clashes: Clash[] = [];
  const merged = mergeTrees([treeOf({}, { kind: 'spec' }), ...trees], clashes) ?? treeOf({}, { kind: 'spec' });
  const leaves = leavesOf(merged);
  findings.problems.push(...undelivered(leaves));
  if (findings.problems.length > 0) return refused(findings.problems);
  const values = valuesOf(merged);
  const bytes = Buffer.byteLength(writeValuesFile(values));
  if (bytes > MAX_VALUES_BYTES) {
    return refused([
      tooLong(SOURCES_FIELD, `the merged values have ${bytes} bytes; at most ${MAX_VALUES_BYTES} can be delivered`),
    ]);
  }
  const warnings = [...findings.texts, ...findings.maps, ...clashes.map(clashWarning), ...findings.ambiguities];
  return { kind: 'resolved', values, secretTexts: [...findings.secretTexts], leaves, warnings };
};

const refused = (problems: readonly ValuesProblem[]): ResolvedValues => ({
  kind: 'invalid',
  problems,
  message: messageOf(problems),
});

/** Bytes of all texts that are read for these sources. */
export const sourceBytes = (sources: readonly ValuesInput[]): number =>
  sources.reduce((sum, { found, source }) => sum + (found === undefined ? 0 : sizeOf(found, source)), 0);

const sizeOf = (found: FoundSource, source: ValuesSource): number =>
  usedKeys(found, source).reduce((sum, key) => sum + Buffer.byteLength(textOf(found, key)), 0);

/** The keys of its source that an item of valuesFrom uses, in the order in which they merge. */
export const usedKeys = (found: FoundSource, source: ValuesSource): readonly string[] =>
  source.key === undefined ? Object.keys(found.data).sort() : Object.hasOwn(found.data, source.key) ? [source.key] : [];

const textOf = (found: FoundSource, key: string): string => found.data[key] ?? '';

const readSource = (
  { source, found, index }: ValuesInput & { readonly index: number },
  { bundleNamespace, targetNamespace }: ResolveInput,
  findings: Findings,
): Tree[] => {
  if (found === undefined) {
    if (source.optional !== true)
      findings.problems.push(missingSource(source, { index, bundleNamespace, targetNamespace }));
    return [];
  }
  const field = fieldOf(source, index);
  const keys = usedKeys(found, source);
  const binary = (found.binary ?? []).filter((key) => source.key === undefined || source.key === key);
  for (const key of binary) {
    const reason = 'is binary; name the key that holds values in valuesFrom[].key';
    findings.problems.push(brokenKey(found, { field, key }, { kind: 'invalid', rule: 'values-binary', reason }));
  }
  // As in Kubernetes' own references, `optional` covers the key, too.
  if (keys.length === 0 && binary.length === 0 && source.optional !== true) {
    const what = source.key === undefined ? 'has no keys' : noSuchKey(found, source.key);
    findings.problems.push({ ...brokenSource(found, field, what), lacksKey: true });
  }
  return keys.flatMap((key) => readKey(found, { field, key }, findings));
};

const noSuchKey = (found: FoundSource, key: string): string => {
  const keys = Object.keys(found.data).sort().slice(0, 10);
  return `has no key ${JSON.stringify(key)}${keys.length === 0 ? '' : `; it has ${keys.map((name) => JSON.stringify(name)).join(', ')}`}`;
};

const readKey = (
  found: FoundSource,
  at: { readonly field: string; readonly key: string },
  findings: Findings,
): Tree[] => {
  const text = textOf(found, at.key);
  const parsed = parseKey(at.key, text);
  if (parsed.kind === 'invalid') {
    findings.problems.push(brokenKey(found, at, parsed));
    return [];
  }
  if (parsed.kind === 'text') warnOfText(found, at, findings);
  else findings.ambiguities.push(...ambiguityWarnings(found, at, parsed.ambiguous));
  if (parsed.kind === 'map' && parsed.unmarked) findings.maps.push(unmarkedMap(found, at));
  if (found.kind === 'Secret') {
    // The key's own name is no secret: messages and `kubectl describe` show it.
    for (const item of secretTextsOfValue(parsed.kind === 'text' ? text : parsed.values))
      findings.secretTexts.add(item);
  }
  const values = parsed.kind === 'text' ? mapOf([[at.key, text]]) : parsed.values;
  const { kind, namespace, name } = found;
  return [treeOf(values, { kind, namespace, name, key: at.key })];
};

/** Warns once for a bundle. */
const warnOfText = (found: FoundSource, { field, key }: { field: string; key: string }, { texts }: Findings): void => {
  if (texts.length > 0) return;
  const what = `key ${JSON.stringify(key)} of ${found.kind} ${found.namespace}/${found.name} holds a single text`;
  texts.push({
    rule: 'values-single-text',
    field,
    message: `${what}: it becomes the text value ${JSON.stringify(key)}; YAML belongs under a key that ends in .yaml`,
  });
};

/** One for each such key. */
const unmarkedMap = (found: FoundSource, { field, key }: { field: string; key: string }): Warning => {
  const what = `key ${JSON.stringify(key)} of ${found.kind} ${found.namespace}/${found.name} holds several lines that are a map`;
  return {
    rule: 'values-unmarked-map',
    field,
    message: `${what}: it is merged in, and there is no text value ${JSON.stringify(key)}; YAML belongs under a key that ends in .yaml`,
  };
};

/** For a Secret only their number is told: neither text nor position. */
const ambiguityWarnings = (
  found: FoundSource,
  { field, key }: { field: string; key: string },
  { count, first }: Ambiguities,
): readonly Warning[] => {
  if (count === 0) return [];
  const rule = 'values-ambiguous';
  const where = `key ${JSON.stringify(key)} of ${found.kind} ${found.namespace}/${found.name}`;
  if (found.kind === 'Secret') {
    const what = count === 1 ? '1 scalar' : `${count} scalars`;
    return [
      {
        rule,
        field,
        message: `${where} has ${what} that other readers of YAML read otherwise, like yes or 0777: quote texts`,
      },
    ];
  }
  const told = first.map((scalar) => ({ rule, field, message: `${where}: ${ambiguityText(scalar)}` }) as const);
  const rest = count - told.length;
  return rest === 0 ? told : [...told, { rule, field, message: `${where}: and ${rest} more like these` }];
};

const undelivered = (leaves: readonly Leaf[]): readonly ValuesProblem[] =>
  leaves.flatMap((leaf) => {
    const fault = undeliverable(leaf);
    if (fault === undefined) return [];
    const path = leaf.origin.kind === 'Secret' ? 'a value' : pathText(leaf.path).slice(0, 200);
    return [
      invalid(
        fault === tooDeep ? 'values-too-deep' : 'values-not-expressible',
        leaf.origin.kind === 'spec' ? INLINE_FIELD : SOURCES_FIELD,
        'object',
        `${path} of ${originText(leaf.origin)} ${fault}`,
      ),
    ];
  });

/** A path that occurs in Secrets only is part of their contents, and is not shown. */
const clashWarning = ({ path, earlier, later }: Clash): Warning => ({
  rule: 'values-clash',
  field: later.kind === 'spec' ? INLINE_FIELD : SOURCES_FIELD,
  message: `${earlier.kind === 'Secret' && later.kind === 'Secret' ? 'a value' : pathText(path)} is a map in one of ${originText(earlier)} and ${originText(later)} and none in the other: the latter wins`,
});

const originText = (origin: Origin): string =>
  origin.kind === 'spec'
    ? INLINE_FIELD
    : `${origin.kind} ${origin.namespace}/${origin.name} (key ${JSON.stringify(origin.key)})`;
