import { isMap, type JsonMap, valueAt } from '../json-map.js';
import { patchCommand } from '../kubectl-command.js';
import { withoutNulls } from '../schema-node.js';
import { quoted } from './wording.js';

/** Who set a field is told of so many at most. */
const MANAGERS_NAMED = 3;

/**
 * What to do where fields exclude each other, and some of them only stand on the live object: whoever applied the others may not know of
 * them, and would be refused for ever. One patch takes them away and sets the others, so that no look falls in between.
 * @param given.object - with the object's uid, as the apiserver merged it with the live one; a manifest of a file has none
 * @param given.old - as it is stored
 * @param given.fields - of spec.registry: both sides, each with its names
 * @returns '' if nothing of the kind is the matter; else to be put behind a message
 */
export const liveFieldAdvice = (given: {
  readonly object: unknown;
  readonly old: unknown;
  readonly fields: readonly [readonly string[], readonly string[]];
}): string => {
  const ref = mergedObject(given);
  const [before, now] = [given.old, given.object].map((bundle) => withoutNulls(valueAt(bundle, 'spec', 'registry')));
  if (ref === undefined || !isMap(now)) return '';
  const isLive = (field: string): boolean =>
    valueAt(before, field) !== undefined && valueAt(before, field) === now[field];
  const sides = given.fields.map((side) => side.filter((field) => now[field] !== undefined));
  // If something of both sides is new, whoever wrote it has to choose.
  const live = sides.filter((side) => side.every(isLive));
  const [fields] = live;
  if (fields === undefined || live.length > 1) return '';
  const others = sides.find((side) => side !== fields) ?? [];
  return `; ${wordsOf(fields, given.old)}: ${patchCommand(ref, { spec: { registry: patchOf(fields, others, now) } })}`;
};

const wordsOf = (fields: readonly string[], old: unknown): string => {
  const managers = [...new Set(fields.flatMap((field) => managersOf(old, field)))].slice(0, MANAGERS_NAMED);
  const by = managers.length === 0 ? '' : `, set by ${managers.map(quoted).join(' and ')}`;
  const [stand, them] = fields.length === 1 ? ['stands', 'it'] : ['stand', 'them'];
  return `${fields.join(' and ')} ${stand} on the live object already${by}; if not in what you apply, this takes ${them} away`;
};

const patchOf = (live: readonly string[], others: readonly string[], now: JsonMap): object =>
  Object.fromEntries([...live.map((field) => [field, null]), ...others.map((field) => [field, now[field]])]);

/** Name and namespace of the stored object, if the new one was made of it. */
const mergedObject = ({ object, old }: { readonly object: unknown; readonly old: unknown }) => {
  const [uid, name, namespace] = ['uid', 'name', 'namespace'].map((field) => valueAt(old, 'metadata', field));
  const isMerged = typeof uid === 'string' && valueAt(object, 'metadata', 'uid') === uid;
  return isMerged && typeof name === 'string' && typeof namespace === 'string' ? { name, namespace } : undefined;
};

/** Who has set a field of spec.registry, as the apiserver keeps account of it. */
const managersOf = (bundle: unknown, field: string): readonly string[] => {
  const entries = valueAt(bundle, 'metadata', 'managedFields');
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown): readonly string[] => {
    const manager = valueAt(entry, 'manager');
    const owned = valueAt(entry, 'fieldsV1', 'f:spec', 'f:registry', `f:${field}`);
    return typeof manager === 'string' && owned !== undefined ? [manager] : [];
  });
};
