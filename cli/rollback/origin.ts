import { BEFORE_ROLLBACK } from '../../api/annotations.js';
import { isMap, type JsonMap } from '../../api/json-map.js';
import { parseJson } from '../../api/parse-json.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { ManagedFields } from '../../kube/client.js';
import { LAST_APPLIED, managersOf } from '../cluster/managers.js';
import { type Selection, selectionIn, selectionOf } from './target.js';

/**
 * How a bundle chooses its tag when nobody pins one: as its spec says; if that pins one, as it was before a rollback pinned just that, or as
 * the manifest says that was applied last. undefined: nobody knows.
 */
export const unpinnedSelection = ({ spec, metadata }: StoredBundle): Selection | undefined => {
  const now = selectionOf(spec);
  if (now.tag === undefined) return now;
  const kept = keptIn(metadata, now.tag);
  if (kept !== undefined) return unpinned(kept);
  const applied = appliedIn(metadata);
  return applied === undefined ? undefined : unpinned(applied);
};

/**
 * How the manifest of a bundle chooses its tag, wherever it is kept: as it was applied last, if that stands on the bundle; before a rollback that
 * nobody has put back or taken over; otherwise as the spec says, whoever wrote that.
 * @param fields - who has written which fields
 */
export const manifestSelection = (bundle: StoredBundle, fields: readonly ManagedFields[]): Selection => {
  const { metadata, spec } = bundle;
  const now = selectionOf(spec);
  const applied = appliedIn(metadata);
  if (applied !== undefined) return selectionIn(applied);
  const kept = now.tag === undefined ? undefined : keptIn(metadata, now.tag);
  const holders = managersOf(bundle, fields, { paths: [['spec', 'registry', 'tag']] });
  return (holders.every(({ hold }) => hold === 'leaves-open') && kept !== undefined && unpinned(kept)) || now;
};

/** What chose the tag before a rollback pinned this one. */
const keptIn = ({ annotations = {} }: StoredBundle['metadata'], tag: string): JsonMap | undefined => {
  const { pinned, before } = mapIn(annotations[BEFORE_ROLLBACK]);
  return pinned === tag && isMap(before) ? before : undefined;
};

/** spec.registry of the manifest that was applied last. */
const appliedIn = ({ annotations = {} }: StoredBundle['metadata']): JsonMap | undefined => {
  const { spec } = mapIn(annotations[LAST_APPLIED]);
  const registry = isMap(spec) ? spec['registry'] : undefined;
  return isMap(registry) ? registry : undefined;
};

/** The annotation that {@link unpinnedSelection} reads later; none if there is nothing to keep. */
export const rollbackAnnotations = (before: StoredBundle, tag: string): Readonly<Record<string, string | null>> => {
  const selection = unpinnedSelection(before);
  const stood = before.metadata.annotations?.[BEFORE_ROLLBACK] !== undefined;
  if (selection !== undefined) return { [BEFORE_ROLLBACK]: JSON.stringify({ pinned: tag, before: selection }) };
  return stood ? { [BEFORE_ROLLBACK]: null } : {};
};

const mapIn = (text: string | undefined): JsonMap => {
  const parsed = text === undefined ? undefined : parseJson(text);
  return isMap(parsed) ? parsed : {};
};

/** Anybody may have written it: only what it should hold is taken. */
const unpinned = (registry: JsonMap): Selection | undefined => {
  const selection = selectionIn(registry);
  return selection.tag === undefined ? selection : undefined;
};
