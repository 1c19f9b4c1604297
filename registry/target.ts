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
export const resourceUrl = (target: RegistryTarget, resource: string): URL =>
  new URL(`${origin(target)}/v2/${wireRepository(target)}/${resource}`);

/** The URL of the first page of the list of a registry's repositories. */
export const catalogUrl = (target: RegistryTarget): URL => new URL(`${origin(target)}/v2/_catalog?n=1000`);

const origin = ({ host, insecure }: RegistryTarget): string =>
  `${insecure ? 'http' : 'https'}://${isDockerHub(host) ? 'registry-1.docker.io' : host}`;
