import { isGuarded } from './guarded-kinds.js';
import { plainLog } from './log-tail.js';
import { CHANGE, COUNT, SUMMARY } from './plan-summary.js';

/** An object, as werf names it. */
export interface PlannedObject {
  readonly kind: string;
  readonly name: string;
  /** Missing: that of the release, or it has none. */
  readonly namespace?: string;
}

/** What a deployment would change. */
export interface PlannedChanges {
  readonly counts: {
    readonly create: number;
    readonly update: number;
    readonly recreate: number;
    readonly delete: number;
  };
  /** In the order of the log. */
  readonly deleted: readonly PlannedObject[];
  readonly recreated: readonly PlannedObject[];
  /** How many objects would be deleted or recreated, or something that is not understood, that the log does not name. */
  readonly unnamed: number;
}

/** Nothing but the release would be recorded. */
export const NO_CHANGES: PlannedChanges = {
  counts: { create: 0, update: 0, recreate: 0, delete: 0 },
  deleted: [],
  recreated: [],
  unnamed: 0,
};

/**
 * What the log of `werf bundle plan` says of what would be deleted and recreated. It is not taken for less than it may be: whatever the
 * summary counts and no line names, and whatever it counts in words that are not known, is `unnamed`.
 * @param log - as werf has written it: what a Secret's texts would hide counts, too. {@link withNamesHidden} is for what is told
 * @returns undefined: the log has no summary
 */
export const plannedChanges = (log: string): PlannedChanges | undefined => {
  const lines = plainLog(log).split('\n');
  const summaryAt = lines.findLastIndex((line) => SUMMARY.test(line));
  if (summaryAt === -1) return undefined;
  const summary = lines.slice(summaryAt + 1);
  const counted = (...verbs: readonly string[]): number => sum(summary.map((line) => countOf(line, verbs)));
  const counts = {
    create: counted('create'),
    update: counted('update', 'blind apply', 'blindly apply'),
    recreate: counted('recreate'),
    delete: counted('delete'),
  };
  const named = { deleted: objectsOf(lines, 'Delete'), recreated: objectsOf(lines, 'Recreate') };
  const unknown = sum(summary.map(unknownCountOf));
  const unnamed =
    Math.max(0, counts.delete - named.deleted.length) + Math.max(0, counts.recreate - named.recreated.length) + unknown;
  // What is updated and then deleted is counted as an update.
  const later = { deleted: goneLater(lines, 'delete'), recreated: goneLater(lines, 'recreate') };
  return {
    counts,
    deleted: [...named.deleted, ...later.deleted],
    recreated: [...named.recreated, ...later.recreated],
    unnamed,
  };
};

/**
 * The changes with what came from a Secret hidden in names; a guarded kind is a word of Kubernetes, and stays.
 * @param hide - replaces in a text all that came from a Secret
 */
export const withNamesHidden = (
  changes: PlannedChanges | undefined,
  hide: (text: string) => string,
): PlannedChanges | undefined => {
  if (changes === undefined) return undefined;
  const hidden = ({ kind, name, namespace }: PlannedObject): PlannedObject => ({
    kind: isGuarded({ kind }) ? kind : hide(kind),
    name: hide(name),
    ...(namespace !== undefined && { namespace: hide(namespace) }),
  });
  return { ...changes, deleted: changes.deleted.map(hidden), recreated: changes.recreated.map(hidden) };
};

/** `Update PersistentVolumeClaim/data, then delete`; older: `…, and delete it on success`. */
const LATER = {
  delete: /,? (?:then delete\b|and delete it\b)/,
  recreate: /,? (?:then recreate\b|and recreate it\b)/,
} as const;

/** Guarded objects that are there, and would be deleted, or made anew, after something else was done to them. */
const goneLater = (lines: readonly string[], how: keyof typeof LATER): readonly PlannedObject[] => {
  const named = lines.flatMap((line) => {
    const [whole = '', verb, object = ''] = CHANGE.exec(line) ?? [];
    const isThere = verb !== undefined && verb !== 'Create' && verb !== 'Delete';
    return isThere && LATER[how].test(line.slice(whole.length)) ? [object] : [];
  });
  return [...new Set(named)].flatMap(objectOf).filter(isGuarded);
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

const countOf = (line: string, verbs: readonly string[]): number => {
  const [, verb = '', count] = COUNT.exec(line) ?? [];
  return verbs.includes(verb) ? Number(count) : 0;
};

/** A line of the summary in words that are not known: of a werf that does something else to objects, to one at least. */
const UNKNOWN_COUNT = /^- (?:[^:]{1,40}: (\d{1,9})\b)?/;

const unknownCountOf = (line: string): number => {
  const unknown = COUNT.test(line) ? null : UNKNOWN_COUNT.exec(line);
  return unknown === null ? 0 : Number(unknown[1] ?? 1);
};

const objectsOf = (lines: readonly string[], wanted: string): readonly PlannedObject[] => {
  const named = lines.flatMap((line) => {
    const [, verb, object = ''] = CHANGE.exec(line) ?? [];
    return verb === wanted ? [object] : [];
  });
  return [...new Set(named)].flatMap(objectOf);
};

/** `Secret/old`, `Job/migrate (namespace=other)`, `other/Secret/old`. */
const OBJECT = /^(?:([\w.-]+)\/)?([A-Za-z]\w*)\/([^\s/,]+)(?: \(namespace=([\w.-]+)\))?$/;

const objectOf = (text: string): readonly PlannedObject[] => {
  const [, before, kind, name, after] = OBJECT.exec(text) ?? [];
  const namespace = before ?? after;
  if (kind === undefined || name === undefined || kind.length > LONGEST || name.length > LONGEST) return [];
  return [{ kind, name, ...(namespace !== undefined && { namespace }) }];
};

/** Of the name of an object, characters; what is longer is none. */
const LONGEST = 253;
