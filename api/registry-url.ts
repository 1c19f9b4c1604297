import { isIPv6 } from 'node:net';

/** A repository's address, or why a text is none and what was probably meant. */
type ParsedRegistryUrl =
  | {
      readonly kind: 'ok';
      /** Lower case, with the port: `ghcr.io`, `localhost:5000`, `[::1]:5000`. */
      readonly host: string;
      /** Path below the host: `acme/app`. */
      readonly repository: string;
    }
  | {
      readonly kind: 'invalid';
      readonly reason: string;
      readonly suggestion?: { readonly url: string; readonly tag?: string };
    };

/** Longest host and path together, characters, by the distribution specification. */
export const MAX_URL_LENGTH = 255;
const OCI = 'oci://';
const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
/** A name counts as a host only if it can't be taken for a path: it has a dot or a port, or is localhost. */
const HOST = new RegExp(
  `^(?:${LABEL}(?:\\.${LABEL})+(?::\\d{1,5})?|${LABEL}:\\d{1,5}|localhost|\\[[0-9a-fA-F:]+\\](?::\\d{1,5})?)$`,
);
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

/**
 * Reads `host[:port]/path`, optionally behind `oci://`, by the grammar of distribution references. Names without a host
 * (`acme/app`) are refused, not completed. Never throws.
 * @see https://pkg.go.dev/github.com/distribution/reference
 */
export const parseRegistryUrl = (text: string): ParsedRegistryUrl => {
  const bare = text.startsWith(OCI) ? text.slice(OCI.length) : text;
  const fault = faultOf(bare);
  if (fault === undefined) {
    const slash = bare.indexOf('/');
    return { kind: 'ok', host: bare.slice(0, slash).toLowerCase(), repository: bare.slice(slash + 1) };
  }
  // Finding out what was meant takes time by the square of the length, and nobody means so much.
  if (bare.length > 4 * MAX_URL_LENGTH) return { kind: 'invalid', reason: fault };
  const { url, tag, removed } = cleaned(bare);
  const reason = removed.length > 0 ? `a repository without ${listed(removed)} is needed` : fault;
  const meant = completed(url);
  if (meant === undefined)
    return { kind: 'invalid', reason: reason === fault ? reason : `${reason}, and ${faultOf(url)}` };
  return { kind: 'invalid', reason, suggestion: { url: meant, ...(tag !== undefined && { tag }) } };
};

/** Whether a text is `host[:port]/path` just so, without `oci://`. Takes no time for texts that are too long. */
export const isRepositoryAddress = (text: string): boolean => faultOf(text) === undefined;

/** What is wrong with `host[:port]/path`; nothing if it is one. */
const faultOf = (bare: string): string | undefined => {
  if (bare.length > MAX_URL_LENGTH) return `may have at most ${MAX_URL_LENGTH} characters`;
  if (/\s/.test(bare)) return 'a repository has no white space in it';
  const slash = bare.indexOf('/');
  const host = slash < 0 ? bare : bare.slice(0, slash);
  if (!/[.:[]|^localhost$/.test(host)) {
    return 'the host of the registry is missing; a repository is written host[:port]/path, for example "ghcr.io/acme/app"';
  }
  if (!isHost(host)) return `${JSON.stringify(host)} is no host[:port]`;
  const path = slash < 0 ? '' : bare.slice(slash + 1);
  if (path === '')
    return 'the path of the repository is missing; it is written host[:port]/path, for example "ghcr.io/acme/app"';
  if (PATH.test(path)) return undefined;
  return /[A-Z]/.test(path) && PATH.test(path.toLowerCase())
    ? 'the path of a repository has no upper-case letters'
    : 'the path of a repository has lower-case letters and digits, with ".", "_", "__" or "-" between them, separated by "/"';
};

const isHost = (host: string): boolean => {
  if (!HOST.test(host)) return false;
  const [, address, port] = /^(.*?)(?::(\d+))?$/.exec(host.startsWith('[') ? host.replace(/^\[.*\]/, '') : host) ?? [];
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return false;
  return address !== '' || isIPv6(host.slice(1, host.indexOf(']')));
};

interface Cleaned {
  readonly url: string;
  readonly tag?: string;
  /** Names of the parts that were removed. */
  readonly removed: readonly string[];
}

/** Parts that people leave on a repository's address, the outermost first; of a match only the first group is kept, if it has one. */
const LEFTOVERS: readonly { readonly words: string; readonly pattern: RegExp }[] = [
  { words: 'white space', pattern: /^\s+|\s+$/g },
  { words: 'scheme', pattern: /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\// },
  { words: 'query', pattern: /[?#].*$/ },
  { words: 'trailing slash', pattern: /\/+$/ },
  { words: 'digest', pattern: /@sha\d+:[0-9A-Za-z]*$/ },
  { words: 'credentials', pattern: /^[^/]*@/ },
  { words: 'double slash', pattern: /(\/)\/+/g },
];

const cleaned = (bare: string): Cleaned => {
  const removed: string[] = [];
  let url = bare;
  for (const { words, pattern } of LEFTOVERS) {
    const next = url.replace(pattern, words === 'double slash' ? '$1' : '');
    if (next !== url) removed.push(words);
    url = next;
  }
  // A tag can only follow the last slash: before that, a colon separates the port.
  const tagged = /^(.*\/[^/:]*):([^/:]*)$/.exec(url);
  if (tagged === null) return { url, removed };
  const [, repository = '', tag = ''] = tagged;
  const words = [...removed, 'tag'];
  return /^\w[\w.-]{0,127}$/.test(tag) ? { url: repository, tag, removed: words } : { url: repository, removed: words };
};

/** The address that `url` was probably meant to be. */
const completed = (url: string): string | undefined => {
  const slash = url.indexOf('/');
  const lower = slash < 0 ? url : url.slice(0, slash) + url.slice(slash).toLowerCase();
  return [url, lower, `docker.io/${url.toLowerCase()}`].find(
    (candidate, index) => faultOf(candidate) === undefined && (index < 2 || slash > 0),
  );
};

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
