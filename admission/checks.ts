import type { PlatformPolicy } from '../api/platform-policy.js';
import type { KubeClient } from '../kube/client.js';
import type { Clock } from '../process/ports.js';
import { annotationValues } from './annotation-values.js';
import type { ChartJudge } from './chart/chart-judge.js';
import { createApprovalCheck } from './grants/approval.js';
import { specRules } from './judge-spec.js';
import type { LookupMetrics } from './metrics.js';
import { createPolicyCheck } from './policy.js';
import { createReferencesCheck, type ReferenceSettings } from './references/references-check.js';
import type { Releases } from './references/releases.js';
import type { ValuesPool } from './values/values-pool.js';
import type { Check } from './verdict.js';

type CheckSettings = Omit<ReferenceSettings, 'operator'> &
  PlatformPolicy & {
    /** The operator's own namespace. */
    readonly namespace: string;
  };

interface ChecksDeps {
  readonly client: Pick<KubeClient, 'get' | 'ask'>;
  readonly config: CheckSettings;
  readonly values: Pick<ValuesPool, 'judge'>;
  readonly charts: Pick<ChartJudge, 'judge'>;
  readonly clock: Clock;
  /** Asked with `checkReferences` only. */
  readonly releases: Releases;
  readonly metrics: LookupMetrics;
}

/** All checks of a bundle: the rules of its spec, of what it refers to, and of where it may come from. */
export const createChecks = ({
  client,
  config,
  values,
  charts,
  clock,
  releases,
  metrics,
}: ChecksDeps): readonly Check[] => [
  specRules,
  annotationValues,
  createReferencesCheck({
    client,
    clock,
    metrics,
    releases,
    parseValues: (question, signal) => values.judge(question, signal),
    charts,
    settings: { ...config, operator: config },
  }),
  createPolicyCheck(config),
  createApprovalCheck({ client, clock, metrics }),
];
