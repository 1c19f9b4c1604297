import { type Outputs, type ParsedArguments, readArguments, USAGE_OF_OUTPUTS } from '../command-line.js';

/** How a size is measured. */
export interface Plan {
  /** How many bundles, rising. */
  readonly sizes: readonly number[];
  /** Of each bundle, as its spec has it: seconds. */
  readonly pollSeconds: number;
  /** Divides it. */
  readonly timeScale: number;
}

/** How large a run is. */
interface Size {
  readonly plan: Plan;
}

/** What a run is to do. */
export type Choice = Size & Outputs;

/** Two minutes: a hundred repositories at ten requests a second, as a registry host gets them, take 20 s of it. */
const FULL: Plan = { sizes: [100, 1_000, 10_000], pollSeconds: 120, timeScale: 1 };

/** Too small to say much of growth; large enough to see that something went badly wrong. */
const QUICK: Plan = { sizes: [20, 100, 400], pollSeconds: 60, timeScale: 2 };

const MOST_BUNDLES = 100_000;

export const USAGE = `usage: npm run bench:controller [-- [--quick] [--sizes N,N…] [--json FILE] [--profile FOLDER]]

  --quick           ${QUICK.sizes.join(', ')} bundles, and half a minute between two polls: some minutes instead of an hour
  --sizes N,N…      how many bundles, rising; ${FULL.sizes.join(',')} if left out
${USAGE_OF_OUTPUTS}`;

/** Reads the command line. */
export const parseArguments = (argv: readonly string[]): ParsedArguments<Size> =>
  readArguments(argv, 'sizes', ({ quick, own }) => {
    const plan = quick ? QUICK : FULL;
    const sizes = own?.split(',').map(Number) ?? plan.sizes;
    const rise = sizes.every((size, index) => size > (sizes[index - 1] ?? 0) && size <= MOST_BUNDLES);
    if (!rise || !sizes.every(Number.isInteger))
      return { kind: 'invalid', problem: `--sizes: "${own}" are no rising whole numbers up to ${MOST_BUNDLES}` };
    return { kind: 'ok', size: { plan: { ...plan, sizes } } };
  });
