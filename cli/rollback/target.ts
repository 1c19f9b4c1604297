import type { JsonMap } from '../../api/json-map.js';
import { rollbackOf } from '../../api/rollback.js';
import type { StoredBundle, WerfBundleSpec } from '../../api/werfbundle.js';
import { CommandError } from '../command-error.js';

/** Fields of spec.registry that choose a tag; `tag` excludes all others. */
const SELECTION = ['tag', 'versionConstraint', 'tagPattern', 'tagOrder'] as const;
/** How a bundle chooses its tag. */
export type Selection = Readonly<Partial<Record<(typeof SELECTION)[number], string>>>;

/** How a bundle's spec has it. */
export const selectionOf = ({ registry }: WerfBundleSpec): Selection => selectionIn({ ...registry });

/** What of a map chooses a tag; anything else is left out. */
export const selectionIn = (registry: JsonMap): Selection =>
  Object.fromEntries(SELECTION.flatMap((name) => (typeof registry[name] === 'string' ? [[name, registry[name]]] : [])));

/** A merge patch of spec.registry that makes one choice of another: what is left out there is taken away. */
export const patchOfSelection = (from: Selection, to: Selection): object =>
  Object.fromEntries(SELECTION.filter((name) => from[name] !== to[name]).map((name) => [name, to[name] ?? null]));

/**
 * The tag to go back to: the one that was given, or the last other one that was deployed with success.
 * @param how.pins - by spec.registry.tag; otherwise what is deployed may be named, to stay at it
 * @throws CommandError if there is none, or it would change nothing
 */
export const rollbackTag = (
  bundle: StoredBundle,
  { given, pins }: { readonly given: string | undefined; readonly pins: boolean },
): string => {
  const { status, metadata, spec } = bundle;
  const which = `${metadata.namespace}/${metadata.name}`;
  const succeeded = (status?.history ?? [])
    .filter(({ result, reason }) => result === 'Succeeded' && reason !== 'Dismiss')
    .map(({ tag }) => tag);
  const tried = status?.deployment?.tag ?? status?.lastAppliedTag;
  const isDeployed = tried !== undefined && tried === status?.lastAppliedTag;
  // A pin is what to get away from, be it that nothing came of it: then what is deployed is the way back.
  const held = rollbackOf(bundle);
  const from = held ?? spec.registry.tag ?? tried;
  if (given !== undefined) {
    if (!pins && held === given) throw new CommandError([`${which}: it is rolled back to ${given} already`]);
    if (held === undefined && spec.registry.tag === given)
      throw new CommandError([`${which}: spec.registry.tag is ${given} already`]);
    if (pins && held === undefined && isDeployed && from === given)
      throw new CommandError([
        `${which}: ${given} is what is deployed${others(succeeded, given)}; to keep it from being followed by others, set spec.registry.tag`,
      ]);
    return given;
  }
  const earlier = succeeded.find((tag) => tag !== from);
  if (earlier !== undefined) return earlier;
  const known = tried === undefined ? 'nothing was deployed yet' : `status.history has no other tag than ${from}`;
  throw new CommandError([`${which}: there is nothing to go back to: ${known}; --to names any tag of the registry`]);
};

const others = (succeeded: readonly string[], tag: string): string => {
  const rest = [...new Set(succeeded)].filter((other) => other !== tag);
  return rest.length === 0 ? '' : `; before it there were ${rest.join(', ')}`;
};
