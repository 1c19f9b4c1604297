import { stripVTControlCharacters } from 'node:util';

/** What of a log is kept in a status: the guide's "last ~5KB". */
export const LOG_TAIL_BYTES = 5_120;

/** What a terminal would not show, and a status should not hold; tabs and line feeds stay. */
const CONTROLS = /(?![\t\n])\p{Cc}/gu;

/** A log as text: no ANSI sequences, `\n` as line ends, of a line that was overwritten (`\r`) the last state. */
export const plainLog = (log: string): string =>
  stripVTControlCharacters(log)
    .replace(/\r+\n/g, '\n')
    .replace(/^.*\r(?=[^\n])/gm, '')
    .replace(CONTROLS, '');

/**
 * The end of a log for status.lastJobLogs: whole lines of plain text, at most 5,120 bytes of UTF-8. Of a last line that is longer
 * than that, its end.
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

/** Of a longer error in a message its middle is left out: where it came from stands first, its cause last. */
const MAX_ERROR = 900;

/**
 * werf's last error in one line, without its `Error: `. The cause often stands on the lines below, further right: where a template failed, or
 * each of several errors. A line that is no further right belongs to it if one below it is: the place of the next template.
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
