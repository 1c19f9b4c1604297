import type { JobParameters } from './job-parameters.js';

/** Where the Job's container finds its files. */
export const VALUES_DIR = '/var/run/werfbundle/values';
export const DOCKER_DIR = '/var/run/werfbundle/docker';

/** `werf bundle apply`. @param timeoutS - the Pod's deadline, seconds */
export const applyArgs = (input: JobParameters, timeoutS: number): readonly string[] => [
  ...['bundle', 'apply'],
  ...bundleArgs(input),
  ...['--timeout', String(werfTimeout(timeoutS, input.settings.converge))],
  ...(input.settings.converge.rollbackOnFailure ? ['--auto-rollback'] : []),
  ...['--releases-history-max', '5'],
  ...commonArgs(input),
];

/** `werf bundle plan`. Never with --show-sensitive-diffs: its log is read. */
export const planArgs = (input: JobParameters): readonly string[] => [
  ...['bundle', 'plan'],
  ...bundleArgs(input),
  '--exit-code',
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
