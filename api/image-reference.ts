import { isDockerHub, wireRepository } from './docker-hub.js';

/** The parts of a container image's name, as a node completes it. */
export interface ImageReference {
  /** Lower case, with the port; `docker.io` where the name has none. */
  readonly host: string;
  /** With `library/` in front where Docker Hub has it so. */
  readonly repository: string;
  /** `latest` where the name has neither tag nor digest; missing where it has a digest, which overrides the tag. */
  readonly tag?: string;
  /** `sha256:…` */
  readonly digest?: string;
}

/** Reads the name of an image: `ubuntu`, `ghcr.io/acme/werf:2`, `werf@sha256:…`. Takes anything; never throws. */
export const parseImageReference = (text: string): ImageReference => {
  const [named = '', digest] = splitAt(text, text.indexOf('@'));
  const slash = named.lastIndexOf('/');
  const colon = named.indexOf(':', slash + 1);
  const [path = '', tag] = splitAt(named, colon);
  const { host, repository } = placeOf(path);
  return {
    host: isDockerHub(host) ? 'docker.io' : host,
    repository: wireRepository({ host, repository }),
    ...(digest === undefined ? { tag: tag ?? 'latest' } : { digest }),
  };
};

const splitAt = (text: string, at: number): readonly string[] =>
  at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];

/** The first part is a host only if it looks like one: with a dot, with a port, or localhost. */
const placeOf = (path: string): { readonly host: string; readonly repository: string } => {
  const slash = path.indexOf('/');
  const first = path.slice(0, Math.max(slash, 0));
  return /[.:]|^localhost$/.test(first)
    ? { host: first.toLowerCase(), repository: path.slice(slash + 1) }
    : { host: 'docker.io', repository: path };
};
