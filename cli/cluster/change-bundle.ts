import { refOf } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { KubeError } from '../../kube/client.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { CommandError } from '../command-error.js';
import type { Session } from './session.js';

/** The controller writes the status of a busy bundle often; a person who changes it as often is not to be expected. */
const TRIES = 5;

/**
 * Changes a bundle by a merge patch under the version that was looked at. If it was changed meanwhile, it is read and decided anew.
 * @param patchFor - what to change, without metadata.resourceVersion; undefined: nothing
 * @param dryRun - the apiserver and its webhooks judge the patch, and nothing is stored
 * @returns the bundle as it is then, and whether it was patched
 * @throws CommandError if it is gone; KubeError for what the cluster refuses
 */
export const changeBundle = async (
  session: Pick<Session, 'client' | 'signal'>,
  bundle: StoredBundle,
  { patchFor, dryRun }: { readonly patchFor: (bundle: StoredBundle) => Patch | undefined; readonly dryRun?: true },
): Promise<{ readonly bundle: StoredBundle; readonly isPatched: boolean }> => {
  const ref = refOf(bundle);
  let seen = bundle;
  for (let left = TRIES; ; left -= 1) {
    const patch = patchFor(seen);
    if (patch === undefined) return { bundle: seen, isPatched: false };
    const { resourceVersion } = seen.metadata;
    const body = { ...patch, metadata: { ...patch.metadata, resourceVersion } };
    try {
      const options = { ...(dryRun && { dryRun }) };
      return {
        bundle: await session.client.mergePatch(WERFBUNDLES, ref, body, options, session.signal),
        isPatched: true,
      };
    } catch (error) {
      if (!(error instanceof KubeError && error.code === 'conflict') || left === 1) throw error;
      const now = await session.client.get(WERFBUNDLES, ref, session.signal);
      if (now === undefined || now.metadata.uid !== bundle.metadata.uid)
        throw new CommandError([`WerfBundle ${ref.namespace}/${ref.name} was deleted meanwhile`]);
      seen = now;
    }
  }
};

interface Patch {
  readonly metadata?: object;
  readonly spec?: object;
}
