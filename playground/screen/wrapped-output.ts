import { letters, wrapped } from '../../process/wrapped.js';

/** Breaks what a command printed: the rest of a line stands two letters deeper than its beginning. Pure. */
export const wrappedOutput = (line: string, width: number, margin: string): readonly string[] => {
  if (margin.length + letters(line) <= width) return [`${margin}${line}`];
  const depth = /^\s*/.exec(line)?.[0] ?? '';
  return wrapped(line.trimStart(), width, { first: `${margin}${depth}`, rest: `${margin}${depth}  ` });
};
