import { ENCODINGS } from './encodings.js';

/** What a log may stand for: its bytes after so many decodings, and where in the log each of them comes from. */
export interface Reading {
  /** A character for each byte of UTF-8. */
  readonly bytes: string;
  /** The first byte of the log that byte `at` is made of. */
  readonly from: (at: number) => number;
  /** Where the bytes of the log end that byte `at` is made of. */
  readonly to: (at: number) => number;
  /** How many encodings were decoded. */
  readonly depth: number;
  readonly last: boolean;
}

/** Nobody writes JSON within more JSON than this; whoever wants to show a secret in spite of all finds a code that is not listed. */
const MAX_DEPTH = 4;
/** Most bytes of all readings together: so many for each byte of the log. The less is decoded, the sooner a reading has its turn. */
const MAX_GROWTH = 24;
const MIN_ROOM = 64 * 1024;

/** A log, and all that it may stand for. */
export const readingsOfLog = (log: string): readonly Reading[] => {
  const readings: Reading[] = [{ bytes: log, from: (at) => at, to: (at) => at + 1, depth: 0, last: false }];
  const known = new Set([log]);
  let room = Math.max(MIN_ROOM, log.length * MAX_GROWTH);
  // It grows while it is walked through.
  for (const reading of readings) {
    if (reading.last || reading.depth >= MAX_DEPTH) continue;
    for (const decoded of decodingsOf(reading)) {
      if (known.has(decoded.bytes)) continue;
      room -= decoded.bytes.length;
      if (room < 0) return readings;
      known.add(decoded.bytes);
      readings.push(decoded);
    }
  }
  return readings;
};

function* decodingsOf(reading: Reading): Generator<Reading> {
  for (const { decode, last = false } of ENCODINGS) {
    const decoded = decode(reading.bytes);
    if (decoded === undefined) continue;
    const { bytes, from, to } = decoded;
    yield {
      bytes,
      from: (at) => reading.from(from[at] ?? 0),
      to: (at) => reading.to((to[at] ?? 1) - 1),
      depth: reading.depth + 1,
      last,
    };
  }
}
