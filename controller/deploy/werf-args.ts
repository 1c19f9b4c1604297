import type { JobParameters } from './job-parameters.js';
import { SAVED_PLAN_FILE } from './saved-plan.js';

/** Where the Job's container finds its files. */
export const VALUES_DIR = '/var/run/werfbundle/values';
export const DOCKER_DIR = '/var/run/werfbundle/docker';
export const PLAN_DIR = '/var/run/werfbundle/plan';
/** The file in it. */
export const PLAN_FILE = 'plan.gz';

/** `werf bundle apply`. @param timeoutS - the Pod's deadline, seconds */
export const applyArgs = (input: JobParameters, timeoutS: number): readonly string[] => [
  ...['bundle', 'apply'],
  ...bundleArgs(input),
  ...['--timeout', String(werfTimeout(timeoutS, input.settings.converge))],
  ...(input.settings.converge.rollbackOnFailure ? ['--auto-rollback'] : []),
  ...['--releases-history-max', '5'],
  ...commonArgs(input),
];

/**
 * `werf bundle apply` of a plan that was saved: werf pulls and renders nothing, and takes all that is not given here from the plan, release
 * and namespace included. @param timeoutS - the Pod's deadline, seconds
 */
export const applyPlanArgs = ({ settings: { converge } }: JobParameters, timeoutS: number): readonly string[] => [
  ...['bundle', 'apply'],
  ...['--use-plan', `${PLAN_DIR}/${PLAN_FILE}`],
  ...['--timeout', String(werfTimeout(timeoutS, converge))],
  ...(converge.rollbackOnFailure ? ['--auto-rollback'] : []),
  ...LOG_ARGS,
];

/** `werf bundle plan`. Never with --show-sensitive-diffs: its log is read. */
export const planArgs = (input: JobParameters): readonly string[] => [
  ...['bundle', 'plan'],
  ...bundleArgs(input),
  '--exit-code',
  // A check tells hooks, and objects that are made anew each time, by their annotations.
  ...(input.driftCheck === undefined ? [] : ['--show-insignificant-diffs']),
  ...(input.savedPlan === undefined ? [] : ['--save-plan', SAVED_PLAN_FILE]),
  ...commonArgs(input),
];

/** `werf dismiss`: a release that is not there is no error. */
export const dismissArgs = ({ settings: { converge } }: JobParameters): readonly string[] => [
  'dismiss',
  ...['--release', converge.releaseName],
  ...['--namespace', converge.targetNamespace],
  ...LOG_ARGS,
];

/** Which bundle, as which release, with which values. */
const bundleArgs = ({ deployment, settings, valuesArgs, secrets }: JobParameters): readonly string[] => {
  const { registry, converge } = settings;
  return [
    // First, because the guide looks for them with `grep -A 30 args:`.
    ...valuesArgs,
    ...['--repo', `${registry.host}/${registry.repository}`],
    ...['--tag', deployment.tag],
    ...['--release', converge.releaseName],
    ...['--namespace', converge.targetNamespace],
    ...(converge.environment === undefined ? [] : ['--env', converge.environment]),
    ...(secrets.values ? ['--values', `${VALUES_DIR}/values.yaml`] : []),
  ];
};

/** How the registry is reached, and how the log is written. */
const commonArgs = ({ settings, secrets }: JobParameters): readonly string[] => [
  ...(secrets.dockerConfig ? ['--docker-config', DOCKER_DIR] : []),
  ...(settings.registry.insecure ? ['--insecure-registry'] : []),
  ...LOG_ARGS,
];

const LOG_ARGS = ['--log-color-mode=off', '--log-pretty=false', '--log-terminal-width=200'] as const;

/**
 * werf's own timeout, seconds: shorter than the Pod's deadline, so that werf itself can say what was not ready in time. A rollback then
 * has to become ready before the same deadline: a third of the time is left for it.
 */
const werfTimeout = (timeoutS: number, { rollbackOnFailure }: { readonly rollbackOnFailure: boolean }): number => {
  const untilToldS = timeoutS - Math.min(30, Math.floor(timeoutS / 6));
  return rollbackOnFailure ? Math.floor((untilToldS * 2) / 3) : untilToldS;
};
