import { CONDITIONS, REASONS } from '../../api/reasons.js';
import { parseSpec } from '../../api/settings.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import type { BundleDetail, ConditionRow, DeploymentRow, DriftView, NextStep } from '../../dashboard/protocol.js';
import { documentUrl } from '../documentation.js';
import { deploymentsOf } from '../history/deployments.js';
import { objectsText } from '../output/object-text.js';
import { conditionOf, summaryOf } from '../status/summary.js';
import { rowOf, tellingCondition } from './bundle-row.js';

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
  const nextStep = nextStepOf(bundle);
  return {
    row: rowOf(bundle),
    createdAt: metadata.creationTimestamp ?? '',
    facts: summaryOf(bundle, now).facts,
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

/** By the reason of the condition that tells what is the case; nothing where nothing is to be done. */
const nextStepOf = (bundle: StoredBundle): NextStep | undefined => {
  const { reason = '', message = '' } = tellingCondition(bundle) ?? {};
  if (!Object.hasOwn(REASONS, reason)) return undefined;
  const row: { readonly what: string; readonly advice: string; readonly see?: string } =
    REASONS[reason as keyof typeof REASONS];
  const { what, advice, see } = row;
  if (advice === 'nothing') return undefined;
  return { what, message, advice, ...(see !== undefined && { link: documentUrl(`docs/${see}`) }) };
};

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

const commandsFor = ({ metadata: { namespace, name }, spec }: StoredBundle, options: string) => {
  const at = `${name} -n ${namespace}${options}`;
  const isSuspended = spec.suspend === true;
  return [
    { title: 'Find out what is wrong, the registry included', command: `werfbundle doctor ${at}` },
    { title: 'Follow the log of its Job', command: `werfbundle logs ${at} -f` },
    { title: 'Say what would be deployed, and why', command: `werfbundle explain ${at}` },
    { title: 'Say what the next deployment would change', command: `werfbundle diff ${at}` },
    { title: 'Ask for a look at the registry now', command: `werfbundle reconcile ${at}` },
    { title: 'Ask for another try of what failed', command: `werfbundle reconcile ${at} --failed` },
    isSuspended
      ? { title: 'End the suspension', command: `werfbundle resume ${at}` }
      : { title: 'Poll and deploy nothing until further notice', command: `werfbundle suspend ${at}` },
  ];
};
