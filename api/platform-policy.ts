import { isDockerHub, wireRepository } from './docker-hub.js';
import { globMatches, hostMatches } from './host-glob.js';
import { type ImageReference, parseImageReference } from './image-reference.js';
import { valueAt } from './json-map.js';
import type { Problem } from './problem.js';
import { parseRegistryUrl } from './registry-url.js';
import { forbidden } from './validate/wording.js';

/**
 * Where bundles and werf may come from, where an empty list allows all; and what no bundle may use.
 *
 * A pattern is `host[:port][/path]`; `*` stands for any characters of one label of the host, or of one part of the path. What is
 * below a pattern's path is allowed too: `ghcr.io` is a whole registry, `ghcr.io/acme` all of acme's repositories (and not
 * `ghcr.io/acme-labs`), `*.corp.example` every host of one label more. A pattern for images may also end in `:tag`, with `*` again,
 * or in `@sha256:…`; then it is for that very repository, and an image with a digest needs the digest.
 */
export interface PlatformPolicy {
  readonly allowedRegistries: readonly string[];
  readonly allowedImages: readonly string[];
  /** Name of the Secret with the webhook's certificates, in the operator's namespace: no bundle may refer to it. */
  readonly certificateSecret: string;
}

interface RepositoryName {
  readonly host: string;
  readonly repository: string;
}

/** Where a bundle violates the platform's policy. Malformed fields are left to the rules of the spec. Never throws. */
export const policyProblems = (
  bundle: unknown,
  policy: Omit<PlatformPolicy, 'certificateSecret'>,
): readonly Problem[] => [
  ...registryProblems(valueAt(bundle, 'spec', 'registry', 'url'), policy.allowedRegistries),
  ...imageProblems(valueAt(bundle, 'spec', 'converge', 'image'), policy.allowedImages),
];

const registryProblems = (url: unknown, allowed: readonly string[]): readonly Problem[] => {
  if (allowed.length === 0 || typeof url !== 'string') return [];
  const repository = parseRegistryUrl(url);
  if (repository.kind === 'invalid' || allowed.some((pattern) => isBelow(pattern, repository))) return [];
  const words = `the platform allows no bundles from ${repository.host}/${repository.repository}, only from ${allowed.join(', ')}`;
  return [forbidden('registry-not-allowed', 'spec.registry.url', words)];
};

const imageProblems = (image: unknown, allowed: readonly string[]): readonly Problem[] => {
  if (allowed.length === 0 || typeof image !== 'string' || !/^[!-~]{1,512}$/.test(image)) return [];
  const reference = parseImageReference(image);
  if (allowed.some((pattern) => imageMatches(pattern, reference))) return [];
  return [
    forbidden(
      'image-not-allowed',
      'spec.converge.image',
      `the platform does not allow the image ${image}, only ${allowed.join(', ')}`,
    ),
  ];
};

/** Whether a repository is what a pattern names, or below it. */
const isBelow = (pattern: string, repository: RepositoryName): boolean => {
  const [host = '', ...globs] = partsOf(pattern);
  const parts = partsOf(wireRepository(repository));
  return (
    isSameHost(host.toLowerCase(), repository.host) &&
    globs.every((glob, index) => parts[index] !== undefined && globMatches(glob, parts[index]))
  );
};

const isSameHost = (pattern: string, host: string): boolean =>
  (isDockerHub(pattern) && isDockerHub(host)) || hostMatches(pattern, host);

const partsOf = (path: string): readonly string[] => path.split('/').filter((part) => part !== '');

const imageMatches = (pattern: string, image: ImageReference): boolean => {
  const end = /^(?<repository>[^@]*\/[^@:/]*)(?:@(?<digest>.+)|:(?<tag>.+))$/.exec(pattern)?.groups;
  if (end === undefined) return isBelow(pattern, image);
  const { repository = '', digest, tag } = end;
  if (!isBelow(repository, image) || partsOf(repository).length - 1 !== partsOf(image.repository).length) return false;
  return digest === undefined ? image.tag !== undefined && globMatches(tag ?? '', image.tag) : digest === image.digest;
};

/** Labels with a dot or a port, localhost, or an IPv6 address. */
const HOST_PATTERN = /^(localhost|[\w*-]+(\.[\w*-]+)+|[\w*-]+(?=:)|\[[0-9a-f:]+\])(:\d{1,5})?$/i;

/** Why a text is no pattern for registries or images, `"https://x": a pattern has no scheme; …`; undefined if it is one. */
export const patternFault = (pattern: string): string | undefined => {
  if (/:\/\//.test(pattern)) return `"${pattern}": a pattern has no scheme; write for example "ghcr.io/acme"`;
  const [host = ''] = partsOf(pattern);
  return HOST_PATTERN.test(host) && /^[!-~]+$/.test(pattern)
    ? undefined
    : `"${pattern}": a pattern begins with a host, for example "ghcr.io/acme" or "*.corp.example"`;
};
