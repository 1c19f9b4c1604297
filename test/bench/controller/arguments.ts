import { parseArgs } from 'node:util';

/** How a size is measured. */
export interface Plan {
  /** How many bundles, rising. */
  readonly sizes: readonly number[];
  /** Of each bundle, as its spec has it: seconds. */
  readonly pollSeconds: number;
  /** Divides it. */
  readonly timeScale: number;
}

/** What a run is to do. */
export interface Choice {
  readonly plan: Plan;
  /** File for the results. */
  readonly json: string | undefined;
  /** Folder for CPU profiles of the controllers. */
  readonly profile: string | undefined;
}

export type ParsedArguments =
  | { readonly kind: 'ok'; readonly choice: Choice }
  | { readonly kind: 'help' }
  | { readonly kind: 'invalid'; readonly problem: string };

/** Two minutes: a hundred repositories at ten requests a second, as a registry host gets them, take 20 s of it. */
const FULL: Plan = { sizes: [100, 1_000, 10_000], pollSeconds: 120, timeScale: 1 };

/** Too small to say much of growth; large enough to see that something went badly wrong. */
const QUICK: Plan = { sizes: [20, 100, 400], pollSeconds: 60, timeScale: 2 };

const MOST_BUNDLES = 100_000;

export const USAGE = `usage: npm run bench:controller [-- [--quick] [--sizes N,N…] [--json FILE] [--profile FOLDER]]

  --quick           ${QUICK.sizes.join(', ')} bundles, and half a minute between two polls: some minutes instead of an hour
  --sizes N,N…      how many bundles, rising; ${FULL.sizes.join(',')} if left out
  --json FILE       writes the results there, too
  --profile FOLDER  writes a CPU profile of each controller there

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
  const plan = values.quick === true ? QUICK : FULL;
  const sizes = values.sizes?.split(',').map(Number) ?? plan.sizes;
  const rise = sizes.every((size, index) => size > (sizes[index - 1] ?? 0) && size <= MOST_BUNDLES);
  if (!rise || !sizes.every(Number.isInteger))
    return { kind: 'invalid', problem: `--sizes: "${values.sizes}" are no rising whole numbers up to ${MOST_BUNDLES}` };
  return { kind: 'ok', choice: { plan: { ...plan, sizes }, json: values.json, profile: values.profile } };
}

const read = (argv: readonly string[]) =>
  parseArgs({
    args: [...argv],
    options: {
      quick: { type: 'boolean' },
      sizes: { type: 'string' },
      json: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
