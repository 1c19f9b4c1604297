import { parseDuration } from '../duration.js';
import { valueAt } from '../json-map.js';
import type { Problem } from '../problem.js';
import { parseQuantity } from '../quantity.js';
import { MAX_URL_LENGTH, parseRegistryUrl } from '../registry-url.js';
import { parseTagPattern } from '../tag-pattern.js';
import { parseVersionConstraint, type VersionConstraint } from '../version-constraint.js';
import { invalid, tooLong, wrongType } from './wording.js';

/** Judges one field's value, in better words than the schema's; a value of the wrong type is left to the schema. */
type FieldRule = (field: string, value: unknown, given: Given) => Problem | undefined;

/** What several rules use, parsed. */
interface Given {
  /** As it was written. */
  readonly spec: unknown;
  readonly constraint: VersionConstraint | undefined;
}

/** Longer texts are not parsed: the schema rejects them as too long. Twice 256, since a character may take two UTF-16 units. */
const MAX_PARSED = 512;
const OCI = 'oci://';

/** Rules that look at one field and nothing else: at most one problem for each field. */
export const fieldProblems = (spec: unknown, given: Given): readonly Problem[] =>
  FIELD_RULES.flatMap(({ path, field, rule }) => rule(field, valueAt(spec, ...path), given) ?? []);

/** What a spec's versionConstraint means; undefined if there is none, or none that is short enough to be read. */
export const constraintOf = (spec: unknown): VersionConstraint | undefined => {
  const text = valueAt(spec, 'registry', 'versionConstraint');
  return typeof text === 'string' && text.length <= MAX_PARSED ? parseVersionConstraint(text) : undefined;
};

const repository: FieldRule = (field, value, { spec }) => {
  if (typeof value !== 'string') return undefined;
  if ((value.startsWith(OCI) ? value.slice(OCI.length) : value).length > MAX_URL_LENGTH)
    return tooLong(field, MAX_URL_LENGTH);
  const url = parseRegistryUrl(value);
  if (url.kind === 'ok') return undefined;
  const isSet = (name: string, wanted: unknown): boolean => valueAt(spec, 'registry', name) === wanted;
  const meantTag = url.suggestion?.tag;
  const tag = meantTag === undefined || isSet('tag', meantTag) ? [] : [`spec.registry.tag ${JSON.stringify(meantTag)}`];
  const isPlain = /^http:\/\//i.test(value.trim());
  const plain = isPlain && !isSet('insecure', true) ? ['spec.registry.insecure true'] : [];
  const also = [...tag, ...plain].join(' and ');
  const meant =
    url.suggestion === undefined
      ? ''
      : `; did you mean ${JSON.stringify(url.suggestion.url)}${also === '' ? '' : ` with ${also}`}?`;
  return invalid('malformed-repository', field, withoutCredentials(value), url.reason + meant);
};

/** Removes credentials, so that a password put into an address by mistake reaches no log through the message. */
const withoutCredentials = (url: string): string => url.replace(/^(\s*[\w+.-]+:\/\/)?[^/]*@(?!sha\d+:)/, '$1***@');

/** A Go duration within bounds, as the schema's CEL rule has it. */
const duration = (shortest: string, longest: string, example: string): FieldRule => {
  const [min, max] = [parseDuration(shortest), parseDuration(longest)];
  const hint = `durations from "${shortest}" to "${longest}", for example "${example}"`;
  return (field, value) => {
    if (typeof value === 'number') return wrongType(field, value, 'a string', `: a unit is missing; ${hint}`);
    if (typeof value !== 'string' || value.length > MAX_PARSED) return undefined;
    const parsed = parseDuration(value);
    if (parsed.kind === 'invalid') return invalid('malformed-duration', field, value, `${parsed.reason}; ${hint}`);
    if (min.kind === 'ok' && parsed.ms < min.ms)
      return invalid('malformed-duration', field, value, `is too short; ${hint}`);
    if (max.kind === 'ok' && parsed.ms > max.ms)
      return invalid('malformed-duration', field, value, `is too long; ${hint}`);
    return undefined;
  };
};

const quantity =
  (example: string, meant: (text: string) => string | undefined): FieldRule =>
  (field, value) => {
    if ((typeof value !== 'string' || value.length > MAX_PARSED) && typeof value !== 'number') return undefined;
    const parsed = parseQuantity(value);
    if (parsed.kind === 'ok')
      return parsed.milli > 0n ? undefined : invalid('malformed-quantity', field, value, 'must be greater than zero');
    const guess = typeof value === 'string' ? meant(value) : undefined;
    const hint = guess === undefined ? `write for example "${example}"` : `did you mean "${guess}"?`;
    return invalid('malformed-quantity', field, value, `${parsed.reason}; ${hint}`);
  };

/** `1g`, `512 MB`, `1,5Gi`: in powers of 1024, as memory is mostly meant. */
const meantMemory = (text: string): string | undefined => {
  const [, digits, unit] = /^\s*(\d+(?:[.,]\d+)?)\s*([kmgtp])i?b?\s*$/i.exec(text) ?? [];
  return digits === undefined || unit === undefined ? undefined : `${digits.replace(',', '.')}${unit.toUpperCase()}i`;
};

const meantCpu = (text: string): string | undefined => {
  const [, digits, unit] = /^\s*(\d+(?:[.,]\d+)?)\s*(m?)\s*(?:cpus?|cores?)?\s*$/i.exec(text) ?? [];
  return digits === undefined ? undefined : `${digits.replace(',', '.')}${(unit ?? '').toLowerCase()}`;
};

const constraint: FieldRule = (field, value, given) =>
  given.constraint?.kind === 'invalid'
    ? invalid('malformed-constraint', field, value, given.constraint.reason)
    : undefined;

const pattern: FieldRule = (field, value) => {
  if (typeof value !== 'string' || value.length > MAX_PARSED) return undefined;
  if (value === '')
    return invalid('malformed-pattern', field, value, 'must not be empty; leave it out to look at all tags');
  const parsed = parseTagPattern(value);
  return parsed.kind === 'invalid' ? invalid('malformed-pattern', field, value, parsed.reason) : undefined;
};

const RULES: readonly { readonly path: readonly string[]; readonly rule: FieldRule }[] = [
  { path: ['registry', 'url'], rule: repository },
  { path: ['registry', 'pollInterval'], rule: duration('1m', '24h', '15m') },
  { path: ['registry', 'versionConstraint'], rule: constraint },
  { path: ['registry', 'tagPattern'], rule: pattern },
  { path: ['converge', 'resourceLimits', 'cpu'], rule: quantity('500m', meantCpu) },
  { path: ['converge', 'resourceLimits', 'memory'], rule: quantity('1Gi', meantMemory) },
  { path: ['converge', 'timeout'], rule: duration('1m', '24h', '30m') },
  { path: ['converge', 'driftDetection', 'interval'], rule: duration('1m', '24h', '15m') },
];

const FIELD_RULES = RULES.map(({ path, rule }) => ({ path, rule, field: `spec.${path.join('.')}` }));
