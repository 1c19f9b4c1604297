import { isMap, type JsonMap } from '../api/json-map.js';
import { parsePlatformYaml } from '../api/platform-yaml.js';
import { parseRegistryUrl } from '../api/registry-url.js';
import { registryName } from '../api/repository-name.js';
import { nearest } from '../process/nearest.js';
import type { Receiver, Receivers } from './receivers.js';
import { SENDERS, type SenderType } from './senders/sender-table.js';

type ParsedReceivers =
  | { readonly kind: 'ok'; readonly receivers: Receivers }
  /** Each says what is wrong, and where, for the author of the file. None quotes a secret. */
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

/** Reads a file beside the receivers' own. @returns undefined if there is none */
type ReadsSecret = (file: string) => string | undefined;

type Refuse = (field: string, words: string) => void;

const TYPES = Object.keys(SENDERS) as readonly SenderType[];
const FIELDS: readonly string[] = ['name', 'type', 'registry', 'secretFiles'];
/** As a DNS label: it stands in a URL and in a metric. */
const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** No path: the files stand beside this one. */
const FILE = /^[\w.-]{1,253}$/;
/** Shorter secrets can be guessed. */
const LEAST_SECRET = 16;

/**
 * Reads `receivers.yaml`: `receivers: [{name, type, registry, secretFiles}]`. All problems at once; never throws.
 * @param secretIn - reads the files that it names
 */
export const parseReceivers = (text: string, secretIn: ReadsSecret): ParsedReceivers => {
  const parsed = parsePlatformYaml(text);
  if (parsed.kind === 'invalid') return invalid([`it is no YAML: ${parsed.why}`]);
  const root = parsed.value;
  if (!isMap(root) || !Array.isArray(root['receivers'])) return invalid(['a list "receivers" is needed']);
  const problems: string[] = [];
  const refuse: Refuse = (field, words) => problems.push(`${field}: ${words}`);
  for (const field of Object.keys(root)) if (field !== 'receivers') refuse(field, 'is no field; only receivers is one');
  const receivers = new Map<string, Receiver>();
  for (const [index, item] of root['receivers'].entries()) {
    const receiver = receiverOf(item, { path: `receivers[${index}]`, secretIn }, refuse);
    if (receivers.has(receiver.name))
      refuse(`receivers[${index}].name`, `there is another receiver "${receiver.name}"`);
    receivers.set(receiver.name, receiver);
  }
  return problems.length > 0 ? invalid(problems) : { kind: 'ok', receivers };
};

const invalid = (problems: readonly string[]): ParsedReceivers => ({ kind: 'invalid', problems });

const receiverOf = (
  item: unknown,
  { path, secretIn }: { readonly path: string; readonly secretIn: ReadsSecret },
  refuse: Refuse,
): Receiver => {
  if (!isMap(item)) refuse(path, `a map of ${FIELDS.join(', ')} is needed`);
  const fields: JsonMap = isMap(item) ? item : {};
  for (const field of Object.keys(fields)) {
    const near = FIELDS.includes(field) ? undefined : (nearest(FIELDS, field) ?? FIELDS.join(', '));
    if (near !== undefined) refuse(`${path}.${field}`, `is no field of a receiver; there is ${near}`);
  }
  const { name, type, registry, secretFiles } = fields;
  if (typeof name !== 'string' || !NAME.test(name))
    refuse(`${path}.name`, 'a name of lower-case letters, digits and "-" is needed; it is the end of the URL');
  const known = TYPES.find((one) => one === type);
  if (known === undefined) refuse(`${path}.type`, `must be one of ${TYPES.join(', ')}`);
  return {
    name: String(name),
    type: known ?? 'Generic',
    registry: registryOf(registry, `${path}.registry`, refuse),
    secrets: secretsOf(secretFiles, { path: `${path}.secretFiles`, secretIn, type: known ?? 'Generic' }, refuse),
  };
};

const registryOf = (value: unknown, path: string, refuse: Refuse): Receiver['registry'] => {
  const words =
    'the registry is needed as the bundles\' url has it, with or without a path: "ghcr.io/acme" or "registry.corp.example"';
  const written = typeof value === 'string' ? value.replace(/^oci:\/\//, '') : '';
  const hasPath = written.includes('/');
  // A registry alone is no repository: it is read with one in it.
  const parsed = parseRegistryUrl(hasPath ? written : `${written}/any`);
  if (parsed.kind === 'invalid') {
    refuse(path, words);
    return { host: '', path: undefined };
  }
  return { host: registryName(parsed.host), path: hasPath ? parsed.repository : undefined };
};

const secretsOf = (
  value: unknown,
  { path, secretIn, type }: { readonly path: string; readonly secretIn: ReadsSecret; readonly type: SenderType },
  refuse: Refuse,
): readonly string[] => {
  if (!Array.isArray(value) || value.length === 0) {
    refuse(path, 'a list of names of files beside this one is needed, with a secret in each');
    return [];
  }
  return value.map((file: unknown, index) => {
    const at = `${path}[${index}]`;
    if (typeof file !== 'string' || !FILE.test(file)) {
      refuse(at, 'the name of a file beside this one is needed, without a folder');
      return '';
    }
    const secret = secretIn(file)?.replace(/\r?\n$/, '');
    const fault =
      secret === undefined ? 'there is no file of this name beside this one' : secretFault(secret, { file, type });
    if (fault !== undefined) refuse(at, fault);
    return secret ?? '';
  });
};

const secretFault = (
  secret: string,
  { file, type }: { readonly file: string; readonly type: SenderType },
): string | undefined => {
  if (secret.length < LEAST_SECRET) return `the secret in "${file}" needs ${LEAST_SECRET} characters or more`;
  if (SENDERS[type].proof.kind === 'path')
    return /^[\w-]+$/.test(secret)
      ? undefined
      : `the secret in "${file}" stands in a URL: only letters, digits, "-" and "_" may be in it`;
  return /^[\x21-\x7e]+$/.test(secret)
    ? undefined
    : `the secret in "${file}" has white space or letters that no header may have`;
};
