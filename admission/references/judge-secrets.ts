import { X509Certificate } from 'node:crypto';
import { credentialFor, DOCKER_CONFIG_KEY, DOCKER_CONFIG_TYPE } from '../../api/docker-config.js';
import type { Secret } from '../../api/objects.js';
import { parseRegistryUrl } from '../../api/registry-url.js';
import { secretText } from '../../api/secret-text.js';
import { invalid } from '../../api/validate/wording.js';
import { denied, type Finding, lacking, noted } from './finding.js';
import type { Reference } from './subject.js';

/** A Secret that a spec names for one thing, not as a source of values. */
type SecretUse = Extract<Reference, { use: 'registry' | 'ca' | 'key' }>;

/** What is wrong with a Secret for what it is named for. Nothing of its contents is in the words. */
export const judgeSecret = (reference: SecretUse, secret: Secret): readonly Finding[] => {
  switch (reference.use) {
    case 'registry':
      return dockerConfig(reference, secret);
    case 'ca':
      return authority(reference, secret);
    case 'key':
      return werfKey(reference, secret);
  }
};

const where = ({ name, namespaces }: SecretUse): string => `Secret ${name} in namespace ${namespaces.join()}`;

const fault = (reference: SecretUse, what: string) =>
  invalid(reference.field, reference.name, `${where(reference)} ${what}`);
const broken = (reference: SecretUse, what: string): readonly Finding[] => [denied(fault(reference, what))];
const without = (reference: SecretUse, what: string): readonly Finding[] => [lacking(fault(reference, what))];

const dockerConfig = (reference: Extract<SecretUse, { use: 'registry' }>, secret: Secret): readonly Finding[] => {
  const text = secretText(secret, DOCKER_CONFIG_KEY);
  if (secret.type !== DOCKER_CONFIG_TYPE || text === undefined) {
    return broken(reference, `is of type ${secret.type ?? 'Opaque'}; ${DOCKER_CONFIG_TYPE} is needed`);
  }
  const url = typeof reference.url === 'string' ? parseRegistryUrl(reference.url) : undefined;
  if (url?.kind !== 'ok') return [];
  const match = credentialFor(text, url);
  switch (match.kind) {
    case 'found':
      return [];
    case 'invalid':
      return broken(reference, `is no docker config: ${match.reason}`);
    case 'none': {
      const words = `${where(reference)} has no entry for ${url.host}: the registry is asked without credentials`;
      return [noted(reference.field, words)];
    }
  }
};

const CA_KEY = 'ca.crt';

const authority = (reference: SecretUse, secret: Secret): readonly Finding[] => {
  const text = secretText(secret, CA_KEY);
  if (text === undefined) return without(reference, `has no key ${CA_KEY}`);
  return isCertificate(text) ? [] : broken(reference, `has no PEM certificate under ${CA_KEY}`);
};

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    // OpenSSL's words say nothing that helps.
    return false;
  }
};

const werfKey = (reference: Extract<SecretUse, { use: 'key' }>, secret: Secret): readonly Finding[] => {
  const text = secretText(secret, reference.key)?.trim();
  return text === undefined || text === '' ? without(reference, `has no key ${reference.key}, or it is empty`) : [];
};
