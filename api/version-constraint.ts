import { Range, SemVer } from 'semver';

/** A constraint that was understood. */
interface VersionRange {
  readonly kind: 'range';
  /** As the user wrote it. */
  readonly text: string;
  /** Whether some alternative names a pre-release, so that pre-releases can match at all. */
  readonly prerelease: boolean;
  /** Whether `version`, read by {@link parseVersion}, is in the range; false if it is no version. */
  satisfies(version: string): boolean;
  /** What each alternative of `||` asks for. */
  readonly alternatives: readonly Alternative[];
}

/** The parts of one alternative; all must hold. */
interface Alternative {
  /** In the syntax of the semver package. */
  readonly range: Range;
  /** Versions that `!=` leaves out. */
  readonly excluded: readonly Range[];
  readonly prerelease: boolean;
}

export type VersionConstraint =
  | { readonly kind: 'none' }
  | VersionRange
  | { readonly kind: 'invalid'; readonly reason: string };

const VERSION = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:[+_]([0-9A-Za-z.-]+))?$/;

/**
 * Reads a tag as a version, as leniently as Masterminds' NewVersion does for Helm: a leading `v`, leading zeros and missing
 * parts are allowed (`1.2` is 1.2.0). As Helm does, `_` is read as the `+` that a tag can't hold (`1.2.0_build5`).
 *
 * @returns undefined if it is no version, or a part of it exceeds 2^53
 * @see https://github.com/Masterminds/semver/blob/v3.3.1/version.go
 */
export const parseVersion = (text: string): SemVer | undefined => {
  const match = VERSION.exec(text);
  if (match === null || text.length > 128) return undefined;
  const [, major, minor, patch, pre, build] = match;
  const core = [major, minor, patch].map((part) => (part ?? '0').replace(/^0+(?=\d)/, '')).join('.');
  return strict(`${core}${pre === undefined ? '' : `-${pre}`}${build === undefined ? '' : `+${build}`}`);
};

/** The package compares the numbers of a pre-release or a build as floating-point numbers: beyond 2^53, different ones would be equal. */
class ExactVersion extends SemVer {
  override comparePre(other: string | SemVer): 1 | 0 | -1 {
    return super.comparePre(other) || compareNumbers(this.prerelease, new SemVer(other).prerelease);
  }

  override compareBuild(other: string | SemVer): 1 | 0 | -1 {
    return super.compareBuild(other) || compareNumbers(this.build, new SemVer(other).build);
  }
}

/** Compares the first parts that differ, if both are numbers. */
const compareNumbers = (ours: readonly (string | number)[], others: readonly (string | number)[]): 1 | 0 | -1 => {
  const at = ours.findIndex((part, index) => part !== others[index]);
  const [own, other] = [ours[at], others[at]].map((part) => (/^\d+$/.test(`${part}`) ? BigInt(`${part}`) : undefined));
  if (own === undefined || other === undefined || own === other) return 0;
  return own < other ? -1 : 1;
};

/** The package's own parse() can't be used: it would take `=1.2.3` and blanks too. */
const strict = (text: string): SemVer | undefined => {
  try {
    return new ExactVersion(text);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
};

const PARTIAL = String.raw`v?(?:\d+|[xX*])(?:\.(?:\d+|[xX*])){0,2}(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z.-]+)?`;
const OPERATOR = '=>|=<|~>|>=|<=|!=|[=<>~^]';
const HYPHEN_RANGE = new RegExp(String.raw`^(${PARTIAL})\s+-\s+(${PARTIAL})(?=[\s,]|$)`);
const COMPARATOR = new RegExp(String.raw`^(${OPERATOR})?\s*(${PARTIAL})(?=[\s,]|$)`);
const BARE_OPERATOR = new RegExp(`^(?:${OPERATOR})$`);
const SEPARATOR = /^(?:\s*,\s*|\s+)/;
const OPERATORS: Readonly<Record<string, string>> = { '=>': '>=', '=<': '<=', '~>': '~' };

/** What a range is made of, as expressions that JavaScript and RE2 read alike: a version with as many parts as are given, and what stands before it. */
export const RANGE_PARTS = { version: PARTIAL, operator: OPERATOR };

/**
 * Reads a range of versions as Helm and Flux users write it: a comma or a space means "and", `||`, `^`, `~`, `x` and `*`, hyphen
 * ranges, `!=`, a leading `v`, partial versions with and without pre-release (`>=1.19-0`), blanks after operators. The meaning is
 * Masterminds': pre-releases match only in an alternative that names one, then all of them that are in the range.
 *
 * @param text - `spec.registry.versionConstraint`; blank means none
 * @returns `invalid` with the reason in plain words; never throws
 * @see https://github.com/Masterminds/semver/blob/v3.3.1/constraints.go
 */
export const parseVersionConstraint = (text: string): VersionConstraint => {
  const known = KNOWN.get(text);
  if (known !== undefined) return known;
  const constraint = parse(text);
  if (KNOWN.size >= MOST_KNOWN) KNOWN.clear();
  KNOWN.set(text, constraint);
  return constraint;
};

/**
 * Cache of parsed constraints: the same few come again with each apply of a GitOps tool and each reconcile, and parsing one takes
 * longer than all other rules of a spec.
 */
const KNOWN = new Map<string, VersionConstraint>();
/** Entries of that cache; each takes a few KB at most, since the schema bounds the texts. */
const MOST_KNOWN = 500;

const parse = (text: string): VersionConstraint => {
  if (text.trim() === '') return { kind: 'none' };
  const alternatives: Alternative[] = [];
  for (const part of text.split('||')) {
    const parsed = parseAlternative(part);
    if (typeof parsed === 'string') return { kind: 'invalid', reason: parsed };
    alternatives.push(parsed);
  }
  return {
    kind: 'range',
    text,
    alternatives,
    prerelease: alternatives.some((alternative) => alternative.prerelease),
    satisfies: (version) => {
      const parsed = parseVersion(version);
      return parsed !== undefined && alternatives.some((alternative) => isIn(parsed, alternative));
    },
  };
};

const isIn = (version: SemVer, { range, excluded, prerelease }: Alternative): boolean =>
  (version.prerelease.length === 0 || prerelease) &&
  isWithin(version, range) &&
  !excluded.some((hole) => isWithin(version, hole));

/** Not Range.test, which admits a pre-release only if the range names a pre-release of the same version. */
const isWithin = (version: SemVer, range: Range): boolean =>
  range.set.some((comparators) => comparators.every((comparator) => comparator.test(version)));

/** An alternative, or why it is none. */
const parseAlternative = (text: string): Alternative | string => {
  let rest = text.trim();
  if (rest === '') return 'a range is missing beside "||"';
  const wanted: string[] = [];
  const excluded: Range[] = [];
  let prerelease = false;
  while (rest !== '') {
    const hyphen = HYPHEN_RANGE.exec(rest);
    const match = hyphen ?? COMPARATOR.exec(rest);
    if (match === null) return notUnderstood(rest);
    const comparators = hyphen
      ? [partial('>=', hyphen[1] ?? ''), partial('<=', hyphen[2] ?? '')]
      : [partial(match[1] ?? '', match[2] ?? '')];
    for (const comparator of comparators) {
      prerelease ||= comparator.pre !== '';
      const range = toRange(comparator);
      if (range === undefined) return `${JSON.stringify(match[0])} is no version`;
      if (comparator.operator === '!=') excluded.push(range);
      else wanted.push(range.raw);
    }
    rest = rest.slice(match[0].length);
    const separator = SEPARATOR.exec(rest)?.[0] ?? '';
    if (separator !== '' && separator.length === rest.length) return 'a range is missing after the last comma';
    rest = rest.slice(separator.length);
  }
  return { range: new Range(wanted.join(' ') || '*'), excluded, prerelease };
};

const notUnderstood = (rest: string): string => {
  const word = /^\S+/.exec(rest)?.[0] ?? rest;
  if (BARE_OPERATOR.test(word) && rest.trim() === word) return `a version is missing after "${word}"`;
  return `${JSON.stringify(word)} is no version range; for example ">=1.2.0 <2.0.0", "^1.4" or "~1.2 || 2.x"`;
};

/** `>=1.19-0` in its parts: the numbers that are given, and the pre-release. */
interface Partial {
  readonly operator: string;
  /** `1`, `1.19` or `1.19.3`; `*` for any. */
  readonly numbers: readonly string[];
  /** Without hyphen; '' if there is none. */
  readonly pre: string;
}

const partial = (operator: string, version: string): Partial => {
  const [core = '', ...pre] = version.replace(/^v/, '').replace(/\+.*$/, '').split('-');
  const parts = core.split('.');
  const wild = parts.findIndex((part) => /^[xX*]$/.test(part));
  const numbers = (wild < 0 ? parts : parts.slice(0, wild)).map((part) => part.replace(/^0+(?=\d)/, ''));
  const known = OPERATORS[operator] ?? operator;
  // To Masterminds, `~0.0.0` means every release.
  const all = known === '~' && numbers.join('.') === '0.0.0';
  return { operator: all ? '>=' : known, numbers, pre: pre.join('-') };
};

/**
 * Translates a comparator for the semver package. The differences: there `<2` leaves out 2.0.0-rc.1, which Masterminds admits
 * where pre-releases are admitted; it does not understand a pre-release after a partial version; it has no `!=`.
 */
const toRange = ({ operator, numbers, pre }: Partial): Range | undefined => {
  const full = `${[...numbers, '0', '0', '0'].slice(0, 3).join('.')}${pre === '' ? '' : `-${pre}`}`;
  const short = numbers.length === 0 ? '*' : numbers.join('.');
  try {
    if (numbers.length === 3) return new Range(`${operator === '!=' ? '=' : operator}${full}`);
    // With includePrerelease, so that `!=1.2` leaves out 1.2.0-rc.1 too.
    if (operator === '!=') return new Range(short, { includePrerelease: true });
    if (numbers.length > 0 && (operator === '>=' || operator === '<')) return new Range(`${operator}${full}`);
    const spread = new Range(`${operator}${short}`);
    return pre === '' || operator === '>' || operator === '<' || operator === '<='
      ? spread
      : new Range(`>=${full} ${operator === '>=' ? '' : spread.raw}`);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
};

/**
 * Whether no version at all can satisfy the constraint (`>2 <1`), for a warning.
 * If anything satisfies an alternative, then its lowest version does, or one just above something that `!=` leaves out.
 */
export const canMatchNothing = (constraint: VersionConstraint): boolean =>
  constraint.kind === 'range' && !constraint.alternatives.some(isSatisfiable);

/** Tries the versions that an alternative names first: they satisfy most, and no others have to be made then. */
const isSatisfiable = (alternative: Alternative): boolean => {
  const { range, excluded, prerelease } = alternative;
  const bounds = [range, ...excluded].flatMap((part) =>
    part.set.flatMap((set) => set.map((comparator) => comparator.semver)),
  );
  const versions = bounds.filter((version) => version instanceof SemVer);
  const isTaken = (version: SemVer): boolean => isIn(version, alternative);
  return (
    versions.some(isTaken) ||
    isTaken(new SemVer('0.0.0')) ||
    versions.some((version) => versionsNear(version, prerelease).some(isTaken))
  );
};

/** The version itself, its release, and the first versions above it. */
const versionsNear = (version: SemVer, prerelease: boolean): readonly SemVer[] => {
  const { major, minor, patch } = version;
  const release = new SemVer(`${major}.${minor}.${patch}`);
  const above = [version, release, new SemVer(release).inc('patch')];
  return prerelease && version.prerelease.length > 0 ? [...above, new SemVer(`${version.version}.0`)] : above;
};
