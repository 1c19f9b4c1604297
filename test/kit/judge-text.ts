import { type JudgeOptions, judgeInputs } from '../../cli/validate/judge-inputs.js';
import type { Result } from '../../cli/validate/result.js';
import { parseConfig } from '../../webhook/config.js';
import { createFakeClock } from './fake-clock.js';

/** The command line's judgement of one file, by itself. @param flags - of the webhook */
export const judgeText = async (
  file: string,
  text: string,
  options: Partial<JudgeOptions> & { readonly flags?: readonly string[] } = {},
): Promise<readonly Result[]> => {
  const { flags = [], ...how } = options;
  const parsed = parseConfig({ argv: flags, env: {} });
  if (parsed.kind !== 'ok') throw new Error(`the flags are wrong: ${JSON.stringify(parsed)}`);
  const { config } = parsed;
  const given = { config, clock: createFakeClock(), strict: false, namespace: 'default', ...how };
  return (await judgeInputs([{ name: file, text, found: false }], given)).results;
};
