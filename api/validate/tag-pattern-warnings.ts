import { isMap, valueAt } from '../json-map.js';
import { parseTagPattern } from '../tag-pattern.js';
import { type PatternPart, patternTree } from '../tag-pattern-tree.js';

/**
 * What a spec's tagPattern makes of the order of tags, where that is hardly meant; undefined if nothing is to be said.
 * @param spec - of any type
 */
export const tagPatternWarning = (spec: unknown): string | undefined => {
  const registry = valueAt(spec, 'registry');
  const pattern = valueAt(registry, 'tagPattern');
  if (!isMap(registry) || typeof pattern !== 'string' || pattern.length > MAX_READ) return undefined;
  if (registry['tag'] !== undefined || parseTagPattern(pattern).kind === 'invalid') return undefined;
  const constraint = registry['versionConstraint'];
  const byVersion = typeof constraint === 'string' && constraint.trim() !== '';
  const whole = patternTree(pattern);
  const path = pathToGroup(whole);
  const compared = path.at(-1) ?? whole;
  const messages = [
    !byVersion && registry['tagOrder'] === undefined ? numbersAsText(compared) : undefined,
    path.length > 0 ? leftOut(path, compared, byVersion) : undefined,
  ];
  return messages.filter((message) => message !== undefined).join('; ') || undefined;
};

/** The schema refuses longer ones. */
const MAX_READ = 256;

/** What is compared as text, though it holds numbers of different length. */
const numbersAsText = (compared: PatternPart): string | undefined => {
  const digits = digitsOf(compared);
  if (digits.kind === 'digits') {
    return varies(digits)
      ? 'what is compared are digits, as text: 9 comes after 11; set spec.registry.tagOrder to Number, which compares numbers'
      : undefined;
  }
  return digits.varies
    ? 'what is compared holds numbers, as text: 9 comes after 11; for versions set spec.registry.versionConstraint, for a number capture it alone as the first group and set spec.registry.tagOrder to Number'
    : undefined;
};

const leftOut = (path: readonly PatternPart[], compared: PatternPart, byVersion: boolean): string | undefined => {
  const { before, after } = outside(path);
  const dropped =
    byVersion || isVersion(compared)
      ? [...before, ...after].some((part) => !isFixed(part) && !isOptionalV(part))
      : after.some(hasNumber);
  return dropped
    ? 'the first group leaves out what tells some tags apart: those with the same text there are equal, and the last of them in text order is taken (rc9 comes after rc10); capture all that counts'
    : undefined;
};

/** What a part can match. `digits`: nothing but so many digits. `other`: whether it holds a number that can have more digits or fewer. */
type Digits =
  | { readonly kind: 'digits'; readonly min: number; readonly max: number }
  | { readonly kind: 'other'; readonly varies: boolean };

/** Whether there are numbers of different length; no number at all comes first in any order. */
const varies = (digits: Digits): boolean =>
  digits.kind === 'digits' ? Math.max(digits.min, 1) < digits.max : digits.varies;

const digitsOf = (part: PatternPart): Digits => {
  switch (part.kind) {
    case 'empty':
      return { kind: 'digits', min: 0, max: 0 };
    case 'char':
      return /^[0-9]+$/.test(part.chars) ? { kind: 'digits', min: 1, max: 1 } : { kind: 'other', varies: false };
    case 'group':
      return digitsOf(part.part);
    case 'repeat':
      return isListOfNumbers(part) ? { kind: 'other', varies: true } : repeated(digitsOf(part.part), part);
    case 'choice':
      return oneOf(part.parts.map(digitsOf));
    case 'sequence':
      return inSequence(part.parts.map(digitsOf));
  }
};

/** `[\d.]+`: numbers, and what stands between them. */
const isListOfNumbers = ({ part, min, max }: Extract<PatternPart, { kind: 'repeat' }>): boolean =>
  part.kind === 'char' && /^[0-9._-]+$/.test(part.chars) && /[0-9].*[._-]|[._-].*[0-9]/.test(part.chars) && min < max;

const repeated = (digits: Digits, times: { readonly min: number; readonly max: number }): Digits =>
  digits.kind === 'digits'
    ? { kind: 'digits', min: digits.min * times.min, max: digits.max === 0 ? 0 : digits.max * times.max }
    : digits;

const oneOf = (all: readonly Digits[]): Digits => {
  if (!all.every((digits) => digits.kind === 'digits')) return { kind: 'other', varies: all.some(varies) };
  return {
    kind: 'digits',
    min: Math.min(...all.map(({ min }) => min)),
    max: Math.max(...all.map(({ max }) => max)),
  };
};

/** Digits that stand side by side are one number. */
const inSequence = (all: readonly Digits[]): Digits => {
  let number = { kind: 'digits', min: 0, max: 0 } as const as Extract<Digits, { kind: 'digits' }>;
  let others = false;
  let found = false;
  for (const digits of all) {
    if (digits.kind === 'digits') {
      number = { kind: 'digits', min: number.min + digits.min, max: number.max + digits.max };
      continue;
    }
    others = true;
    found ||= varies(number) || digits.varies;
    number = { kind: 'digits', min: 0, max: 0 };
  }
  return others ? { kind: 'other', varies: found || varies(number) } : number;
};

/** The parts from the whole expression to its first group, both included; empty if there is no group. */
const pathToGroup = (part: PatternPart): readonly PatternPart[] => {
  if (part.kind === 'group' && part.index === 1) return [part];
  const within = 'parts' in part ? part.parts : 'part' in part ? [part.part] : [];
  for (const inner of within) {
    const path = pathToGroup(inner);
    if (path.length > 0) return [part, ...path];
  }
  return [];
};

const ANYTHING: PatternPart = {
  kind: 'repeat',
  part: { kind: 'char', chars: 'ab' },
  min: 0,
  max: Number.POSITIVE_INFINITY,
};

/** What a matching tag has before and after the group; where the expression has no anchor, that may be anything. */
const outside = (path: readonly PatternPart[]): { before: readonly PatternPart[]; after: readonly PatternPart[] } => {
  const before: PatternPart[] = [];
  const after: PatternPart[] = [];
  path.forEach((part, index) => {
    if (part.kind === 'repeat' && part.max > 1) before.push(part);
    if (part.kind !== 'sequence') return;
    const at = part.parts.findIndex((inner) => inner === path[index + 1]);
    before.push(...part.parts.slice(0, at));
    after.push(...part.parts.slice(at + 1));
  });
  const anchored = (parts: readonly PatternPart[], anchor: 'begin' | 'end') =>
    parts.some((part) => part.kind === 'empty' && part.anchor === anchor);
  return {
    before: anchored(before, 'begin') ? before : [ANYTHING, ...before],
    after: anchored(after, 'end') ? after : [...after, ANYTHING],
  };
};

/** Whether a part matches one text only. */
const isFixed = (part: PatternPart): boolean => {
  switch (part.kind) {
    case 'empty':
      return true;
    case 'char':
      return part.chars.length <= 1;
    case 'group':
      return isFixed(part.part);
    case 'repeat':
      return part.max === 0 || (part.min === part.max && isFixed(part.part));
    case 'choice':
      return false;
    case 'sequence':
      return part.parts.every(isFixed);
  }
};

/** `v?`: with or without it, it is the same version. */
const isOptionalV = (part: PatternPart): boolean =>
  part.kind === 'repeat' && part.max === 1 && part.part.kind === 'char' && /^[vV]{1,2}$/.test(part.part.chars);

/** Whether a part holds digits that can be one number or another. */
const hasNumber = (part: PatternPart): boolean => {
  if (part.kind === 'char') return part.chars.length > 1 && /^[0-9]+$/.test(part.chars);
  return 'parts' in part ? part.parts.some(hasNumber) : 'part' in part && hasNumber(part.part);
};

/** Whether a part looks like a version: digits, a dot, digits. */
const isVersion = (part: PatternPart): boolean => /1+\.1/.test(outline(part));

/** A part's single characters: a digit as `1`, a dot as it is, all else as `x`. */
const outline = (part: PatternPart): string => {
  if (part.kind === 'char') return /^[0-9]+$/.test(part.chars) ? '1' : part.chars === '.' ? '.' : 'x';
  return 'parts' in part ? part.parts.map(outline).join('') : 'part' in part ? outline(part.part) : '';
};
