import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import t from 'tap';
import { connect } from '../../kube/connect.js';
import { createKubeClient } from '../../kube/http-client.js';
import { findIsolation } from '../../playground/node-agent/isolation.js';
import { type NodeAgent, startNodeAgent } from '../../playground/node-agent/start.js';
import { publishBundle } from '../../playground/registry/publish.js';
import { startRegistry } from '../../playground/registry/start.js';
import { systemClock } from '../../process/system-clock.js';
import { canary } from '../kit/canary.js';
import { startCluster } from '../kit/cluster.js';
import { recordLog } from '../kit/record-log.js';

const until = async <T>(what: string, look: () => Promise<T | undefined>): Promise<T> => {
  const end = Date.now() + 30_000;
  while (Date.now() < end) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what} did not happen within 30 s`);
};

const cluster = await startCluster(t);
const client = createKubeClient(await connect({ kubeconfig: cluster.kubeconfig }));
t.teardown(() => client.close());
const standIn = join(cluster.dir, 'werf-stand-in.js');
const bundled = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  logLevel: 'warning',
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
} satisfies BuildOptions;
await build({ ...bundled, entryPoints: ['playground/werf-stand-in/main.ts'], outfile: standIn });
const { dir, server } = cluster.controlPlane;
const log = recordLog();
const ca = { cert: cluster.controlPlane.ca, key: await readFile(join(dir, 'ca.key'), 'utf8') };
const agents = join(cluster.dir, 'agent');

const start = (options: { readonly isolation?: 'none' } = {}): Promise<NodeAgent> =>
  startNodeAgent({ client, server, dir: agents, ca, werf: standIn, log, clock: systemClock, ...options });

const agent = await start();
t.teardown(() => agent.stop());

type Spec = Readonly<Record<string, unknown>>;

/** A Pod with one container `c` that runs a shell command. */
const pod = (name: string, script: string, more: { readonly spec?: Spec; readonly container?: Spec } = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels: { app: name } },
  spec: {
    restartPolicy: 'Never',
    ...more.spec,
    containers: [{ name: 'c', image: 'none', command: ['sh', '-c', script], ...more.container }],
  },
});

const kubectl = async (args: readonly string[], input?: object): Promise<string> => {
  const { code, stdout, stderr } = await cluster.kubectl(args, input === undefined ? undefined : JSON.stringify(input));
  return code === 0 ? stdout : `exit code ${code}: ${stderr}`;
};

const apply = (...items: readonly object[]) => kubectl(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items });

interface Seen {
  readonly metadata: { readonly uid: string };
  readonly status: {
    readonly phase: string;
    readonly reason?: string;
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly state: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    }[];
  };
}

const get = async (name: string): Promise<Seen | undefined> => {
  const { code, stdout } = await cluster.kubectl(['get', 'pod', name, '-o', 'json']);
  return code === 0 ? (JSON.parse(stdout) as Seen) : undefined;
};

/** Waits for a Pod's end. @returns phase, the Pod's reason, and the container's reason and exit code */
const ended = (name: string): Promise<readonly unknown[]> =>
  until(`the end of ${name}`, async () => {
    const { status } = (await get(name)) ?? { status: { phase: 'gone' } as Seen['status'] };
    if (status.phase !== 'Succeeded' && status.phase !== 'Failed') return undefined;
    const end = status.containerStatuses?.[0]?.state['terminated'];
    return [status.phase, status.reason, end?.['reason'], end?.['exitCode']];
  });

const waitingWith = (name: string, reason: string) =>
  until(`${name} waiting for ${reason}`, async () =>
    (await get(name))?.status.containerStatuses?.[0]?.state['waiting']?.['reason'] === reason ? true : undefined,
  );

const found = await findIsolation(cluster.dir, systemClock);
const isolated = found.kind === 'found';

t.test('a Job runs on the node, its Pod waits for a Secret, kubectl logs follows it', async (t) => {
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'late', namespace: 'default' },
    spec: {
      backoffLimit: 0,
      template: {
        spec: pod('late', 'cat /secrets/greeting; sleep 1; echo "$MODE $NAME $(id -u)" >&2; echo end', {
          spec: {
            volumes: [{ name: 's', secret: { secretName: 'late', items: [{ key: 'a', path: 'greeting' }] } }],
            securityContext: { runAsUser: 1000, runAsNonRoot: true },
          },
          container: {
            volumeMounts: [{ name: 's', mountPath: '/secrets' }],
            env: [
              { name: 'MODE', valueFrom: { secretKeyRef: { name: 'late', key: 'mode' } } },
              { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
            ],
          },
        }).spec,
      },
    },
  };
  await apply(job);
  const events = await until('the event FailedMount', async () => {
    const seen = await kubectl([
      'get',
      'events',
      '--field-selector',
      'reason=FailedMount',
      '-o',
      'jsonpath={..message}',
    ]);
    return seen === '' ? undefined : seen;
  });
  t.equal(events, 'MountVolume.SetUp failed for volume "s" : secret "late" not found');
  const name = await kubectl(['get', 'pods', '-l', 'job-name=late', '-o', 'jsonpath={.items[0].metadata.name}']);
  const before = await get(name);
  t.same(
    [before?.status.phase, before?.status.containerStatuses?.[0]?.state],
    ['Pending', { waiting: { reason: 'ContainerCreating' } }],
  );
  t.match(await kubectl(['logs', name]), /is waiting to start: ContainerCreating/);
  await apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'late', namespace: 'default' },
    stringData: { a: `hello\n${canary('file')}\n`, mode: canary('variable') },
  });
  await until('the container running', async () => ((await get(name))?.status.phase === 'Running' ? true : undefined));
  const whole = `hello\n${canary('file')}\n${canary('variable')} default ${isolated ? 1000 : process.getuid?.()}\nend\n`;
  t.equal(await kubectl(['logs', '-f', 'job/late']), whole, 'logs -f ends when the container does');
  t.same(await ended(name), ['Succeeded', undefined, 'Completed', 0]);
  t.equal(await kubectl(['logs', name, '--tail=1']), 'end\n');
  t.equal(await kubectl(['logs', name, '--limit-bytes=8']), 'hello\nca');
  t.match(await kubectl(['logs', name, '--timestamps', '--tail=1']), /^\d{4}-\d\d-\d\dT[\d:.]+Z end\n$/);
  t.match(await kubectl(['logs', name, '--previous']), /previous terminated container "c" in pod ".*" not found/);
  const complete = await until('the Job complete', async () =>
    (await kubectl(['get', 'job', 'late', '-o', 'jsonpath={.status.succeeded}'])) === '1' ? true : undefined,
  );
  t.ok(complete);
});

t.test('Pods end as they would on any node', async (t) => {
  const table = [
    {
      title: 'an exit code is reported with reason Error',
      pod: pod('exit-3', 'echo no >&2; exit 3'),
      want: { ended: ['Failed', undefined, 'Error', 3], log: 'no\n' },
    },
    {
      title: 'a process that outgrows its memory limit is OOMKilled with 137',
      pod: pod('oom', 'x=0123456789abcdef; while :; do x="$x$x"; done', {
        container: { resources: { limits: { memory: '64Mi' } } },
      }),
      want: { ended: ['Failed', undefined, 'OOMKilled', 137], log: '' },
    },
    {
      title: 'activeDeadlineSeconds ends the Pod with DeadlineExceeded and keeps its log',
      // Long enough for a shell to set its trap on a busy machine: the first process of a container is deaf to SIGTERM before.
      pod: pod('slow', 'trap "exit 9" TERM; echo begin; sleep 60 & wait', { spec: { activeDeadlineSeconds: 5 } }),
      want: { ended: ['Failed', 'DeadlineExceeded', 'Error', 9], log: 'begin\n' },
    },
    {
      title: 'a command that is not there is a StartError with 128',
      pod: pod('missing', '', { container: { command: ['no-such-program'] } }),
      want: { ended: ['Failed', undefined, 'StartError', 128], log: '' },
    },
    {
      title: 'werf is the stand-in where there is no real one, and finds its ServiceAccount',
      pod: pod('werf', 'werf version | head -n 1; ls /var/run/secrets/kubernetes.io/serviceaccount | tr "\\n" " "'),
      want: {
        ended: ['Succeeded', undefined, 'Completed', 0],
        log: 'werf stand-in of the playground: this is not werf, no chart is deployed\nca.crt namespace token ',
      },
    },
    {
      title: 'init containers run first, in order, and share volumes with what follows',
      pod: pod('init', 'cat /shared/*', {
        spec: {
          volumes: [{ name: 'v', emptyDir: {} }],
          initContainers: ['one', 'two'].map((name) => ({
            name,
            image: 'none',
            command: ['sh', '-c', `n=$(ls /shared | wc -l); echo $n >/shared/${name}`],
            volumeMounts: [{ name: 'v', mountPath: '/shared' }],
          })),
        },
        container: { volumeMounts: [{ name: 'v', mountPath: '/shared' }] },
      }),
      want: { ended: ['Succeeded', undefined, 'Completed', 0], log: '0\n1\n' },
    },
    {
      title: "OnFailure starts a container again at once, and the log is the last attempt's",
      pod: pod('again', 'if [ -e /shared/x ]; then echo second; else echo first; : >/shared/x; exit 1; fi', {
        spec: { restartPolicy: 'OnFailure', volumes: [{ name: 'v', emptyDir: {} }] },
        container: { volumeMounts: [{ name: 'v', mountPath: '/shared' }] },
      }),
      want: { ended: ['Succeeded', undefined, 'Completed', 0], log: 'second\n' },
    },
  ];
  const inSandbox = [
    ...['a', 'b'].map((name) => ({
      title: `a path that two Pods write is each one's own (${name})`,
      pod: pod(`own-${name}`, `mkdir -p /home/werf/x; echo ${name} >>/home/werf/x/f; sleep 1; cat /home/werf/x/f`, {
        container: { workingDir: '/home/werf' },
      }),
      want: { ended: ['Succeeded', undefined, 'Completed', 0], log: `${name}\n` },
    })),
    {
      title: 'a read-only root, a read-only Secret and a writable emptyDir are what the Pod says',
      pod: pod('ro', 'for f in /x /usr/x /s/x /tmp/x; do (: >$f) 2>/dev/null && echo $f; done; pwd', {
        spec: {
          volumes: [
            { name: 't', emptyDir: {} },
            { name: 's', configMap: { name: 'none', optional: true } },
          ],
          securityContext: { runAsUser: 1000 },
        },
        container: {
          workingDir: '/home/werf',
          securityContext: {
            readOnlyRootFilesystem: true,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
          },
          volumeMounts: [
            { name: 't', mountPath: '/tmp' },
            { name: 's', mountPath: '/s' },
          ],
        },
      }),
      want: { ended: ['Succeeded', undefined, 'Completed', 0], log: '/tmp/x\n/home/werf\n' },
    },
  ];
  const cases = isolated ? [...table, ...inSandbox] : table;
  await apply(...cases.map((each) => each.pod));
  for (const { title, pod, want } of cases) {
    const seen = await ended(pod.metadata.name);
    t.same({ ended: seen, log: await kubectl(['logs', pod.metadata.name]) }, want, title);
  }
  t.equal(await kubectl(['logs', '--previous', 'again']), 'first\n', 'the attempt before can be read');
});

t.test('a Pod that fits nowhere, or whose variables can not be made, says so and waits', async (t) => {
  await apply(
    pod('nowhere', 'true', { spec: { nodeSelector: { disk: 'ssd' } } }),
    pod('no-key', 'true', {
      container: { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'n', key: 'k' } } }] },
    }),
  );
  await waitingWith('no-key', 'CreateContainerConfigError');
  const condition = await until('the condition', async () => {
    const path = 'jsonpath={.status.conditions[?(@.type=="PodScheduled")].reason}';
    return (await kubectl(['get', 'pod', 'nowhere', '-o', path])) || undefined;
  });
  t.equal(condition, 'Unschedulable');
  t.match(await kubectl(['delete', 'pod', 'nowhere', 'no-key', '--timeout=10s']), /"no-key" deleted/);
});

t.test('a deleted Pod gets SIGTERM, then SIGKILL after its grace period, and its deletion is confirmed', async (t) => {
  await apply(
    pod('polite', 'trap "exit 0" TERM; echo up; sleep 100 & wait'),
    pod('deaf', 'trap "" TERM; echo up; while :; do sleep 1; done', { spec: { terminationGracePeriodSeconds: 1 } }),
  );
  for (const name of ['polite', 'deaf']) {
    await until(`${name} up`, async () => ((await kubectl(['logs', name])) === 'up\n' ? true : undefined));
  }
  t.match(await kubectl(['delete', 'pod', 'polite', 'deaf', '--timeout=20s']), /"polite" deleted.*\n.*"deaf" deleted/);
});

t.test("a bundle is applied by the stand-in with the Pod's own ServiceAccount, and only with its rights", async (t) => {
  const registry = await startRegistry({ dir: join(cluster.dir, 'registry'), say: () => {} });
  t.teardown(() => registry.stop());
  const chart = { name: 'app', version: '1.0.0', files: {} };
  await publishBundle({ host: registry.host, repository: 'acme/app', tag: '1.0.0', chart });
  await kubectl(['create', 'serviceaccount', 'werf']);
  const verbs = 'get,list,create,patch,delete';
  await kubectl(['create', 'role', 'werf', `--verb=${verbs}`, '--resource=secrets,configmaps']);
  await kubectl(['create', 'rolebinding', 'werf', '--role=werf', '--serviceaccount=default:werf']);
  const applying = (name: string, serviceAccountName: string) => {
    const words = ['bundle', 'apply', '--repo', `${registry.host}/acme/app`, '--tag', '1.0.0', '--release', 'app'];
    const args = [...words, '--namespace', 'default', '--insecure-registry', '--set-string', 'a=b'];
    return pod(name, '', { spec: { serviceAccountName }, container: { command: ['werf'], args } });
  };
  await apply(applying('may', 'werf'), applying('may-not', 'default'));
  t.same(await ended('may'), ['Succeeded', undefined, 'Completed', 0]);
  t.match(await kubectl(['logs', 'may', '--tail=1']), 'Succeeded release "app" (namespace: "default")');
  t.same(await ended('may-not'), ['Failed', undefined, 'Error', 1]);
  t.match(
    await kubectl(['logs', 'may-not', '--tail=3']),
    /^Error: release install: create release namespace: .*\n {2}\* .*configmaps "werf-synchronization" is forbidden: User "system:serviceaccount:default:default" cannot patch/,
  );
  const labels = 'jsonpath={.metadata.labels.owner} {.metadata.labels.status} {.type}';
  t.equal(
    await kubectl(['get', 'secret', 'sh.helm.release.v1.app.v1', '-o', labels]),
    'helm deployed helm.sh/release.v1',
  );
});

const argumentsOf = (pid: string): Promise<string> => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');

const processesWith = async (mark: string): Promise<number> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return (await Promise.all(pids.map(argumentsOf))).filter((words) => words.includes(mark)).length;
};

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectSocket(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    }).on('error', () => resolve(false));
  });

const diesWithAgent = async (isolation: string) => {
  await t.test('containers die with the agent, even if it is killed', async (t) => {
    const outfile = join(cluster.dir, 'hard.mjs');
    const contents = `
    import { mkdirSync } from 'node:fs';
    import { ContainerProcess } from './container-process.js';
    import { sandboxCommand } from './sandbox.js';
    const root = process.argv[2];
    mkdirSync(root);
    const credentials = { groups: [], noNewPrivileges: false, dropAll: false };
    const command = ['sh', '-c', ': mark-of-hard; trap "" TERM; setsid sleep 1000 & sleep 1000'];
    const plan = { root, readOnlyRoot: false, workingDir: '/', mounts: [], credentials, command };
    const words = sandboxCommand(process.argv[3], plan);
    const variables = new Map([['PATH', '/usr/bin:/bin']]);
    const log = { write() {}, end() {} };
    const container = ContainerProcess.start({ words, variables, cwd: '/', sandbox: true }, log);
    await container.started;
    console.log('up');
    await container.ended;
  `;
    const stdin = { contents, resolveDir: 'playground/node-agent', loader: 'js' } as const;
    await build({ ...bundled, stdin, outfile });
    const owner = spawn(process.execPath, [outfile, join(cluster.dir, 'hard-root'), isolation], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(owner.stdout, 'data');
    t.ok((await processesWith('mark-of-hard')) > 0);
    owner.kill('SIGKILL');
    t.ok(await until('their end', async () => ((await processesWith('mark-of-hard')) === 0 ? true : undefined)));
  });
};
if (found.kind === 'found') await diesWithAgent(found.isolation);

t.test('stopping ends all Pods as failed and leaves no process, port or file', async (t) => {
  await apply(pod('left', ': mark-of-left; trap "" TERM; setsid sleep 1000 & echo up; wait; sleep 1000'));
  await until('left up', async () => ((await kubectl(['logs', 'left'])) === 'up\n' ? true : undefined));
  t.ok((await processesWith('mark-of-left')) > 0);
  await agent.stop();
  t.same(await ended('left'), ['Failed', 'Terminated', 'Error', 137]);
  t.equal(await processesWith('mark-of-left'), 0);
  t.equal(await isOpen(agent.port), false);
  t.same(await readdir(agents), []);
  const path = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}';
  t.equal(await kubectl(['get', 'node', 'playground', '-o', path]), 'False');
});

t.test("without namespaces a Pod still runs, with its volumes' paths replaced, and the log says so", async (t) => {
  const bare = await start({ isolation: 'none' });
  t.teardown(() => bare.stop());
  await apply(
    pod('bare', 'cat /s/token-is-here; cat "$FILE"; werf --bad', {
      spec: { volumes: [{ name: 's', secret: { secretName: 'bare' } }] },
      container: { volumeMounts: [{ name: 's', mountPath: '/s' }], env: [{ name: 'FILE', value: '/s/other' }] },
    }),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'bare', namespace: 'default' },
      stringData: { 'token-is-here': canary('x'), other: `${canary('y')}\n` },
    },
  );
  t.same(await ended('bare'), ['Failed', undefined, 'Error', 1]);
  t.match(
    await kubectl(['logs', 'bare']),
    new RegExp(`^${canary('x')}${canary('y')}\\n.*Error: unknown flag: --bad\\n$`, 's'),
  );
  t.match(
    log.entries.filter(({ level }) => level === 'warn').map(({ message }) => message),
    [/^containers run without namespaces/],
  );
  t.same(await ended('left'), ['Failed', 'Terminated', 'Error', 137], 'what an earlier agent reported stays');
});
