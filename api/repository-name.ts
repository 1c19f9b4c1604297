import { isDockerHub, wireRepository } from './docker-hub.js';

/** A registry's one name, whatever its host was written as: Docker Hub has several. */
export const registryName = (host: string): string => (isDockerHub(host) ? 'docker.io' : host.toLowerCase());

/** A repository's one name: `ghcr.io/acme/shop`. Docker Hub's own images are written with a part less than they have. */
export const repositoryName = (target: { readonly host: string; readonly repository: string }): string =>
  `${registryName(target.host)}/${wireRepository(target)}`;
