import { credentialFor, DOCKER_CONFIG_KEY, DOCKER_CONFIG_TYPE, type RegistryCredential } from '../docker-config.js';
import type { Secret } from '../objects.js';
import { parseRegistryUrl } from '../registry-url.js';
import { secretText } from '../secret-text.js';
import { absent, type Checked, faultOf, nameIn, usable } from './fault.js';
import type { RegistrySecretReference } from './references.js';

/** What a registry Secret holds for a bundle. */
interface RegistryCredentials {
  /** The whole docker config; never logged, never part of a message. */
  readonly dockerConfig: string;
  /** undefined: it has no entry for the registry, which is then asked without credentials. */
  readonly credential: RegistryCredential | undefined;
}

/** Checks the Secret with the credentials for a bundle's registry; the value is undefined if the Secret is optional and does not exist. */
export const checkRegistrySecret = (
  reference: RegistrySecretReference,
  secret: Secret | undefined,
): Checked<RegistryCredentials | undefined> => {
  if (secret === undefined) return reference.optional ? usable(undefined) : absent(reference);
  const dockerConfig = secretText(secret, DOCKER_CONFIG_KEY);
  const { type = 'Opaque' } = secret;
  if (type !== DOCKER_CONFIG_TYPE || dockerConfig === undefined) {
    const text = `${nameIn(reference)} is of type ${type}; ${DOCKER_CONFIG_TYPE} is needed`;
    return faultOf(reference, 'unusable', text);
  }
  return credentialsIn(reference, dockerConfig);
};

const credentialsIn = (reference: RegistrySecretReference, dockerConfig: string): Checked<RegistryCredentials> => {
  const url = typeof reference.url === 'string' ? parseRegistryUrl(reference.url) : undefined;
  // The rules of the spec report a malformed address.
  if (url?.kind !== 'ok') return usable({ dockerConfig, credential: undefined });
  const match = credentialFor(dockerConfig, url);
  const { field } = reference;
  switch (match.kind) {
    case 'found':
      return usable({ dockerConfig, credential: match.credential });
    case 'none': {
      const message = `${nameIn(reference)} has no entry for ${url.host}: the registry is asked without credentials`;
      return usable({ dockerConfig, credential: undefined }, [{ field, message }]);
    }
    case 'invalid':
      return faultOf(reference, 'unusable', `${nameIn(reference)} is no docker config: ${match.reason}`);
  }
};
