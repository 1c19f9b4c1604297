import { createHash } from 'node:crypto';
import { isDockerHub, wireRepository } from '../api/docker-hub.js';
import type { RegistryTarget } from './port.js';

/**
 * A name for everything that decides what a registry answers: host, repository, credential, TLS settings. Equal targets, equal
 * names; a SHA-256 in hex, so that no credential stands in a map's key or a heap dump's string table twice.
 */
export const targetKey = (target: RegistryTarget): string => {
  const { host, repository, insecure, credential, ca } = target;
  const secret = credential?.kind === 'basic' ? credential.password : credential?.token;
  const parts = [host.toLowerCase(), repository, insecure, credential?.kind, credential?.username, secret, ca];
  return createHash('sha256')
    .update(JSON.stringify(parts.map((part) => part ?? null)))
    .digest('hex');
};

/**
 * The URL of a repository's resource: `tags/list`, `manifests/v1`. Docker Hub is spoken to as registry-1.docker.io, where a
 * repository of one part lives below `library/`.
 */
export const resourceUrl = (target: RegistryTarget, resource: string): URL => {
  const hub = isDockerHub(target.host);
  const host = hub ? 'registry-1.docker.io' : target.host;
  const repository = wireRepository(target);
  return new URL(`${target.insecure ? 'http' : 'https'}://${host}/v2/${repository}/${resource}`);
};
