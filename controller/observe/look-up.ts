import type { Need } from '../decide/decision.js';
import type { Observation } from '../decide/observation.js';
import { blocked, readDismissal } from './dismissal.js';
import { rightsMissing, unlessForbidden } from './forbidden.js';
import { readJobInputs } from './job-inputs.js';
import type { ObserveDeps } from './observe.js';
import { readTag } from './read-tag.js';

/** What can be looked up for a decision. A job slot is not among it: requesting one changes something. */
type LookUp = Exclude<Need, { readonly what: 'job-slot' }>;

/**
 * The observation completed by what a decision needs.
 * @throws KubeError when the apiserver could not be asked: then nothing is known, and nothing is decided
 */
export const lookUp = async (
  deps: ObserveDeps,
  seen: Observation,
  need: LookUp,
  signal: AbortSignal,
): Promise<Observation> => {
  const { bundle, platform, spec } = seen;
  switch (need.what) {
    case 'job-inputs': {
      const reading = readJobInputs(deps, { bundle, settings: need.settings, platform }, signal);
      return { ...seen, jobInputs: await unlessForbidden(reading, rightsMissing) };
    }
    case 'tag':
      return { ...seen, tagNow: await readTag(deps.registry, seen, { tag: need.tag, signal }) };
    case 'dismissal': {
      const reading = readDismissal(deps.client, { bundle, spec, platform, bundles: deps.lister.bundles() }, signal);
      return { ...seen, dismissal: await unlessForbidden(reading, blocked) };
    }
  }
};
