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

/** A bundle without faults, as text; its ServiceAccount is `deployer`. */
export const GOOD_BUNDLE = `apiVersion: werf.io/v1alpha1
kind: WerfBundle
metadata:
  name: good
  namespace: ops
spec:
  registry:
    url: ghcr.io/acme/app
    versionConstraint: 1.x
  converge: {serviceAccountName: deployer}
`;

/** A bundle `ops/a` as text. @param spec - YAML, not indented */
export const bundleText = (spec: string): string => `apiVersion: werf.io/v1alpha1
kind: WerfBundle
metadata: {name: a, namespace: ops}
spec:
${spec.replace(/^/gm, '  ')}`;
