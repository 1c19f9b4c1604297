import type { Condition } from '../../api/objects.js';
import { parseSpec } from '../../api/settings.js';
import type { StoredBundle, WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import { known, unknown } from '../../cli/diagnosis/known.js';
import type { Observation, SourceView } from '../../cli/doctor/observation.js';
import { bundle, DIGEST_A, iso, NOW, reachable, syncedStatus } from './builders.js';

/** What doctor may know of the bundle `ops/my-app`. */

export const NO_RIGHT = unknown('you have no right to it');
export const TAGS = { etag: '"1"', etagSupported: true, count: 2 } as const;

export const asked = (more: object): Observation['registry'] => ({
  kind: 'asked',
  tags: ['v1.0.0', 'v0.9.0'],
  similar: [],
  outcome: { kind: 'selected', tag: 'v1.0.0', digest: DIGEST_A, tags: TAGS },
  ...more,
});
export const failing = (
  code: 'timeout' | 'not-found' | 'unauthorized' | 'rate-limited' | 'server-error',
  message: string,
  similar: readonly string[] = [],
) => asked({ tags: [], similar, outcome: { kind: 'failed', failure: { kind: 'failed', code, message } } });

/** A bundle with nothing wrong. */
export const seen = (
  change: Partial<Observation> = {},
  {
    spec = {},
    status = {},
    metadata = {},
  }: {
    readonly spec?: Partial<WerfBundleSpec>;
    readonly status?: WerfBundleStatus;
    readonly metadata?: Partial<StoredBundle['metadata']>;
  } = {},
): Observation => {
  const of = bundle(syncedStatus({ lastJobLogs: 'done', ...status }), { spec, metadata });
  return {
    now: NOW,
    bundle: of,
    spec: parseSpec(of),
    operator: {
      namespace: 'operator',
      namespaceExists: undefined,
      leases: known([{ name: 'werfbundle-controller-1', holder: 'pod-1', unrenewedMs: 0, isFresh: true }]),
      webhook: { kind: 'refused' },
      deployments: known(
        ['controller', 'webhook'].map((part) => ({
          name: `my-${part}`,
          app: `werfbundle-${part}`,
          wanted: 1,
          ready: 1,
        })),
      ),
    },
    access: {
      registrySecret: undefined,
      caSecret: undefined,
      werfKey: undefined,
      origin: { kind: 'no-secret' },
      warnings: [],
    },
    registry: asked({}),
    target: undefined,
    account: undefined,
    missingRights: known([]),
    grants: known({ accounts: [], roles: [], bindings: [] }),
    sources: [],
    valuesFaults: [],
    job: { kind: 'not-needed' },
    ...change,
  };
};

export const condition = (type: string, status: Condition['status'], reason: string, message: string): Condition => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: iso(0),
  observedGeneration: 1,
});
/** The controller reports this, and nothing else. */
export const stalled = (reason: string, message: string, more: WerfBundleStatus = {}): WerfBundleStatus => ({
  phase: 'Failed',
  conditions: [condition('Ready', 'False', reason, message), condition('Stalled', 'True', reason, message), reachable],
  ...more,
});
export const pollsFail = (message: string, consecutiveFailures: number): WerfBundleStatus => ({
  consecutiveFailures,
  lastErrorMessage: message,
  nextAttemptTime: iso(60_000),
  conditions: [
    condition('Ready', 'False', consecutiveFailures < 6 ? 'PollFailed' : 'PollingStopped', message),
    condition('RegistryReachable', 'False', 'PollFailed', message),
  ],
});

export const secretFault = (kind: 'absent' | 'unusable', text: string) => ({
  registrySecret: known({
    kind,
    rule: kind === 'absent' ? 'reference-absent' : 'registry-secret-unusable',
    use: 'registry-secret',
    field: 'spec.registry.secretRef.name',
    name: 'creds',
    text,
  } as const),
  caSecret: undefined,
  werfKey: undefined,
  origin: { kind: 'no-secret' } as const,
  warnings: [],
});

export const source = (change: Partial<SourceView>): SourceView => ({
  reference: {
    use: 'values',
    kind: 'ConfigMap',
    field: 'spec.converge.valuesFrom[0].configMapRef.name',
    name: 'app-config',
    namespaces: ['ops', 'production'],
    optional: false,
    index: 0,
    key: undefined,
    from: undefined,
  },
  foundIn: known('ops'),
  shadowed: undefined,
  faults: [],
  ...change,
});
export const ELSEWHERE = { targetNamespace: 'production', serviceAccountName: 'deployer' };
export const namespace = (annotations: Readonly<Record<string, string>>, phase: 'Active' | 'Terminating' = 'Active') =>
  known({ metadata: { name: 'production', annotations }, status: { phase } });
export const ACCEPTED = namespace({ 'werf.io/accept-bundles-from': 'ops' });
