import { CONDITIONS } from '../../api/reasons.js';
import { parseSpec } from '../../api/settings.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import type { BundleDetail, ConditionRow, DeploymentRow, DriftView } from '../../dashboard/protocol.js';
import { deploymentsOf } from '../history/deployments.js';
import { objectsText } from '../output/object-text.js';
import { conditionOf, summaryOf } from '../status/summary.js';
import { rowOf } from './bundle-row.js';
import { commandFor, nextStepOf } from './next-step.js';
import { withOptions } from './with-options.js';

interface DetailOf {
  readonly bundle: StoredBundle;
  /** Wall clock, milliseconds. */
  readonly now: number;
  /** What commands need to reach the same cluster: ` --context staging`. */
  readonly options: string;
}

/** What a bundle itself says, for the page. Pure. */
export const detailOf = ({ bundle, now, options }: DetailOf): BundleDetail => {
  const { metadata, status = {} } = bundle;
  const nextStep = nextStepOf(bundle, options);
  return {
    row: rowOf(bundle),
    createdAt: metadata.creationTimestamp ?? '',
    facts: summaryOf(bundle, now).facts.map(({ title, text }) => ({ title, text: withOptions(text, options) })),
    conditions: (status.conditions ?? []).map(conditionRow),
    ...(nextStep !== undefined && { nextStep }),
    history: deploymentsOf(bundle).map(deploymentRow),
    drift: driftOf(bundle),
    commands: commandsFor(bundle, options),
    yaml: objectsText('yaml', [bundle], true),
  };
};

type Condition = NonNullable<WerfBundleStatus['conditions']>[number];

const conditionRow = ({ type, status, reason, message, lastTransitionTime: since }: Condition): ConditionRow => ({
  type,
  status,
  reason,
  message,
  since,
  about: Object.hasOwn(CONDITIONS, type) ? CONDITIONS[type as keyof typeof CONDITIONS] : '',
});

const deploymentRow = (one: ReturnType<typeof deploymentsOf>[number]): DeploymentRow => ({
  number: one.number,
  tag: one.tag,
  digest: one.digest ?? '',
  reason: one.reason,
  result: one.result,
  startedAt: one.startedAt ?? '',
  finishedAt: one.finishedAt ?? '',
  jobName: one.jobName ?? '',
  message: one.message ?? '',
});

const driftOf = (bundle: StoredBundle): DriftView => {
  const { status = {} } = bundle;
  const parsed = parseSpec(bundle);
  const drifted = conditionOf(status, 'Drifted');
  const failed = conditionOf(status, 'DriftCorrectionFailed');
  const isOn = parsed.kind === 'valid' && parsed.settings.driftDetection.enabled;
  const seen = drifted?.status === 'True' ? 'drifted' : drifted?.status === 'False' ? 'none' : 'unknown';
  return {
    state: isOn ? seen : 'off',
    message: isOn ? (failed?.message ?? drifted?.message ?? '') : '',
    checkedAt: status.lastDriftCheckTime ?? '',
    checks: status.driftCheckCount ?? 0,
    corrections: status.driftCorrectionAttempts ?? 0,
  };
};

/** Those that do something for this bundle as it is. */
const commandsFor = (bundle: StoredBundle, options: string): BundleDetail['commands'] => {
  const isLeaving = rowOf(bundle).state === 'deleting';
  const rows = isLeaving
    ? [DOCTOR, ...logCommand(bundle)]
    : [DOCTOR, ...WHAT_IF, ...logCommand(bundle), ...changesOf(bundle)];
  return rows.map(([title, command]) => ({ title, command: commandFor(bundle, command, options) }));
};

type TitledCommand = readonly [title: string, command: string];

const DOCTOR: TitledCommand = ['Find out what is wrong, the registry included', 'doctor'];

const WHAT_IF: readonly TitledCommand[] = [
  ['Say what would be deployed, and why', 'explain'],
  ['Say what the next deployment would change', 'diff'],
];

const logCommand = (bundle: StoredBundle): readonly TitledCommand[] => {
  const [newest] = deploymentsOf(bundle);
  if (newest === undefined) return [];
  const hasEnded = newest.result !== 'Running' && newest.result !== 'Waiting';
  return [hasEnded ? ['Print the log of its last Job', 'logs'] : ['Follow the log of its Job', 'logs -f']];
};

const changesOf = (bundle: StoredBundle): readonly TitledCommand[] => {
  const { state, failedPolls } = rowOf(bundle);
  if (bundle.spec.suspend === true) return [['End the suspension', 'resume']];
  const suspend: TitledCommand = ['Poll and deploy nothing until further notice', 'suspend'];
  if (state === 'suspended') return [suspend];
  if (failedPolls > 0) return [['Poll at once, and count failures anew', 'reconcile --failed'], suspend];
  if (state === 'failed') return [['Ask for another try of what failed', 'reconcile'], suspend];
  return [['Ask for a look at the registry now', 'reconcile'], suspend];
};
