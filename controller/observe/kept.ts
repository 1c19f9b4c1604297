import { deployRelevantOf } from '../../api/checksum.js';
import { referencesOf } from '../../api/references/references.js';
import type { Settings } from '../../api/settings.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { Reads } from '../../kube/get-once.js';
import { SECRETS } from '../../kube/resources.js';
import type { Kept, Observation, Platform } from '../decide/observation.js';
import { type KeptContents, keptContents } from '../deploy/kept.js';
import { unlessForbidden } from './forbidden.js';
import { readAccount } from './job-inputs.js';
import { judge } from './judge.js';
import { blockerOf } from './read-reference.js';

interface KeptDeps {
  readonly reads: Reads;
  readonly platform: Platform;
}

const gone = (why: string): Kept => ({ kind: 'gone', why });
const NOT_KEPT = gone('what it was deployed with is not kept');

/**
 * What the last successful deployment was made with, if the controller itself has kept it, and a Job may still be made with it: the rules, the
 * platform's policy and the ServiceAccount are judged as they are now.
 * @throws KubeError when the apiserver could not be asked
 */
export const readKept = async (
  { reads, platform }: KeptDeps,
  { bundle }: Pick<Observation, 'bundle'>,
  settings: Settings,
  signal: AbortSignal,
): Promise<Kept> => {
  const reading = readAllowed({ reads, platform }, { bundle, settings }, signal);
  return await unlessForbidden(reading, gone);
};

const readAllowed = async (
  { reads, platform }: KeptDeps,
  { bundle, settings }: { readonly bundle: StoredBundle; readonly settings: Settings },
  signal: AbortSignal,
): Promise<Kept> => {
  const { kept, appliedChecksum: checksum } = bundle.status ?? {};
  if (kept === undefined || checksum === undefined) return NOT_KEPT;
  const secret = await reads.get(SECRETS, { namespace: kept.namespace, name: kept.name }, signal);
  const of = { uid: bundle.metadata.uid, namespace: kept.namespace, checksum };
  const contents = secret && keptContents(secret, of, platform.checksumKey);
  if (contents === undefined) return NOT_KEPT;
  const moved = movedSince(contents, settings);
  if (moved !== undefined) return gone(moved);
  const asKept = withKept(bundle, contents);
  const spec = judge(asKept, platform);
  if (spec.kind === 'invalid')
    return gone(`as it was deployed, ${spec.problems.map(({ field, message }) => `${field}: ${message}`).join('; ')}`);
  const account = await readAccount(reads, referencesOf(asKept, bundle.metadata.namespace), signal);
  if (account.kind !== 'usable') return gone(`as it was deployed, ${blockerOf(account).message}`);
  const { valuesArgs, valuesFile, secretTexts } = contents;
  return { kind: 'there', checksum, settings: spec.settings, inputs: { valuesArgs, valuesFile, secretTexts } };
};

/** Where it came from and went to has to be the same: credentials are those of now, and a release elsewhere is another one. */
const movedSince = ({ settings }: KeptContents, present: Settings): string | undefined => {
  const [then, now] = [settings, deployRelevantOf(present)];
  if (then.registry.host !== now.registry.host || then.registry.repository !== now.registry.repository)
    return `it was deployed from ${then.registry.host}/${then.registry.repository}, and the spec names another repository now`;
  const isSame =
    then.converge.targetNamespace === now.converge.targetNamespace &&
    then.converge.releaseName === now.converge.releaseName;
  return isSame
    ? undefined
    : `it was deployed as release ${then.converge.releaseName} in namespace ${then.converge.targetNamespace}, and the spec names another one now`;
};

/** The bundle with what the checksum covers as it was then. */
const withKept = (bundle: StoredBundle, { settings: { converge: then } }: KeptContents): StoredBundle => {
  const { serviceAccountName: _, image: __, environment: ___, ...rest } = bundle.spec.converge ?? {};
  const converge = {
    ...rest,
    ...(then.serviceAccountName !== undefined && { serviceAccountName: then.serviceAccountName }),
    ...(then.image !== undefined && { image: then.image }),
    ...(then.environment !== undefined && { environment: then.environment }),
    rollbackOnFailure: then.rollbackOnFailure,
  };
  return { ...bundle, spec: { ...bundle.spec, converge } };
};
