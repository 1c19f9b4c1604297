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
  readonly origin: CredentialOrigin;
}

/**
 * Where the credentials for a registry come from, or why there are none; nothing of a Secret's contents. `secret`: kind, name and
 * namespace, for people. `unmatched`: it has so many `entries`, and so many that are `fitting` and hold no credentials.
 */
export type CredentialOrigin =
  | { readonly kind: 'no-secret' }
  | { readonly kind: 'entry'; readonly secret: string }
  | { readonly kind: 'unmatched'; readonly secret: string; readonly entries: number; readonly fitting: number };

const UNUSABLE = { kind: 'unusable', rule: 'registry-secret-unusable' } as const;

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
    return faultOf(reference, UNUSABLE, text);
  }
  return credentialsIn(reference, dockerConfig);
};

const credentialsIn = (reference: RegistrySecretReference, dockerConfig: string): Checked<RegistryCredentials> => {
  const url = typeof reference.url === 'string' ? parseRegistryUrl(reference.url) : undefined;
  // The rules of the spec report a malformed address.
  if (url?.kind !== 'ok') return usable({ dockerConfig, credential: undefined, origin: { kind: 'no-secret' } });
  const match = credentialFor(dockerConfig, url);
  const { field } = reference;
  const secret = nameIn(reference);
  switch (match.kind) {
    case 'found':
      return usable({ dockerConfig, credential: match.credential, origin: { kind: 'entry', secret } });
    case 'none': {
      const { entries, fitting } = match;
      const origin = { kind: 'unmatched', secret, entries, fitting } as const;
      const message = `${secret} has no entry for ${url.host}: the registry is asked without credentials`;
      return usable({ dockerConfig, credential: undefined, origin }, [
        { rule: 'registry-secret-other-host', field, message },
      ]);
    }
    case 'invalid':
      return faultOf(reference, UNUSABLE, `${secret} is no docker config: ${match.reason}`);
  }
};
