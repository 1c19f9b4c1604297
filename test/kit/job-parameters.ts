import type { JobParameters } from '../../controller/deploy/job-parameters.js';
import { presentSecrets, type SecretContents } from '../../controller/deploy/secrets.js';

/** A Job that needs no Secret. */
export const NOTHING: SecretContents = {
  valuesFile: undefined,
  dockerConfig: undefined,
  werfSecretKey: undefined,
  ca: undefined,
  secretTexts: [],
};

/** A bundle that asks for nothing special. */
export const SIMPLE: JobParameters = {
  bundle: { namespace: 'ops', name: 'my-app', uid: '6f1c6c9e-0000-4000-8000-000000000001' },
  deployment: {
    number: 1,
    tag: 'v1.2.3',
    digest: 'sha256:aaaa',
    reason: 'NewTag',
    checksum: 'k1:cccc',
    jobName: 'my-app-11111111-22222222',
  },
  settings: {
    registry: { host: 'ghcr.io', repository: 'acme/app', insecure: false },
    converge: {
      targetNamespace: 'ops',
      releaseName: 'my-app',
      cpu: '1',
      memory: '1Gi',
      logRetentionDays: 7,
      timeoutMs: 1_800_000,
      rollbackOnFailure: false,
    },
  },
  werfImage: 'registry.werf.io/werf/werf:3.2.0',
  valuesArgs: [],
  secrets: presentSecrets(NOTHING),
  operatorVersion: '0.1.0',
  template: undefined,
};

/** What Pod security "restricted" asks of a container, and more. */
export const CONTAINER_SECURITY = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
};

/** Of a bundle: longer than a label may be. */
export const LONG_NAME = `${'team-a.'.repeat(20)}app`;
/** A registry's credentials, as a registry Secret has them. */
export const DOCKER_CONFIG = JSON.stringify({
  auths: { 'ghcr.io': { auth: Buffer.from('robot:s3cr3t-token').toString('base64'), identitytoken: 'identity-1' } },
});
/** One of each Secret. */
export const SUPPLIES: SecretContents = {
  valuesFile: '{"password": "hunter22"}\n',
  dockerConfig: DOCKER_CONFIG,
  werfSecretKey: 'f00dfeed',
  ca: '-----BEGIN CERTIFICATE-----\n',
  secretTexts: ['hunter22'],
};
/** A bundle that asks for everything, in another namespace. */
export const FULL: JobParameters = {
  ...SIMPLE,
  bundle: { ...SIMPLE.bundle, name: LONG_NAME },
  deployment: {
    ...SIMPLE.deployment,
    number: 12,
    tag: 'v$(HOME)',
    reason: 'Retry',
    jobName: 'team-a-33333333-44444444',
  },
  settings: {
    registry: { host: 'registry.local:5000', repository: 'app', insecure: true },
    converge: {
      ...SIMPLE.settings.converge,
      targetNamespace: 'production',
      serviceAccountName: 'werf-converge',
      image: 'ghcr.io/werf/werf:2.80.0',
      environment: 'prod',
      timeoutMs: 60_000,
      rollbackOnFailure: true,
    },
  },
  valuesArgs: ['--set=app.debug=true', '--set-string=app.home=$(HOME)'],
  secrets: presentSecrets(SUPPLIES),
};
