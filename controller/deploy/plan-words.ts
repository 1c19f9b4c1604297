import type { PlannedChanges, PlannedObject } from './plan-changes.js';

/** More objects than these are counted, not named. */
const NAMED = 5;
/** Longer summaries are cut, characters. */
const LONGEST = 1_000;

/**
 * A plan in one line: `1.3.0 would create 2, update 8, delete 1 object: delete PersistentVolumeClaim/data`.
 * @param changes - undefined: werf has not said what would change
 */
export const planWords = (tag: string, changes: PlannedChanges | undefined): string => {
  if (changes === undefined) return `${tag} would change something; the log of the plan does not say what`;
  const { counts, deleted, recreated, unnamed } = changes;
  const verbs = (['create', 'update', 'recreate', 'delete'] as const).filter((verb) => counts[verb] > 0);
  const names = [...deleted.map(named('delete')), ...recreated.map(named('recreate'))];
  const more = names.length - NAMED + unnamed;
  const listed = names.slice(0, NAMED).join(', ');
  const rest = names.length > NAMED || unnamed > 0 ? `${Math.max(more, unnamed)} more that are not named here` : '';
  const details = [listed, rest].filter((text) => text !== '').join(' and ');
  const last = verbs.at(-1);
  const what =
    last === undefined
      ? unnamed > 0
        ? 'change something'
        : 'change no object'
      : `${verbs.map((verb) => `${verb} ${counts[verb]}`).join(', ')} ${counts[last] === 1 ? 'object' : 'objects'}`;
  return cut(`${tag} would ${what}${details === '' ? '' : `: ${details}`}`);
};

/** An object in words: `Secret/old`, `Job/migrate (namespace other)`. */
export const objectWords = ({ kind, name, namespace }: PlannedObject): string =>
  `${kind}/${name}${namespace === undefined ? '' : ` (namespace ${namespace})`}`;

const named =
  (verb: string) =>
  (object: PlannedObject): string =>
    `${verb} ${objectWords(object)}`;

const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST).trimEnd()}…` : text);
