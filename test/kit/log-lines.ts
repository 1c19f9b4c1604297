import { parseDocument } from 'yaml';

/** The lines of a log that are no JSON, or have a key twice at whatever depth: JSON.parse would keep the last, and say nothing. */
export const faultyLines = (log: string): readonly string[] =>
  log
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const [fault] = parseDocument(line, { schema: 'json', uniqueKeys: true }).errors;
      return fault === undefined && isMap(line) ? [] : [`${fault?.code ?? 'no JSON'}: ${line}`];
    });

const isMap = (line: string): boolean => {
  try {
    return typeof JSON.parse(line) === 'object';
  } catch {
    return false;
  }
};
