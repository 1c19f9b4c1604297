import { stripVTControlCharacters } from 'node:util';

/** How much of a log's end is kept in a status, bytes: the guide's "last ~5KB". */
export const LOG_TAIL_BYTES = 5_120;

/** Control characters, which a status should not hold; tabs and line feeds stay. */
const CONTROLS = /(?![\t\n])\p{Cc}/gu;

/** A log as plain text: without ANSI sequences, with `\n` as line ends; a line that was overwritten (`\r`) in its last state. */
export const plainLog = (log: string): string =>
  stripVTControlCharacters(log)
    .replace(/\r+\n/g, '\n')
    .replace(/^.*\r(?=[^\n])/gm, '')
    .replace(CONTROLS, '');

/**
 * The end of a log for status.lastJobLogs: whole lines of plain text, at most 5,120 bytes of UTF-8; if the last line is longer than
 * that, only its end.
 * @param log - redacted already: a secret that is cut in two would not be found any more
 */
export const logTail = (log: string): string => {
  const text = plainLog(log).trimEnd();
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= LOG_TAIL_BYTES) return text;
  const start = bytes.length - LOG_TAIL_BYTES;
  // A line starts where a line feed stands just before.
  const lineStart = bytes.indexOf(0x0a, start - 1);
  if (lineStart >= 0) return bytes.toString('utf8', lineStart + 1);
  return bytes.toString('utf8', characterStart(bytes, start));
};

/** The first position from `at` that is no continuation byte. */
const characterStart = (bytes: Buffer, at: number): number => {
  let start = at;
  while (start < bytes.length && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return start;
};

/** Most characters of an error in a message. A longer one loses its middle: its origin is at the beginning, its cause at the end. */
const MAX_ERROR = 900;

/**
 * werf's last error in one line, without its `Error: `. The cause often is on the lines below, indented: where a template failed, or
 * each of several errors. A line that is not indented belongs to it if an indented one follows: it names the next template.
 * @returns undefined if the log has no error
 */
export const lastErrorLine = (log: string): string | undefined => {
  const lines = plainLog(log).split('\n');
  const start = lines.findLastIndex((line) => /^\s*Error: \S/.test(line));
  if (start < 0) return undefined;
  const below = lines.slice(start + 1);
  const end = below.findIndex((line, at) => !isFurtherRight(line) && !isFurtherRight(below[at + 1]));
  const words = [lines[start], ...below.slice(0, end < 0 ? below.length : end)].join(' ').replace(/\s+/g, ' ').trim();
  return withoutMiddle(words.slice('Error: '.length), MAX_ERROR);
};

const isFurtherRight = (line: string | undefined): boolean => line !== undefined && /^\s+\S/.test(line);

/** @param most - how many characters may stay */
export const withoutMiddle = (words: string, most: number): string =>
  words.length <= most ? words : `${words.slice(0, most / 2).trimEnd()} … ${words.slice(-most / 2).trimStart()}`;
