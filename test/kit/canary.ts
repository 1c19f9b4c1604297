import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { isMap, valueAt } from '../../api/json-map.js';

/** Nothing else in a spec's run holds it, and no encoding of JSON, YAML or URLs changes it. */
const MARK = randomBytes(5).toString('hex');

/**
 * What stands in every Secret of the specs where something secret would: `canary-1f0c…-password-1f0c…`. A part of it is known again,
 * too: it is marked at both ends.
 * @param what - for whoever reads the spec
 */
export const canary = (what: string): string => `canary-${MARK}-${what}-${MARK}`;

/** What a text looks like within base64, whatever stands before and after it: one for each place that it may begin at. */
const inBase64 = (text: string): readonly string[] =>
  [0, 1, 2].map((before) => {
    const encoded = Buffer.from('x'.repeat(before) + text).toString('base64');
    // The characters at its ends have bits of its neighbours, too.
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + text.length) * 8) / 6));
  });

/** Base64 of base64 is what a registry's credentials are in a Secret's data. */
const patternOf = (texts: readonly string[]): RegExp => {
  const forms = texts.flatMap((text) => {
    const encoded = inBase64(text);
    return [text, ...encoded, ...encoded.flatMap(inBase64)];
  });
  return new RegExp(forms.map((form) => form.replace(/[^\w ]/g, '\\$&')).join('|'));
};

const READS = ['get', 'list', 'watch'];

/** As the apiserver knows webhook, controller and receiver. */
export const OPERATOR_USERS = ['webhook', 'controller', 'receiver'].map(
  (name) => `system:serviceaccount:k8s-werf-operator-go-system:werfbundle-${name}`,
);

/**
 * Audit policy for specs: all that anybody writes, Secrets included, as it was asked for and as it was stored; and of what webhook and
 * controller read, that they did.
 */
export const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'Metadata', users: OPERATOR_USERS, verbs: READS },
    { level: 'None', verbs: READS },
    { level: 'RequestResponse' },
  ],
};

/** Output of Pods, which is theirs; content of registries, which is no text. */
const NOT_LOOKED_AT = new Set(['pods', 'storage', 'etcd']);
const LOOKED_AT = /\.(log|metrics)$/;

/** Keeps what a program answers at /metrics, where {@link leaksIn} finds it. One that was killed or is paused has no answer. */
export const keepMetrics = async (file: string, healthPort: string | number): Promise<void> => {
  const address = `http://127.0.0.1:${healthPort}/metrics`;
  const answer = await fetch(address, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
  if (answer !== undefined) await writeFile(file, await answer.text());
};

/**
 * Looks for canaries where none may be, in a spec's folder: in what was written to the apiservers (`*-audit.log`, by
 * {@link AUDIT_POLICY}) outside of Secrets, in logs (`*.log`) and metrics (`*.metrics`). And in Secrets of people, where each text
 * must have one, or be PEM: without, nothing could be found.
 * @param others - texts of Secrets that the spec has not made: canaries, too
 * @returns where: `kube-apiserver-audit.log: create configmaps ops/copy: requestObject.data.password`; nothing of what stands there
 */
export const leaksIn = async (dir: string, others: readonly string[] = []): Promise<readonly string[]> => {
  const pattern = patternOf([MARK, ...others]);
  const found = new Set<string>();
  for (const file of await filesIn(dir)) {
    const name = relative(dir, file);
    const judge = name.endsWith('-audit.log') ? judgeWrite : judgeLine;
    let number = 0;
    for await (const line of createInterface(createReadStream(file))) {
      number += 1;
      for (const where of judge({ line, number, pattern })) found.add(`${name}: ${where}`);
    }
  }
  return [...found];
};

const filesIn = async (dir: string): Promise<readonly string[]> => {
  const entries = await readdir(dir, { withFileTypes: true });
  const below = entries.map(async (entry): Promise<readonly string[]> => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return NOT_LOOKED_AT.has(entry.name) ? [] : filesIn(path);
    return LOOKED_AT.test(entry.name) ? [path] : [];
  });
  return (await Promise.all(below)).flat();
};

interface Line {
  readonly line: string;
  readonly number: number;
  /** Of all canaries. */
  readonly pattern: RegExp;
}

const judgeLine = ({ line, number, pattern }: Line): readonly string[] => {
  if (!pattern.test(line)) return [];
  if (!line.startsWith('{')) return [`line ${number}`];
  return marked(JSON.parse(line), pattern).map((path) => `line ${number}: ${path}`);
};

/** Of an audit event. */
const judgeWrite = ({ line, pattern }: Line): readonly string[] => {
  const isOfSecret = line.includes('"resource":"secrets"');
  if (!isOfSecret && !pattern.test(line)) return [];
  const event: unknown = JSON.parse(line);
  const target = ['resource', 'namespace', 'name', 'subresource'].map((field) => valueAt(event, 'objectRef', field));
  const [resource, namespace, name, subresource] = target.map((part) => (typeof part === 'string' ? part : ''));
  const what = [valueAt(event, 'verb'), [resource, subresource].filter(Boolean).join('/'), `${namespace}/${name}`];
  const faults = resource === 'secrets' ? withoutCanary(event, pattern) : marked(event, pattern);
  return faults.map((fault) => `${what.join(' ')}: ${fault}`);
};

/** Keys of a person's Secret that nobody could find again. What the operator, Jobs and Kubernetes itself write is made of others. */
const withoutCanary = (event: unknown, pattern: RegExp): readonly string[] => {
  const made = valueAt(event, 'responseObject');
  const data = valueAt(made, 'data');
  const isOfPrograms = String(valueAt(event, 'user', 'username')).startsWith('system:');
  if (isOfPrograms || valueAt(made, 'type') === 'kubernetes.io/service-account-token' || !isMap(data)) return [];
  return Object.entries(data).flatMap(([key, value]) => {
    const text = Buffer.from(String(value), 'base64').toString();
    return pattern.test(text) || text.startsWith('-----BEGIN ') ? [] : [`data.${key} holds no canary`];
  });
};

/** Paths of all texts and names with a canary. */
const marked = (value: unknown, pattern: RegExp, path = ''): readonly string[] => {
  if (typeof value === 'string') return pattern.test(value) ? [path] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) =>
    pattern.test(key) ? [`${path} (a name in it)`] : marked(part, pattern, path === '' ? key : `${path}.${key}`),
  );
};
