import { createInterface } from 'node:readline/promises';

/** Asks a person. @returns undefined if nobody is there to ask */
export type Confirm = (question: string, signal: AbortSignal) => Promise<boolean | undefined>;

/** Asks on the terminal of this process; only a plain yes is one. */
export const confirmOnTerminal: Confirm = async (question, signal) => {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return undefined;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    lines.close();
  }
};
