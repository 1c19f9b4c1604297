import { CertificateManager, type Serving } from '../certs/certificate-manager.js';
import type { Address, Target } from '../certs/configurations.js';
import { directorySource, watchDirectory } from '../certs/directory-source.js';
import { ManagerLoop } from '../certs/manager-loop.js';
import { scheduleFor } from '../certs/schedule.js';
import { secretSource } from '../certs/secret-source.js';
import type { CertificateSource } from '../certs/source.js';
import type { KubeClient } from '../kube/client.js';
import { createReflector } from '../kube/reflector.js';
import { MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS } from '../kube/resources.js';
import type { Clock, Log, Random } from '../process/ports.js';
import type { Config } from './config.js';

interface CertificatesDeps {
  readonly config: Config;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly onServe: (serving: Serving) => void;
}

/** The certificates of a webhook with these settings. */
export interface Certificates {
  readonly manager: CertificateManager;
  /** Keeps them valid and published until aborted. @throws bugs only */
  run(signal: AbortSignal): Promise<void>;
}

/** The configuration of manifests/webhook/values-guard. */
export const GUARD_CONFIGURATION = 'werfbundle-values-guard';

const targetsOf = ({ mutatingWebhookName, validatingWebhookName, guardValues }: Config): readonly Target[] => [
  { type: MUTATING_WEBHOOKS, name: mutatingWebhookName, path: '/mutate' },
  { type: VALIDATING_WEBHOOKS, name: validatingWebhookName, path: '/validate' },
  // It may be installed later, and taken away again.
  ...(guardValues ? [{ type: VALIDATING_WEBHOOKS, name: GUARD_CONFIGURATION, path: '/guard', optional: true }] : []),
];

/** What the apiserver calls us, and checks the certificate for: the Service's DNS name, or the host of --advertise-url. */
export const calledName = ({ advertiseUrl, serviceName, namespace }: Config): string =>
  advertiseUrl?.host ?? `${serviceName}.${namespace}.svc`;

/** Where the apiserver is to call us. @param port - the one that the webhook listens on */
export const addressOf = ({ advertiseUrl, serviceName, namespace }: Config, port: number): Address => {
  if (advertiseUrl === undefined) return { kind: 'service', namespace, name: serviceName };
  const base = advertiseUrl.base(port);
  return { kind: 'url', base, anyPort: base !== advertiseUrl.base(port + 1) };
};

/** Puts the parts together; nothing is started. */
export const createCertificates = (deps: CertificatesDeps): Certificates => {
  const { config, client, clock, random, log, onServe } = deps;
  const schedule = scheduleFor(config.timeScale);
  const targets = targetsOf(config);
  const source = sourceOf(deps);
  const manager = new CertificateManager({ client, clock, log, source, schedule, targets, onServe });
  const loop = new ManagerLoop({ manager, clock, random });
  const wake = () => loop.wake();
  const watchTarget = ({ type, name }: Target, signal: AbortSignal): Promise<void> =>
    createReflector({
      client,
      type,
      clock,
      random,
      log,
      list: { fieldSelector: `metadata.name=${name}` },
      project: ({ metadata }) => metadata.resourceVersion,
      onChange: wake,
    }).start(signal);
  const { certDir: directory } = config;
  return {
    manager,
    run: async (signal) => {
      const watches = targets.map((target) => watchTarget(target, signal));
      if (directory !== undefined) watches.push(watchDirectory({ directory, log }, wake, signal));
      await Promise.all([loop.run(signal), ...watches]);
    },
  };
};

const sourceOf = ({ config, client, clock }: CertificatesDeps): CertificateSource => {
  const schedule = scheduleFor(config.timeScale);
  const name = calledName(config);
  if (config.certDir !== undefined)
    return directorySource({ directory: config.certDir, names: [name], clock, schedule });
  const service = `${config.serviceName}.${config.namespace}.svc`;
  const names = [...new Set([service, `${service}.cluster.local`, name])];
  const secret = { namespace: config.namespace, name: config.certificateSecret };
  return secretSource({ client, clock, schedule, secret, names });
};
