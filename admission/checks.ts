import type { PlatformPolicy } from '../api/platform-policy.js';
import type { KubeClient } from '../kube/client.js';
import type { Clock, Log, Random } from '../process/ports.js';
import { createApprovalCheck } from './grants/approval.js';
import { specRules } from './judge-spec.js';
import type { LookupMetrics } from './metrics.js';
import { createPolicyCheck } from './policy.js';
import { createReferencesCheck, type ReferenceSettings } from './references/references-check.js';
import { ReleaseIndex } from './references/releases.js';
import type { ValuesPool } from './values/values-pool.js';
import type { Check } from './verdict.js';

type CheckSettings = Omit<ReferenceSettings, 'operator'> &
  PlatformPolicy & {
    /** The operator's own namespace. */
    readonly namespace: string;
  };

interface ChecksDeps {
  readonly client: Pick<KubeClient, 'get' | 'list' | 'watch' | 'ask'>;
  readonly config: CheckSettings;
  readonly values: Pick<ValuesPool, 'judge'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: LookupMetrics;
}

/** All checks of a bundle, and the watches that have to run for them. */
export interface Checks {
  readonly checks: readonly Check[];
  /** Follows the cluster's bundles until aborted; the checks wait for it where they need it. */
  start(signal: AbortSignal): Promise<void>;
}

/** The rules of a bundle's spec, of what it refers to, and of where it may come from. */
export const createChecks = (deps: ChecksDeps): Checks => {
  const { client, config, values, clock, random, log, metrics } = deps;
  const releases = new ReleaseIndex({ client, clock, random, log });
  const references = createReferencesCheck({
    client,
    clock,
    metrics,
    releases,
    parseValues: (question, signal) => values.judge(question, signal),
    settings: { ...config, operator: config },
  });
  return {
    checks: [specRules, references, createPolicyCheck(config), createApprovalCheck({ client, clock, metrics })],
    start: (signal) => (config.checkReferences ? releases.start(signal) : Promise.resolve()),
  };
};
