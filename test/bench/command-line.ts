import { parseArgs } from 'node:util';

/** What every benchmark is asked for beside its size. */
export interface Outputs {
  /** File for the results. */
  readonly json: string | undefined;
  /** Folder for CPU profiles of the programs under test. */
  readonly profile: string | undefined;
}

/** How large a run is to be. */
interface AskedSize {
  /** `--quick` */
  readonly quick: boolean;
  /** Of the option that only this benchmark has. */
  readonly own: string | undefined;
}

type Invalid = { readonly kind: 'invalid'; readonly problem: string };

export type ParsedArguments<Size> =
  | { readonly kind: 'ok'; readonly choice: Size & Outputs }
  | { readonly kind: 'help' }
  | Invalid;

const OPTIONS = {
  quick: { type: 'boolean' },
  json: { type: 'string' },
  profile: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Of {@link OPTIONS}, and of the benchmark's own. */
type Values = Partial<Outputs> & { readonly quick?: boolean; readonly help?: boolean } & Readonly<
    Record<string, string | boolean | undefined>
  >;

/** Ends each usage. */
export const USAGE_OF_OUTPUTS = `  --json FILE       writes the results there, too
  --profile FOLDER  writes a CPU profile of each program under test there

exit code: 0 all targets met, 1 one is missed, 2 misuse`;

/**
 * Reads a benchmark's command line.
 * @param option - the name of the option that only this benchmark has
 * @param sizeOf - what it makes of that; only asked when all else is well
 */
export const readArguments = <Size extends object>(
  argv: readonly string[],
  option: string,
  sizeOf: (asked: AskedSize) => { readonly kind: 'ok'; readonly size: Size } | Invalid,
): ParsedArguments<Size> => {
  let values: Values;
  try {
    values = parseArgs({ args: [...argv], options: { ...OPTIONS, [option]: { type: 'string' } } }).values;
  } catch (error) {
    return { kind: 'invalid', problem: error instanceof Error ? error.message : String(error) };
  }
  const { quick = false, json, profile, help = false, [option]: own } = values;
  if (help) return { kind: 'help' };
  const sized = sizeOf({ quick, own: typeof own === 'string' ? own : undefined });
  return sized.kind === 'invalid' ? sized : { kind: 'ok', choice: { ...sized.size, json, profile } };
};
