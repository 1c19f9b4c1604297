import { createHmac } from 'node:crypto';
import { canonicalJson } from './canonical-json.js';
import type { InstallationKey } from './signature.js';

/** The settings of a bundle that decide what is deployed; resource limits, timeouts and polling do not. */
export interface DeployRelevant {
  readonly registry: { readonly host: string; readonly repository: string };
  readonly converge: {
    readonly targetNamespace: string;
    readonly releaseName: string;
    readonly serviceAccountName?: string;
    /** Missing unless the spec sets it: a change of the platform's image must not cause a deployment. */
    readonly image?: string;
    readonly environment?: string;
    readonly rollbackOnFailure: boolean;
  };
}

/** Picks the settings that a checksum covers. */
export const deployRelevantOf = ({ registry, converge }: DeployRelevant): DeployRelevant => ({
  registry: { host: registry.host, repository: registry.repository },
  converge: {
    targetNamespace: converge.targetNamespace,
    releaseName: converge.releaseName,
    ...(converge.serviceAccountName !== undefined && { serviceAccountName: converge.serviceAccountName }),
    ...(converge.image !== undefined && { image: converge.image }),
    ...(converge.environment !== undefined && { environment: converge.environment }),
    rollbackOnFailure: converge.rollbackOnFailure,
  },
});

/**
 * Hashes what would be deployed: equal checksums of the same key mean equal settings and values. Keyed, because a plain
 * hash in the status would let its readers guess short values from Secrets.
 *
 * @param input.values - the resolved values, JSON-like; the order of keys does not matter
 * @param input.key - made at installation; `id` has no colon
 * @returns `<key id>:<64 hex digits>`; never throws
 */
export const deployChecksum = (input: {
  readonly settings: DeployRelevant;
  readonly values: unknown;
  readonly key: InstallationKey;
}): string => {
  const { registry, converge } = deployRelevantOf(input.settings);
  const relevant = { repository: `${registry.host}/${registry.repository}`, ...converge, values: input.values };
  const digest = createHmac('sha256', input.key.secret).update(canonicalJson(relevant)).digest('hex');
  return `${input.key.id}:${digest}`;
};

/** Keyed hash of a value that must not be shown, made as in {@link deployChecksum}: equal for equal values and keys. */
export const fingerprintOf = (value: unknown, key: InstallationKey): string =>
  `${key.id}:${createHmac('sha256', key.secret).update(canonicalJson(value)).digest('hex').slice(0, 32)}`;

/** Whether a checksum was made with the key of this id; others can't be compared. */
export const madeWith = (checksum: string, keyId: string): boolean => checksum.startsWith(`${keyId}:`);
