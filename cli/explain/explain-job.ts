import { jobNameOf } from '../../api/names.js';
import type { Job } from '../../api/objects.js';
import { deliveryOf } from '../../api/values/delivery.js';
import type { ResolvedValues } from '../../api/values/resolve.js';
import { openDeployment, wasStarted } from '../../controller/decide/deployment.js';
import { nextNumber } from '../../controller/decide/finalizer.js';
import { buildJob } from '../../controller/deploy/job.js';
import type { JobParameters } from '../../controller/deploy/job-parameters.js';
import { CONTAINER } from '../../controller/deploy/names.js';
import { presentSecrets, type SecretContents } from '../../controller/deploy/secrets.js';
import type { JobExplanation, NextExplanation, TagExplanation } from './explanation.js';
import type { Seen } from './observe.js';

/** The Job that would deploy a tag, by the controller's own words for it. */
export const explainJob = (
  seen: Seen,
  {
    tag,
    resolved,
    next,
  }: {
    readonly tag: TagExplanation;
    readonly resolved: ResolvedValues;
    readonly next: Pick<NextExplanation, 'state'>;
  },
): JobExplanation => {
  const { converge } = seen.settings;
  const contents = secretContentsOf(seen, resolved);
  const image = converge.image ?? seen.lastImage;
  const job = tag.chosen === undefined ? undefined : jobFor(seen, { tag: tag.chosen, resolved, contents });
  return {
    ...nameOf(seen, { job, next }),
    namespace: converge.targetNamespace,
    release: converge.releaseName,
    ...(image !== undefined && { image }),
    imageFrom: converge.image !== undefined ? 'spec' : image === undefined ? 'platform' : 'last-job',
    serviceAccount: accountOf(seen),
    limits: { cpu: converge.cpu, memory: converge.memory },
    timeout: Math.ceil(converge.timeoutMs / 1000),
    retries: converge.retries,
    ...(job !== undefined && { args: argsOf(job) }),
    files: filesOf(contents),
  };
};

/** A Job is named if it is there, or will be next; any other name would be looked for in vain. */
const nameOf = (
  { bundle, file }: Seen,
  { job, next }: { readonly job: Job | undefined; readonly next: Pick<NextExplanation, 'state'> },
): Pick<JobExplanation, 'name' | 'toBeMade'> => {
  if (file !== undefined) return {};
  const { status } = bundle;
  const open = openDeployment(status);
  if (open !== undefined) return { name: open.jobName, ...(!wasStarted(status) && { toBeMade: true }) };
  return next.state === 'due' && job !== undefined ? { name: job.metadata.name, toBeMade: true } : {};
};

/** What a Job of the bundle gets in Secrets, of what may be read. */
export const secretContentsOf = (
  { credentials, key }: Pick<Seen, 'credentials' | 'key'>,
  resolved: ResolvedValues,
): SecretContents => ({
  valuesFile: resolved.kind === 'resolved' ? deliveryOf(resolved.leaves).file : undefined,
  dockerConfig: credentials.kind === 'ready' ? credentials.dockerConfig : undefined,
  werfSecretKey: key?.read.kind === 'found' ? key.read.object : undefined,
  ca: credentials.kind === 'ready' ? credentials.target.ca : undefined,
  secretTexts: resolved.kind === 'resolved' ? resolved.secretTexts : [],
});

/** Stands for an image that only the platform knows; it is not shown. */
const NO_IMAGE = 'unknown';

const jobFor = (
  { bundle, settings, lastImage }: Seen,
  {
    tag,
    resolved,
    contents,
  }: { readonly tag: string; readonly resolved: ResolvedValues; readonly contents: SecretContents },
): Job => {
  const { namespace, name, uid } = bundle.metadata;
  const { status = {} } = bundle;
  const open = openDeployment(status);
  const number = open?.number ?? nextNumber(bundle, status, 0);
  const parameters: JobParameters = {
    bundle: { namespace, name, uid },
    deployment: {
      number,
      tag,
      digest: '',
      checksum: '',
      jobName: open?.jobName ?? jobNameOf({ bundleName: name, uid, tag, number }),
      reason: 'NewTag',
    },
    settings,
    werfImage: lastImage ?? NO_IMAGE,
    valuesArgs: resolved.kind === 'resolved' ? deliveryOf(resolved.leaves).args : [],
    secrets: presentSecrets(contents),
    operatorVersion: '',
    template: undefined,
  };
  return buildJob(parameters);
};

/** As werf reads them: Kubernetes makes one dollar of two. */
const argsOf = (job: Job): readonly string[] => {
  const containers = job.spec?.template.spec['containers'] as readonly {
    readonly name: string;
    readonly args: readonly string[];
  }[];
  return (containers.find(({ name }) => name === CONTAINER)?.args ?? []).map((arg) => arg.replaceAll('$$', '$'));
};

const accountOf = ({ account }: Seen): JobExplanation['serviceAccount'] => {
  if (account === undefined) return { name: 'default', state: 'default' };
  const { name } = account.reference;
  if (account.read.kind === 'unreadable') return { name, state: 'unreadable', why: account.read.why };
  return { name, state: account.read.kind === 'found' ? 'found' : 'missing' };
};

const filesOf = (contents: SecretContents): readonly string[] => [
  ...(contents.valuesFile === undefined ? [] : ['values']),
  ...(contents.dockerConfig === undefined ? [] : ['registry credentials']),
  ...(contents.werfSecretKey === undefined ? [] : ['encryption key']),
  ...(contents.ca === undefined ? [] : ['CA of the registry']),
];
