import { BEFORE_ROLLBACK } from '../../api/annotations.js';
import { isMap, type JsonMap } from '../../api/json-map.js';
import { parseJson } from '../../api/parse-json.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { LAST_APPLIED } from '../cluster/managers.js';
import { type Selection, selectionIn, selectionOf } from './target.js';

/**
 * How a bundle chooses its tag when nobody pins one: as its spec says; if that pins one, as it was before a rollback pinned just that, or as
 * the manifest says that was applied last. undefined: nobody knows.
 */
export const unpinnedSelection = ({ spec, metadata }: StoredBundle): Selection | undefined => {
  const now = selectionOf(spec);
  if (now.tag === undefined) return now;
  const { annotations = {} } = metadata;
  const kept = mapIn(annotations[BEFORE_ROLLBACK]);
  if (kept['pinned'] === now.tag && isMap(kept['before'])) return unpinned(kept['before']);
  const { spec: applied } = mapIn(annotations[LAST_APPLIED]);
  const registry = isMap(applied) ? applied['registry'] : undefined;
  return isMap(registry) ? unpinned(registry) : undefined;
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
