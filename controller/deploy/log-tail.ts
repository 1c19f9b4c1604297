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

/** Longer error lines are cut in messages. */
const MAX_ERROR_LINE = 500;

/**
 * werf's last error, without its `Error: `.
 * @returns undefined if the log has no such line
 */
export const lastErrorLine = (log: string): string | undefined => {
  const line = plainLog(log)
    .split('\n')
    .findLast((candidate) => /^\s*Error: \S/.test(candidate));
  const words = line?.trim().slice('Error: '.length).trim();
  if (words === undefined || words.length <= MAX_ERROR_LINE) return words;
  return `${words.slice(0, MAX_ERROR_LINE).trimEnd()}…`;
};
