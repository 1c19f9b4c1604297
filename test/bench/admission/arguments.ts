import { type Outputs, type ParsedArguments, readArguments, USAGE_OF_OUTPUTS } from '../command-line.js';
import type { Plan } from './measure.js';

/** How large a run is. */
interface Size {
  readonly plan: Plan;
  /** After how many requests the memory is looked at. */
  readonly memory: { readonly early: number; readonly late: number };
}

/** What a run is to do. */
export type Choice = Size & Outputs;

const FULL: Size = {
  plan: { rounds: 7, requests: 1000, warmUp: 5000 },
  memory: { early: 10_000, late: 100_000 },
};

/** Too short to compare two versions by; long enough to see that something went badly wrong. */
const QUICK: Size = {
  plan: { rounds: 7, requests: 200, warmUp: 2000 },
  memory: { early: 2000, late: 6000 },
};

export const USAGE = `usage: npm run bench:admission [-- [--quick] [--rounds N] [--json FILE] [--profile FOLDER]]

  --quick           a minute instead of five
  --rounds N        from 7 to 99; ${FULL.plan.rounds} if left out
${USAGE_OF_OUTPUTS}`;

/** Reads the command line. */
export const parseArguments = (argv: readonly string[]): ParsedArguments<Size> =>
  readArguments(argv, 'rounds', ({ quick, own }) => {
    const { plan, memory } = quick ? QUICK : FULL;
    const rounds = Number(own ?? plan.rounds);
    if (!Number.isInteger(rounds) || rounds < 7 || rounds > 99)
      return { kind: 'invalid', problem: `--rounds: "${own}" is not a whole number from 7 to 99` };
    return { kind: 'ok', size: { plan: { ...plan, rounds }, memory } };
  });
