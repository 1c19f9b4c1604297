const DOCKER_HUB_HOSTS: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/** Whether a host, without port, is one of Docker Hub's names for its registry. */
export const isDockerHub = (host: string): boolean => DOCKER_HUB_HOSTS.has(host.toLowerCase());

/** The repository's name as the registry knows it, for paths and token scopes: Docker Hub's own are below `library/`. */
export const wireRepository = (target: { readonly host: string; readonly repository: string }): string => {
  const official = isDockerHub(target.host) && !target.repository.includes('/');
  return official ? `library/${target.repository}` : target.repository;
};
