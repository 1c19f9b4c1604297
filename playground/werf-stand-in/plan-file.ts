import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { wholeSeconds } from '../../api/timestamp.js';
import type { Chart } from './chart.js';
import type { DeployedObject } from './deployed-object.js';
import { during } from './observe.js';
import type { Planned } from './plan.js';
import type { Values } from './values.js';
import { say } from './words.js';

/** What a plan was made of, and what it would do: enough to do just that later. */
interface PlanContent {
  readonly tag: string;
  readonly digest: string;
  readonly chart: Chart;
  readonly values: Values;
  readonly desired: DeployedObject;
  readonly planned: Planned;
}

/** A plan as `--save-plan` keeps it. */
interface SavedPlan {
  readonly release: { readonly name: string; readonly namespace: string; readonly revision: number };
  /** RFC 3339. */
  readonly timestamp: string;
  readonly content: PlanContent;
}

/** The file as werf 3.2 writes it: gzip JSON, with the content as a text in it, which is encrypted if there is a key. */
interface PlanFile {
  readonly apiVersion: string;
  readonly dataRaw: string;
  readonly encrypted: boolean;
  readonly release: SavedPlan['release'];
  readonly timestamp: string;
}

const API_VERSION = 'v2';
const IV_BYTES = 16;

/** As werf writes it: the length of the IV in two bytes, the IV, and AES-CBC, all in hexadecimal. */
const encrypted = (text: string, key: string): string => {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(...algorithmOf(key), iv);
  return Buffer.concat([Buffer.from([IV_BYTES, 0]), iv, cipher.update(text, 'utf8'), cipher.final()]).toString('hex');
};

const decrypted = (hex: string, key: string): string => {
  const bytes = Buffer.from(hex, 'hex');
  const decipher = createDecipheriv(...algorithmOf(key), bytes.subarray(2, 2 + IV_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(2 + IV_BYTES)), decipher.final()]).toString('utf8');
};

/** @throws Error in werf's words for a key that is none */
const algorithmOf = (key: string): readonly [string, Buffer] => {
  if (/[^0-9a-f]/i.test(key)) throw new Error('get yaml encoder: check encryption key: encoding/hex: invalid byte');
  const bytes = Buffer.from(key, 'hex');
  if (![16, 24, 32].includes(bytes.length) || bytes.length * 2 !== key.length)
    throw new Error(`get yaml encoder: check encryption key: crypto/aes: invalid key size ${bytes.length}`);
  return [`aes-${bytes.length * 8}-cbc`, bytes];
};

/** @param key - WERF_SECRET_KEY; '': the plan is not encrypted @throws Error in werf's words */
export const writePlan = async (
  path: string,
  { release, timestamp, content }: SavedPlan,
  key: string,
): Promise<void> => {
  const text = JSON.stringify(content);
  const write = async () => {
    const dataRaw = key === '' ? text : encrypted(text, key);
    const file: PlanFile = { apiVersion: API_VERSION, dataRaw, encrypted: key !== '', release, timestamp };
    await writeFile(path, gzipSync(JSON.stringify(file)), { mode: 0o644 });
  };
  await during(`save install plan to "${path}"`, write());
};

/** @throws Error in werf's words, as when it is too old */
export const readPlan = async (
  path: string,
  { key, now, lifetimeMs }: { readonly key: string; readonly now: Date; readonly lifetimeMs: number },
): Promise<SavedPlan> => {
  const plan = await during(`read plan artifact from ${path}`, read(path, key));
  const until = Date.parse(plan.timestamp) + lifetimeMs;
  if (until < now.getTime())
    throw new Error(say('planExpired', { lifetime: goDuration(lifetimeMs), until: wholeSeconds(until) }));
  return plan;
};

const read = async (path: string, key: string): Promise<SavedPlan> => {
  const bytes = await during('open plan artifact file', readFile(path));
  const { apiVersion, dataRaw, encrypted: isEncrypted, release, timestamp } = parsed(bytes);
  if (apiVersion !== API_VERSION)
    throw new Error(`plan artifact ${apiVersion} is not supported by the current version`);
  if (isEncrypted && key === '') throw new Error('artifact is encrypted but no secret key provided');
  const text = isEncrypted ? readable(dataRaw, key) : dataRaw;
  return { release, timestamp, content: JSON.parse(text) as PlanContent };
};

const parsed = (bytes: Buffer): PlanFile => {
  try {
    return JSON.parse(gunzipSync(bytes).toString('utf8')) as PlanFile;
  } catch {
    throw new Error('create gzip reader: gzip: invalid header');
  }
};

const readable = (hex: string, key: string): string => {
  try {
    return decrypted(hex, key);
  } catch {
    throw new Error('decrypt artifact data: decryption failed: check encryption key and data');
  }
};

/** `2h0m0s`, as Go prints a time of hours. */
const goDuration = (ms: number): string => {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 3600)}h${Math.floor((seconds % 3600) / 60)}m${seconds % 60}s`;
};
