import type { Bound } from './schema-node.js';
import type { Violation, What } from './violation.js';

/** Longer texts of a schema are cut, characters. */
const MAX_QUOTED = 80;
/** Further ones are only counted. */
const MAX_LISTED = 8;

/**
 * What is wrong with a value, for the person who wrote it: `needs a whole number, and this is a text`. Of the value nothing is in it but its
 * type, and a number or a count that a bound is about.
 * @param isSecret - then its type, numbers, counts and keys are left out as well
 */
export const wordsOf = ({ what }: Violation, { isSecret }: { readonly isSecret: boolean }): string => {
  switch (what.kind) {
    case 'type':
      return `${typesText(what.wanted)} is needed${isSecret ? '' : `, and this is ${TYPES[what.got] ?? what.got}`}`;
    case 'constant':
      return `nothing but ${shown(what.wanted)} is allowed`;
    case 'choice':
      return what.wanted.length === 0 ? 'no value is allowed' : `one of ${listed(what.wanted.map(shown))} is needed`;
    case 'format':
      return `this is no ${what.name}`;
    case 'pattern':
      return `it does not match ${cut(what.text)}`;
    case 'bound':
      return BOUNDS[what.bound](what.wanted) + (isSecret ? '' : `, and this ${GOT[what.bound] ?? 'is'} ${what.got}`);
    case 'multiple':
      return `a multiple of ${what.of} is needed`;
    case 'nothing':
      return 'the chart allows no value here';
    case 'circle':
      return 'the schema refers to itself without an end';
    default:
      return aboutParts(what, isSecret);
  }
};

const aboutParts = (what: PartsWhat, isSecret: boolean): string => {
  switch (what.kind) {
    case 'missing': {
      const names = `${listed(what.names.map((name) => JSON.stringify(name)))} ${what.names.length === 1 ? 'is' : 'are'} missing`;
      return what.because === undefined ? names : `${names}, needed beside ${JSON.stringify(what.because)}`;
    }
    case 'unknown-key':
      return 'the chart knows no value of this name';
    case 'key':
      return `the name does not fit: ${what.why.map((why) => wordsOf(why, { isSecret })).join('; ')}`;
    case 'items':
      return `at most ${what.most} items are allowed`;
    case 'same-items':
      return isSecret ? 'two items are equal' : `items ${what.first + 1} and ${what.second + 1} are equal`;
    case 'no-item':
      return 'an item is missing that the chart needs';
    case 'not':
      return 'the chart rules out this value (a "not" in its schema)';
    case 'no-alternative':
      return alternativesText(what.why);
    case 'several-alternatives':
      return 'it fits more than one of several alternatives, and only one may fit';
  }
};

type PartsWhat = Extract<
  What,
  {
    readonly kind:
      | 'missing'
      | 'unknown-key'
      | 'key'
      | 'items'
      | 'same-items'
      | 'no-item'
      | 'not'
      | 'no-alternative'
      | 'several-alternatives';
  }
>;

const TYPES: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  null: 'null',
  number: 'a number',
  object: 'a map',
  string: 'a text',
};

const typesText = (wanted: readonly string[]): string => wanted.map((type) => TYPES[type] ?? type).join(' or ');

const BOUNDS: { readonly [B in Bound]: (wanted: number) => string } = {
  minimum: (wanted) => `at least ${wanted} is needed`,
  maximum: (wanted) => `at most ${wanted} is allowed`,
  exclusiveMinimum: (wanted) => `more than ${wanted} is needed`,
  exclusiveMaximum: (wanted) => `less than ${wanted} is needed`,
  minLength: (wanted) => `at least ${counted(wanted, 'character')} needed`,
  maxLength: (wanted) => `at most ${counted(wanted, 'character')} allowed`,
  minItems: (wanted) => `at least ${counted(wanted, 'item')} needed`,
  maxItems: (wanted) => `at most ${counted(wanted, 'item')} allowed`,
  minProperties: (wanted) => `at least ${counted(wanted, 'key')} needed`,
  maxProperties: (wanted) => `at most ${counted(wanted, 'key')} allowed`,
  minContains: (wanted) => `at least ${wanted} items of a kind are needed`,
  maxContains: (wanted) => `at most ${wanted} items of a kind are allowed`,
};

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? ' is' : 's are'}`;

/** What is before the number that a value has itself. */
const GOT: { readonly [B in Bound]?: string } = {
  minLength: 'has',
  maxLength: 'has',
  minItems: 'has',
  maxItems: 'has',
  minProperties: 'has',
  maxProperties: 'has',
  minContains: 'has',
  maxContains: 'has',
};

/** If only types are wrong, they are named; what else there may be is too much for a sentence. */
const alternativesText = (why: readonly (readonly Violation[])[]): string => {
  const types = why.flatMap(([first, another]) =>
    first?.what.kind === 'type' && another === undefined && first.at.length === shortest(why) ? first.what.wanted : [],
  );
  return types.length >= why.length && types.length > 0
    ? `${typesText([...new Set(types)])} is needed`
    : `it fits none of ${why.length} alternatives`;
};

const shortest = (why: readonly (readonly Violation[])[]): number => Math.min(...why.flat().map(({ at }) => at.length));

const cut = (text: string): string => (text.length <= MAX_QUOTED ? text : `${text.slice(0, MAX_QUOTED)}…`);

const shown = (value: unknown): string => cut(JSON.stringify(value));

const listed = (items: readonly string[]): string => {
  const rest = items.length - MAX_LISTED;
  return rest <= 0 ? items.join(', ') : `${items.slice(0, MAX_LISTED).join(', ')} and ${rest} more`;
};

/**
 * The violations that somebody can mend: of alternatives of which only one was meant, as the value's type shows, what is wrong by that one.
 */
export const mendable = (violations: readonly Violation[]): readonly Violation[] =>
  violations.flatMap((violation) => {
    const { what, at } = violation;
    if (what.kind !== 'no-alternative') return [violation];
    const meant = what.why.filter(
      (why) => !why.some((inner) => inner.what.kind === 'type' && inner.at.length === at.length),
    );
    const [only, another] = meant;
    return only !== undefined && another === undefined ? mendable(only) : [violation];
  });
