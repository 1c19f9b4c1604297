import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type HeldPort, holdPorts } from '../../playground/control-plane/held-ports.js';
import { superviseProcess } from '../../playground/control-plane/supervised-process.js';
import { PATIENCE_MS } from '../kit/bundle-scenario.js';
import { binariesOfThisRun } from '../kit/cluster.js';
import { eventually } from '../kit/eventually.js';
import type { GitRepository } from './git-repository.js';
import type { GitOpsFixture } from './gitops-fixture.js';
import { toolsOfThisRun } from './tools.js';

/** What people see of an Application. */
interface Shown {
  readonly sync: string | undefined;
  readonly revision: string | undefined;
  readonly health: string | undefined;
  /** `WerfBundle/shop Degraded: pod failed with exit code 1`, of all that have a health. */
  readonly resources: readonly string[];
  /** Of the last sync: `Succeeded`, and what is said of it. */
  readonly phase: string | undefined;
  readonly message: string | undefined;
  /** The commit that it is, or was, about. */
  readonly synced: string | undefined;
  /** `ComparisonError: …`. */
  readonly conditions: readonly string[];
}

/** Synced, and the last sync with it; an Application without objects is Healthy, too. */
export const isWell = ({ sync, health, phase }: Shown): boolean =>
  sync === 'Synced' && health === 'Healthy' && phase === 'Succeeded';

interface Wish {
  readonly name: string;
  readonly repository: GitRepository;
  /** More of the syncPolicy than that it is automated, prunes and heals. */
  readonly syncPolicy?: object;
  /** More of the source than the root of the repository. */
  readonly source?: object;
  /** Of objects that name none. */
  readonly namespace?: string;
  readonly ignoreDifferences?: readonly object[];
}

/** Argo CD's application controller and repo server, with our plugin beside it, running. */
interface ArgoCd {
  /** Creates an Application in Argo CD, for the root of the repository. */
  application(wish: Wish): Promise<Application>;
}

const NAMESPACE = 'argocd';
const CUSTOMIZATIONS = join(import.meta.dirname, '..', '..', 'manifests', 'argocd');
const PORTS = ['redis', 'repoServer', 'repoMetrics', 'metrics'] as const;
const STOP = { signal: 'SIGKILL', patienceMs: 0 } as const;
const PART_OF = { 'app.kubernetes.io/part-of': 'argocd' };

/** Installs its CRDs, its settings and our customizations, and starts it with the rights of a cluster-admin. It ends with the spec. */
export const startArgoCd = async (t: Test, fixture: GitOpsFixture): Promise<ArgoCd> => {
  const { argocd: folder } = toolsOfThisRun();
  const crds = ['application-crd.yaml', 'appproject-crd.yaml', 'applicationset-crd.yaml'];
  await fixture.must(['apply', '--server-side', ...crds.flatMap((file) => ['-f', join(folder, 'crds', file)])]);
  await fixture.must([
    'wait',
    '--for=condition=Established',
    'crd/applications.argoproj.io',
    'crd/appprojects.argoproj.io',
  ]);
  await fixture.must(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: SETTINGS });
  const customizations = await fixture.must(['kustomize', CUSTOMIZATIONS]);
  await fixture.must(['patch', 'configmap', 'argocd-cm', '-n', NAMESPACE, '--type=merge', '-p', customizations]);
  const dir = join(fixture.cluster.dir, 'argocd');
  for (const name of ['data', SOCKETS, PLUGIN, 'bin']) await mkdir(join(dir, name), { recursive: true });
  await writePlugin(dir);
  const ports = await holdPorts(PORTS);
  const program = async (name: string, flags: readonly string[], own: readonly HeldPort[]): Promise<void> => {
    await Promise.all(own.map((port) => port.release()));
    const running = superviseProcess({
      name,
      cwd: dir,
      logFile: join(dir, `${name}.log`),
      command: [join(folder, `argocd-${name}`), ...flags],
      env: environment(fixture, { folder, dir }),
    });
    let stopped = false;
    void running.ended.then(async (how) => {
      if (!stopped) t.fail(`${name} ended (${how}): ${await running.logEnd()}`);
    });
    t.teardown(() => {
      stopped = true;
      return running.stop(STOP);
    });
  };
  const redis = `127.0.0.1:${ports.redis.port}`;
  await program('redis', ['--address', redis], [ports.redis]);
  await program('cmp-server', ['--config-dir-path', join(dir, PLUGIN), '--loglevel', 'warn'], []);
  await program('repo-server', repoServerFlags(ports, redis), [ports.repoServer, ports.repoMetrics]);
  await program('application-controller', controllerFlags(ports, redis), [ports.metrics]);
  return { application: (wish) => Application.create(fixture, wish) };
};

type Ports = Readonly<Record<(typeof PORTS)[number], HeldPort>>;

const repoServerFlags = ({ repoServer, repoMetrics }: Ports, redis: string): readonly string[] => [
  ...['--address', '127.0.0.1', '--port', `${repoServer.port}`, '--metrics-address', '127.0.0.1'],
  ...['--metrics-port', `${repoMetrics.port}`, '--disable-tls', '--client-ca-path', '', '--redis', redis],
  ...['--loglevel', 'warn'],
];

const controllerFlags = ({ repoServer, metrics }: Ports, redis: string): readonly string[] => [
  ...['--namespace', NAMESPACE, '--repo-server', `127.0.0.1:${repoServer.port}`, '--repo-server-plaintext'],
  ...['--redis', redis, '--metrics-port', `${metrics.port}`, '--app-resync', '20', '--app-resync-jitter', '0'],
  // The health of each object goes into the Application, where kubectl sees it; otherwise it is in its cache, for its web pages.
  ...['--self-heal-timeout-seconds', '1', '--persist-resource-health', '--loglevel', 'warn'],
];

const environment = (
  { cluster }: GitOpsFixture,
  { folder, dir }: { readonly folder: string; readonly dir: string },
) => ({
  PATH: `${folder}:${join(dir, 'bin')}:${process.env['PATH'] ?? '/usr/bin:/bin'}`,
  HOME: dir,
  TMPDIR: dir,
  KUBECONFIG: cluster.kubeconfig,
  ARGOCD_FAKE_IN_CLUSTER: 'true',
  ARGOCD_TLS_DATA_PATH: join(dir, 'data'),
  ARGOCD_SSH_DATA_PATH: join(dir, 'data'),
  ARGOCD_GPG_ENABLED: 'false',
  ARGOCD_PLUGINSOCKFILEPATH: join(dir, SOCKETS),
  ARGOCD_CMP_WORKDIR: join(dir, PLUGIN),
});

/** Folders of the plugin: the name of a socket has to be short. */
const [SOCKETS, PLUGIN] = ['s', 'plugin'];

/** The plugin as its sidecar has it: with our command line, and with kustomize as Argo CD's image has it, which kubectl has in it. */
const writePlugin = async (dir: string): Promise<void> => {
  const plugin = await readFile(join(CUSTOMIZATIONS, 'plugin', 'plugin.yaml'), 'utf8');
  const program = join(import.meta.dirname, '..', '..', 'dist', 'werfbundle.js');
  await writeFile(join(dir, PLUGIN, 'plugin.yaml'), plugin.replace('/app/dist/werfbundle.js', program));
  const kustomize = join(dir, 'bin', 'kustomize');
  const { kubectl } = await binariesOfThisRun();
  await writeFile(kustomize, `#!/bin/sh\nshift\nexec ${kubectl} kustomize "$@"\n`);
  await chmod(kustomize, 0o755);
};

const settings = (kind: 'ConfigMap' | 'Secret', name: string) => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: NAMESPACE, labels: PART_OF },
});

const SETTINGS: readonly object[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
  settings('ConfigMap', 'argocd-cm'),
  settings('ConfigMap', 'argocd-rbac-cm'),
  settings('ConfigMap', 'argocd-cmd-params-cm'),
  settings('ConfigMap', 'argocd-ssh-known-hosts-cm'),
  settings('ConfigMap', 'argocd-tls-certs-cm'),
  settings('Secret', 'argocd-secret'),
  {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name: 'default', namespace: NAMESPACE },
    spec: {
      sourceRepos: ['*'],
      destinations: [{ namespace: '*', server: '*' }],
      clusterResourceWhitelist: [{ group: '*', kind: '*' }],
    },
  },
];

/** An Application, by kubectl. */
export class Application {
  readonly #fixture: GitOpsFixture;
  readonly #name: string;

  private constructor(fixture: GitOpsFixture, name: string) {
    this.#fixture = fixture;
    this.#name = name;
  }

  static async create(fixture: GitOpsFixture, wish: Wish): Promise<Application> {
    const { name, repository, syncPolicy, source, namespace, ignoreDifferences } = wish;
    await fixture.must(['apply', '-f', '-'], {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Application',
      metadata: { name, namespace: NAMESPACE },
      spec: {
        project: 'default',
        source: { repoURL: repository.url, path: '.', targetRevision: 'main', ...source },
        destination: { server: 'https://kubernetes.default.svc', ...(namespace !== undefined && { namespace }) },
        ...(ignoreDifferences !== undefined && { ignoreDifferences }),
        syncPolicy: { automated: { prune: true, selfHeal: true }, ...syncPolicy },
      },
    });
    return new Application(fixture, name);
  }

  /** Asks for a look at git and cluster, and waits until it is over. */
  async refresh(): Promise<Shown> {
    const object = `application/${this.#name}`;
    await this.#fixture.must(['annotate', object, '-n', NAMESPACE, '--overwrite', `${REFRESH}=normal`]);
    const seen = await eventually(
      () => this.#get(),
      ({ metadata }) => metadata.annotations?.[REFRESH] === undefined,
      PATIENCE_MS,
    );
    if (seen.metadata.annotations?.[REFRESH] !== undefined)
      throw new Error(`nobody looked at Application ${this.#name}`);
    return shownOf(seen);
  }

  async show(): Promise<Shown> {
    return shownOf(await this.#get());
  }

  /** Waits until it is as wanted, after a look at what is new. @returns the last look at it, to be asserted */
  async until(is: (shown: Shown) => boolean): Promise<Shown> {
    await this.refresh();
    return await eventually(() => this.show(), is, PATIENCE_MS);
  }

  async #get(): Promise<Stored> {
    return JSON.parse(
      await this.#fixture.must(['get', `application/${this.#name}`, '-n', NAMESPACE, '-o', 'json']),
    ) as Stored;
  }
}

const REFRESH = 'argocd.argoproj.io/refresh';

/** Of an Application, what is read. */
interface Stored {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly status?: {
    readonly sync?: { readonly status: string; readonly revision?: string };
    readonly health?: { readonly status: string };
    readonly operationState?: {
      readonly phase: string;
      readonly message?: string;
      readonly operation?: { readonly sync?: { readonly revision?: string } };
    };
    readonly conditions?: readonly { readonly type: string; readonly message: string }[];
    readonly resources?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly health?: { readonly status?: string; readonly message?: string };
    }[];
  };
}

const shownOf = ({ status = {} }: Stored): Shown => {
  const { sync, health, operationState: operation, conditions = [], resources = [] } = status;
  return {
    sync: sync?.status,
    revision: sync?.revision,
    health: health?.status,
    resources: resources.flatMap(({ kind, name, health: own }) =>
      own?.status === undefined ? [] : [`${kind}/${name} ${own.status}: ${own.message ?? ''}`],
    ),
    phase: operation?.phase,
    message: operation?.message,
    synced: operation?.operation?.sync?.revision,
    conditions: conditions.map(({ type, message }) => `${type}: ${message}`),
  };
};
