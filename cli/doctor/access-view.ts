import { checkCaSecret } from '../../api/references/ca-secret.js';
import type { Checked } from '../../api/references/fault.js';
import { type Reference, referenceFor, referencesOf } from '../../api/references/references.js';
import { checkRegistrySecret } from '../../api/references/registry-secret.js';
import { checkWerfKey } from '../../api/references/werf-key.js';
import { parseSpec } from '../../api/settings.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { readReference } from '../../controller/observe/read-reference.js';
import type { Reads } from '../../kube/get-once.js';
import { SECRETS } from '../../kube/resources.js';
import type { RegistryTarget } from '../../registry/port.js';
import { type Known, known, knownFrom, mapKnown, unknown } from '../diagnosis/known.js';
import type { AccessView, SecretView } from './observation.js';

/** The Secrets by which a registry is accessed, checked. The credentials themselves are in `target` alone, for the registry. */
export const readAccessView = async (
  reads: Reads,
  bundle: StoredBundle,
  signal: AbortSignal,
): Promise<{ readonly view: AccessView; readonly target: Known<RegistryTarget> }> => {
  const references = referencesOf(bundle, bundle.metadata.namespace);
  const registry = referenceFor(references, 'registry-secret');
  const authority = referenceFor(references, 'ca-secret');
  const key = referenceFor(references, 'werf-key');
  const [credentials, ca, werfKey] = await Promise.all([
    knownFrom(readReference(reads, { type: SECRETS, reference: registry, check: checkRegistrySecret }, signal)),
    knownFrom(readReference(reads, { type: SECRETS, reference: authority, check: checkCaSecret }, signal)),
    knownFrom(readReference(reads, { type: SECRETS, reference: key, check: checkWerfKey }, signal)),
  ]);
  const usable = credentials.kind === 'known' && credentials.value.kind === 'usable' ? credentials.value : undefined;
  return {
    view: {
      registrySecret: secretView(registry, credentials),
      caSecret: secretView(authority, ca),
      werfKey: secretView(key, werfKey),
      origin: usable?.value?.origin ?? { kind: 'no-secret' },
      warnings: usable?.warnings ?? [],
    },
    target: targetOf(bundle, { credentials, ca }),
  };
};

const secretView = (reference: Reference | undefined, checked: Known<Checked<unknown>>): SecretView =>
  reference === undefined
    ? undefined
    : mapKnown(checked, (outcome) => (outcome.kind === 'usable' ? 'usable' : outcome));

const targetOf = (
  bundle: StoredBundle,
  {
    credentials,
    ca,
  }: {
    readonly credentials: Known<Checked<{ readonly credential: RegistryTarget['credential'] } | undefined>>;
    readonly ca: Known<Checked<string | undefined>>;
  },
): Known<RegistryTarget> => {
  const spec = parseSpec(bundle);
  if (spec.kind === 'invalid') return unknown('the spec is not valid');
  if (credentials.kind === 'unknown') return unknown(`it was not asked from here: ${credentials.why}`);
  if (ca.kind === 'unknown') return unknown(`it was not asked from here: ${ca.why}`);
  if (credentials.value.kind !== 'usable' || ca.value.kind !== 'usable')
    return unknown('it was not asked from here: a Secret for it can\u2019t be used');
  const { host, repository, insecure } = spec.settings.registry;
  const credential = credentials.value.value?.credential;
  return known({
    host,
    repository,
    insecure,
    ...(credential !== undefined && { credential }),
    ...(ca.value.value !== undefined && { ca: ca.value.value }),
  });
};
