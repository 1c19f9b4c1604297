import { createHash } from 'node:crypto';
import { isMap } from './json-map.js';
import { parseJson } from './parse-json.js';
import { isRepositoryAddress } from './registry-url.js';
import { parseTime, preciseTime } from './timestamp.js';
import { formatTraceparent, parseTraceparent, type TraceContext } from './traceparent.js';

/**
 * How receivers tell controllers of pushes: a key for each repository in a ConfigMap of the operator's namespace. Any number of receivers
 * write it, and whichever controllers lead, watch it; so a receiver needs no other right, and a push outlives a change of leaders.
 */
export const PUSHES_CONFIGMAP = 'werfbundle-pushes';

/** How long a push stays there, milliseconds: as long as a change of leaders may take. */
export const PUSH_KEPT_MS = 5 * 60_000;

/** How many pushes stay there, the newest: each write stores them all anew. What is pushed out, the controllers have mostly seen. */
export const PUSHES_KEPT = 128;

/** Something was pushed. */
export interface PushRecord {
  /** The repository, by its `repositoryName`. */
  readonly name: string;
  /** Those below it are meant as well. */
  readonly below: boolean;
  /** When the push was received, milliseconds since 1970. */
  readonly at: number;
  /** Where in a trace it was received; undefined: it was not traced. */
  readonly trace?: TraceContext | undefined;
}

/** The key of a repository: its name has characters that a ConfigMap's key must not have. */
export const pushKey = ({ name, below }: Pick<PushRecord, 'name' | 'below'>): string =>
  createHash('sha256')
    .update(below ? `${name}/` : name)
    .digest('hex')
    .slice(0, 32);

/** Writes the text of a key: `{"repository":"ghcr.io/acme/shop","time":"2026-11-30T09:00:00.000Z"}`. */
export const encodePush = ({ name, below, at, trace }: PushRecord): string =>
  JSON.stringify({
    repository: name,
    ...(below && { below }),
    time: preciseTime(at),
    ...(trace !== undefined && { traceparent: formatTraceparent(trace) }),
  });

/** Reads a key and its text, whatever its time. Never throws. @returns undefined for what no receiver has written; a push whose trace can't be read is one without */
export const readPush = (key: string, text: string): PushRecord | undefined => {
  if (text.length > LONGEST_TEXT) return undefined;
  const push = parseJson(text);
  if (!isMap(push)) return undefined;
  const { repository, below = false, time, traceparent } = push;
  const at = typeof time === 'string' ? parseTime(time) : undefined;
  if (typeof repository !== 'string' || typeof below !== 'boolean' || at === undefined) return undefined;
  if (!isRepositoryAddress(repository) || key !== pushKey({ name: repository, below })) return undefined;
  const trace = parseTraceparent(traceparent);
  return { name: repository, below, at, ...(trace !== undefined && { trace }) };
};

/** Whether a push is no older than it may be, and lies no further ahead. @param now - milliseconds since 1970 */
export const isOfNow = ({ at }: Pick<PushRecord, 'at'>, now: number): boolean => Math.abs(now - at) <= PUSH_KEPT_MS;

/**
 * Reads a key and its text. Never throws.
 * @param now - milliseconds since 1970
 * @returns undefined for what no receiver has written, and for what is older than it may be, or lies as far ahead
 */
export const decodePush = (key: string, text: string, now: number): PushRecord | undefined => {
  const push = readPush(key, text);
  return push !== undefined && isOfNow(push, now) ? push : undefined;
};

/** The longest text that {@link encodePush} writes has an address, a time, a place in a trace, and some letters. */
const LONGEST_TEXT = 640;
