import { isDockerHub, wireRepository } from './docker-hub.js';

/** A repository's one name, whatever it was written as: `ghcr.io/acme/shop`. Docker Hub has several hosts, and its own images a part less. */
export const repositoryName = (target: { readonly host: string; readonly repository: string }): string =>
  `${isDockerHub(target.host) ? 'docker.io' : target.host.toLowerCase()}/${wireRepository(target)}`;
