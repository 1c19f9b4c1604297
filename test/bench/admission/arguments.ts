import { parseArgs } from 'node:util';
import type { Plan } from './measure.js';

/** What a run is to do. */
export interface Choice {
  readonly plan: Plan;
  readonly memory: { readonly early: number; readonly late: number };
  /** File for the results. */
  readonly json: string | undefined;
  /** Folder for CPU profiles of the servers. */
  readonly profile: string | undefined;
}

export type ParsedArguments =
  | { readonly kind: 'ok'; readonly choice: Choice }
  | { readonly kind: 'help' }
  | { readonly kind: 'invalid'; readonly problem: string };

const FULL = {
  plan: { rounds: 7, requests: 1000, warmUp: 5000 },
  memory: { early: 10_000, late: 100_000 },
} as const;

/** Too short to compare two versions by; long enough to see that something went badly wrong. */
const QUICK = {
  plan: { rounds: 7, requests: 200, warmUp: 2000 },
  memory: { early: 2000, late: 6000 },
} as const;

export const USAGE = `usage: npm run bench:admission [-- [--quick] [--rounds N] [--json FILE] [--profile FOLDER]]

  --quick           a minute instead of five
  --rounds N        from 7 to 99; ${FULL.plan.rounds} if left out
  --json FILE       writes the results there, too
  --profile FOLDER  writes a CPU profile of each server there

exit code: 0 all targets met, 1 one is missed, 2 misuse`;

/** Reads the command line. */
export function parseArguments(argv: readonly string[]): ParsedArguments {
  let values: ReturnType<typeof read>;
  try {
    values = read(argv);
  } catch (error) {
    return { kind: 'invalid', problem: error instanceof Error ? error.message : String(error) };
  }
  if (values.help === true) return { kind: 'help' };
  const { plan, memory } = values.quick === true ? QUICK : FULL;
  const rounds = Number(values.rounds ?? plan.rounds);
  if (!Number.isInteger(rounds) || rounds < 7 || rounds > 99) {
    return { kind: 'invalid', problem: `--rounds: "${values.rounds}" is not a whole number from 7 to 99` };
  }
  return { kind: 'ok', choice: { plan: { ...plan, rounds }, memory, json: values.json, profile: values.profile } };
}

const read = (argv: readonly string[]) =>
  parseArgs({
    args: [...argv],
    options: {
      quick: { type: 'boolean' },
      rounds: { type: 'string' },
      json: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
