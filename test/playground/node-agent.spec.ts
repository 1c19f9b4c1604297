import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Container, V1PodSpec } from '@kubernetes/client-node';
import t from 'tap';
import { bareCommand, withMachinePaths } from '../../playground/node-agent/bare.js';
import { ContainerLog } from '../../playground/node-agent/container-log.js';
import { planContainer } from '../../playground/node-agent/container-plan.js';
import { environmentOf } from '../../playground/node-agent/environment.js';
import { expand } from '../../playground/node-agent/expansion.js';
import type { LogOptions } from '../../playground/node-agent/log-lines.js';
import { readLog } from '../../playground/node-agent/log-reader.js';
import { logOptions } from '../../playground/node-agent/log-server.js';
import { nodeStatus } from '../../playground/node-agent/node-object.js';
import type { AgentPod } from '../../playground/node-agent/pod.js';
import { firstProgress, lostProgress, wasStarted } from '../../playground/node-agent/pod-progress.js';
import {
  type ContainerProgress,
  type PodProgress,
  phaseOf,
  podStatus,
} from '../../playground/node-agent/pod-status.js';
import { quantity } from '../../playground/node-agent/quantity.js';
import { isRestarted, restartDelay } from '../../playground/node-agent/restart.js';
import { sandboxCommand } from '../../playground/node-agent/sandbox.js';
import { place } from '../../playground/node-agent/scheduling.js';
import type { Sources } from '../../playground/node-agent/sources.js';
import { contentOf } from '../../playground/node-agent/volumes.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const node = { node: 'n', address: '127.0.0.1', cpus: 4, memory: 8 * 1024 ** 3 };
const container = (more: Partial<V1Container> = {}): V1Container => ({ name: 'c', command: ['true'], ...more });
const pod = (spec: Partial<V1PodSpec> = {}, status?: AgentPod['status']): AgentPod => ({
  metadata: { namespace: 'ns', name: 'p', uid: 'u', resourceVersion: '1', labels: { app: 'x' }, annotations: {} },
  spec: { containers: [container()], ...spec },
  ...(status !== undefined && { status }),
});
const sources: Sources = {
  secrets: new Map([['s', { metadata: { namespace: 'ns', name: 's' }, data: { k: base64('v'), 'a.b': base64('w') } }]]),
  configMaps: new Map([
    ['m', { metadata: { namespace: 'ns', name: 'm' }, data: { k: 'text' }, binaryData: { b: base64('bin') } }],
  ]),
  tokens: new Map([['', 'default-token']]),
};

t.test('$(NAME) is expanded as Kubernetes does it', async (t) => {
  const variables = new Map([
    ['A', 'a'],
    ['B', '$(A)'],
  ]);
  const table = [
    ['$(A)-$(A)', 'a-a'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$a'],
    ['$(NONE) $A $', '$(NONE) $A $'],
    ['$(B)', '$(A)'],
    ['$(A', '$(A'],
  ] as const;
  for (const [given, want] of table) t.equal(expand(given, variables), want, given);
});

t.test('quantities are numbers', async (t) => {
  const table = [
    ['1Gi', 1024 ** 3],
    ['500m', 0.5],
    ['1.5k', 1500],
    ['1e3', 1000],
    [2, 2],
    ['x', undefined],
    [undefined, undefined],
  ] as const;
  for (const [given, want] of table) t.equal(quantity(given), want, String(given));
});

t.test('a container has the variables that its spec says', async (t) => {
  const of = (more: Partial<V1Container>) =>
    environmentOf({ pod: pod(), container: container(more), sources, node, server: 'https://127.0.0.1:6443' });
  const all = of({
    envFrom: [{ secretRef: { name: 's' }, prefix: 'S_' }, { configMapRef: { name: 'gone', optional: true } }],
    env: [
      { name: 'ONE', value: '1' },
      { name: 'TWO', value: '$(ONE)2 $(LATER)' },
      { name: 'LATER', value: 'x' },
      { name: 'SECRET', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      { name: 'MAP', valueFrom: { configMapKeyRef: { name: 'm', key: 'k' } } },
      { name: 'NOT', valueFrom: { secretKeyRef: { name: 's', key: 'none', optional: true } } },
      { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
      { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'requests.cpu' } } },
    ],
    resources: { limits: { memory: '128Mi' }, requests: { cpu: '100m' } },
  });
  t.same(all.kind === 'ready' && Object.fromEntries(all.variables), {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOSTNAME: 'p',
    HOME: '/',
    PLAYGROUND_IMAGE: '',
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: '6443',
    KUBERNETES_SERVICE_PORT_HTTPS: '6443',
    KUBERNETES_PORT: 'tcp://127.0.0.1:6443',
    S_k: 'v',
    'S_a.b': 'w',
    ONE: '1',
    TWO: '12 $(LATER)',
    LATER: 'x',
    SECRET: 'v',
    MAP: 'text',
    APP: 'x',
    IP: '127.0.0.1',
    MEMORY: '128',
    CPU: '1',
  });
  const missing: readonly (readonly [Partial<V1Container>, string])[] = [
    [{ envFrom: [{ configMapRef: { name: 'gone' } }] }, 'configmap "gone" not found'],
    [{ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'gone', key: 'k' } } }] }, 'secret "gone" not found'],
    [
      { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'm', key: 'x' } } }] },
      "couldn't find key x in ConfigMap ns/m",
    ],
    [{ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'x' } } }] }, 'unsupported fieldPath: x'],
  ];
  for (const [given, message] of missing) t.same(of(given), { kind: 'missing', message }, message);
});

t.test('volumes have the content of their sources', async (t) => {
  const file = (path: string, text: string, mode: number) => ({ path, content: Buffer.from(text), mode });
  const table = [
    { given: { emptyDir: {} }, want: { kind: 'empty' } },
    {
      given: { secret: { secretName: 's', defaultMode: 0o400 } },
      want: { kind: 'files', files: [file('k', 'v', 0o400), file('a.b', 'w', 0o400)] },
    },
    {
      given: { secret: { secretName: 's', items: [{ key: 'k', path: 'x/y', mode: 0o600 }] } },
      want: { kind: 'files', files: [file('x/y', 'v', 0o600)] },
    },
    { given: { secret: { secretName: 'gone' } }, want: { kind: 'missing', message: 'secret "gone" not found' } },
    { given: { secret: { secretName: 'gone', optional: true } }, want: { kind: 'files', files: [] } },
    {
      given: { secret: { secretName: 's', items: [{ key: 'z', path: 'z' }] } },
      want: { kind: 'missing', message: 'secret "s": references non-existent secret key: z' },
    },
    {
      given: { configMap: { name: 'm' } },
      want: { kind: 'files', files: [file('k', 'text', 0o644), file('b', 'bin', 0o644)] },
    },
    {
      given: {
        projected: {
          sources: [
            { serviceAccountToken: { path: 'token' } },
            { configMap: { name: 'm', items: [{ key: 'k', path: 'ca.crt' }] } },
            { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
          ],
        },
      },
      want: {
        kind: 'files',
        files: [
          { ...file('token', 'default-token', 0o600), token: true },
          file('ca.crt', 'text', 0o644),
          file('namespace', 'ns', 0o644),
        ],
      },
    },
    {
      given: { nfs: { server: 'x', path: '/' } },
      want: { kind: 'missing', message: "volumes of kind nfs are not supported by the playground's node agent" },
    },
  ];
  for (const { given, want } of table) {
    t.same(contentOf({ name: 'v', ...given }, { pod: pod(), sources, node }), want, JSON.stringify(given));
  }
});

t.test('a Pod is bound where its selector and requests allow it', async (t) => {
  const message = (why: string) => ({ kind: 'unschedulable', message: `0/1 nodes are available: 1 ${why}.` });
  const table = [
    { given: {}, want: { kind: 'bind' } },
    { given: { nodeName: 'n' }, want: { kind: 'own' } },
    { given: { nodeName: 'other' }, want: { kind: 'foreign' } },
    { given: { schedulerName: 'mine' }, want: { kind: 'foreign' } },
    { given: { nodeSelector: { 'kubernetes.io/hostname': 'n' } }, want: { kind: 'bind' } },
    { given: { nodeSelector: { disk: 'ssd' } }, want: message("node(s) didn't match Pod's node affinity/selector") },
    {
      given: { containers: [container({ resources: { requests: { memory: '9Gi' } } })] },
      want: message('Insufficient memory'),
    },
    {
      given: { containers: [container({ resources: { requests: { cpu: '5' } } })] },
      want: message('Insufficient cpu'),
    },
  ];
  for (const { given, want } of table) t.same(place(pod(given), node), want, JSON.stringify(given));
});

t.test('a container is planned as its spec says, or refused as a kubelet would', async (t) => {
  const variables = new Map([['NAME', 'x']]);
  const spec = {
    securityContext: { runAsUser: 1000, fsGroup: 2000 },
    volumes: [
      { name: 'e', emptyDir: {} },
      { name: 's', secret: { secretName: 's' } },
    ],
  };
  const given = container({
    command: ['werf'],
    args: ['--x=$(NAME)', '$$(NAME)'],
    workingDir: '/w',
    volumeMounts: [
      { name: 'e', mountPath: '/e', subPathExpr: 'a/$(NAME)' },
      { name: 's', mountPath: '/s' },
    ],
    securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    resources: { limits: { memory: '64Mi' } },
  });
  t.same(planContainer(pod(spec), given, variables), {
    kind: 'plan',
    plan: {
      command: ['werf', '--x=x', '$(NAME)'],
      workingDir: '/w',
      readOnlyRoot: true,
      mounts: [
        { volume: 'e', subPath: 'a/x', target: '/e', readOnly: false },
        { volume: 's', subPath: undefined, target: '/s', readOnly: true },
      ],
      credentials: { user: 1000, group: undefined, groups: [2000], noNewPrivileges: true, dropAll: true },
      memoryLimit: 64 * 1024 ** 2,
      terminationMessagePath: '/dev/termination-log',
    },
  });
  const refused = [
    {
      given: { securityContext: { runAsNonRoot: true } },
      want: 'container has runAsNonRoot and image has non-numeric user (werf), cannot verify user is non-root',
    },
    {
      given: { securityContext: { runAsNonRoot: true, runAsUser: 0 } },
      want: "container's runAsUser breaks non-root policy",
    },
    {
      given: { command: [] },
      want: "no command specified: the playground's node agent pulls no images, so spec.containers[].command is needed",
    },
  ];
  for (const { given, want } of refused) {
    const planned = planContainer(pod(), container(given), variables);
    t.equal(planned.kind === 'refused' && planned.message, want, want);
  }
});

t.test('the sandbox mounts parents first and never has a value in its arguments', async (t) => {
  const mount = (target: string) => ({ kind: 'dir', source: `/m${target}`, target, readOnly: true }) as const;
  const plan = {
    root: '/r',
    readOnlyRoot: true,
    workingDir: '/',
    mounts: [mount('/a/b'), mount('/a')],
    command: ['x', 'y'],
    credentials: { user: 1000, group: undefined, groups: [], noNewPrivileges: true, dropAll: true },
  };
  const after = (words: readonly string[]) => words.slice(words.indexOf('sandbox'));
  const mounts = ['sandbox', '/r', 'ro', '/', '2', 'dir', '/m/a', '/a', 'ro', 'dir', '/m/a/b', '/a/b', 'ro', 'x'];
  const setpriv = ['/usr/bin/setpriv', '--reuid', '1000', '--regid', '0', '--clear-groups', '--no-new-privs'];
  t.same(after(sandboxCommand('root', plan)), [
    ...mounts,
    ...setpriv,
    ...['--inh-caps=-all', '--ambient-caps=-all', '--bounding-set=-all', '--', 'x', 'y'],
  ]);
  t.same(after(sandboxCommand('user', plan)), [
    ...mounts,
    ...['/usr/bin/unshare', '--user', '--map-user=1000', '--map-group=0', '--'],
    ...['/usr/bin/setpriv', '--no-new-privs', '--', 'x', 'y'],
  ]);
});

t.test('without namespaces mounted paths are replaced, on their boundaries only', async (t) => {
  const mounts = [
    { kind: 'dir', source: '/m/tmp', target: '/tmp', readOnly: false },
    { kind: 'dir', source: '/tmp/home', target: '/home/werf', readOnly: false },
  ] as const;
  const table = [
    ['--values=/tmp/v.yaml', '--values=/m/tmp/v.yaml'],
    ['/home/werf', '/tmp/home'],
    ['/home/werfer /x/tmp /tmp.d', '/home/werfer /x/tmp /tmp.d'],
    ['a:/tmp:/home/werf/b', 'a:/m/tmp:/tmp/home/b'],
  ] as const;
  for (const [given, want] of table) t.equal(withMachinePaths(given, mounts), want, given);
  const plan = { mounts, folder: '/f', workingDir: '/home/werf', variables: new Map([['PATH', '/nowhere']]) };
  t.same(bareCommand({ ...plan, command: ['none'] }), {
    kind: 'missing',
    message: 'exec: "none": executable file not found in $PATH',
  });
  const command = bareCommand({ ...plan, command: [process.execPath, '/tmp'] });
  t.same(command.kind === 'command' && [command.words.slice(-2), command.cwd, command.variables.get('TMPDIR')], [
    [process.execPath, '/m/tmp'],
    '/tmp/home',
    '/m/tmp',
  ]);
});

const waiting = (more: Partial<ContainerProgress> = {}): ContainerProgress => ({
  name: 'c',
  image: 'i',
  restarts: 0,
  state: { kind: 'waiting', reason: 'ContainerCreating' },
  ...more,
});
const running = (): ContainerProgress => waiting({ state: { kind: 'running', startedAt: 1000 } });
const end = (exitCode: number, reason = exitCode === 0 ? 'Completed' : 'Error') =>
  ({ kind: 'ended', exitCode, reason, startedAt: 1000, finishedAt: 2999 }) as const;
const over = (exitCode: number): ContainerProgress => waiting({ state: end(exitCode) });
const progress = (more: Partial<PodProgress>): PodProgress => ({
  uid: 'u',
  startedAt: 0,
  address: '127.0.0.1',
  init: [],
  main: [waiting()],
  ...more,
});

t.test("a Pod's phase follows from its containers", async (t) => {
  const verdict = { reason: 'DeadlineExceeded', message: '' };
  const table = [
    { title: 'nothing started', given: {}, want: 'Pending' },
    { title: 'an init container runs', given: { init: [running()] }, want: 'Pending' },
    { title: 'an init container failed', given: { init: [over(1)] }, want: 'Failed' },
    { title: 'init is done', given: { init: [over(0)], main: [running()] }, want: 'Running' },
    { title: 'one of two ended', given: { main: [over(0), running()] }, want: 'Running' },
    { title: 'all succeeded', given: { main: [over(0), over(0)] }, want: 'Succeeded' },
    { title: 'one failed', given: { main: [over(0), over(3)] }, want: 'Failed' },
    { title: 'it waits for a restart', given: { main: [waiting({ last: end(1), restarts: 1 })] }, want: 'Running' },
    { title: 'the node ends it', given: { main: [running()], verdict }, want: 'Running' },
    { title: 'the node ended it', given: { verdict }, want: 'Failed' },
  ] as const;
  for (const { title, given, want } of table) t.equal(phaseOf(progress(given)), want, title);
});

t.test("a Pod's status is what a kubelet would report", async (t) => {
  const given = progress({
    main: [waiting({ restarts: 1, last: end(1), state: end(137, 'OOMKilled') })],
    verdict: { reason: 'R', message: 'M' },
  });
  const before = [{ type: 'Initialized', status: 'True' as const, lastTransitionTime: 'before' }];
  const notReady = { status: 'False', reason: 'ContainersNotReady', message: 'containers with unready status: [c]' };
  const now = { lastTransitionTime: '1970-01-01T00:00:05Z' };
  const times = {
    startedAt: '1970-01-01T00:00:01Z',
    finishedAt: '1970-01-01T00:00:02Z',
    containerID: 'local-process://u',
  };
  t.same(podStatus(given, before, 5000), {
    phase: 'Failed',
    reason: 'R',
    message: 'M',
    conditions: [
      { type: 'Initialized', status: 'True', lastTransitionTime: 'before' },
      { type: 'Ready', ...notReady, ...now },
      { type: 'ContainersReady', ...notReady, ...now },
      { type: 'PodScheduled', status: 'True', ...now },
    ],
    hostIP: '127.0.0.1',
    podIP: '127.0.0.1',
    podIPs: [{ ip: '127.0.0.1' }],
    startTime: '1970-01-01T00:00:00Z',
    containerStatuses: [
      {
        name: 'c',
        image: 'i',
        imageID: '',
        restartCount: 1,
        ready: false,
        started: false,
        state: { terminated: { exitCode: 137, reason: 'OOMKilled', ...times } },
        lastState: { terminated: { exitCode: 1, reason: 'Error', ...times } },
        containerID: 'local-process://u',
      },
    ],
  });
});

t.test('Pods that an earlier agent has started are lost, ended ones are not touched', async (t) => {
  const state = (more: object) => ({ containerStatuses: [{ name: 'c', ...more }] });
  const table = [
    { given: undefined, want: [false, 'reported'] },
    { given: { phase: 'Pending', ...state({ state: { waiting: {} } }) }, want: [false, 'reported'] },
    { given: { phase: 'Running', ...state({ state: { running: {} } }) }, want: [true, 'reported'] },
    { given: { phase: 'Succeeded' }, want: [true, 'left'] },
  ] as const;
  for (const { given, want } of table) {
    const seen = pod({}, given as AgentPod['status']);
    const lost = lostProgress(seen, firstProgress(seen, '127.0.0.1', 0), 7);
    t.same([wasStarted(seen), lost === undefined ? 'left' : 'reported'], want, JSON.stringify(given));
  }
  const seen = pod({}, { phase: 'Running', startTime: '1970-01-01T00:00:01Z' });
  t.same(lostProgress(seen, firstProgress(seen, '127.0.0.1', 0), 7), {
    uid: 'u',
    startedAt: 1000,
    address: '127.0.0.1',
    init: [],
    main: [
      {
        name: 'c',
        image: '',
        restarts: 0,
        state: {
          kind: 'ended',
          exitCode: 137,
          reason: 'ContainerStatusUnknown',
          startedAt: 7,
          finishedAt: 7,
          message: 'The container could not be located when the pod was terminated',
        },
      },
    ],
  });
});

t.test('restarts follow the policy: at once, then after 10s, 20s … 5m', async (t) => {
  const table = [
    ['Never', false, 1, false],
    ['OnFailure', false, 0, false],
    ['OnFailure', false, 1, true],
    ['Always', false, 0, true],
    ['Always', true, 0, false],
    ['Always', true, 1, true],
  ] as const;
  for (const [policy, init, exitCode, want] of table) {
    t.equal(isRestarted({ policy, init, exitCode }), want, `${policy}, ${init ? 'init, ' : ''}exit code ${exitCode}`);
  }
  t.same([0, 1, 2, 9].map(restartDelay), [0, 10_000, 20_000, 300_000]);
});

t.test("the Node has its log server's port and a Ready condition", async (t) => {
  const status = nodeStatus({ facts: node, port: 1234, ready: true, since: 0 }, 5000);
  t.same(status.daemonEndpoints, { kubeletEndpoint: { Port: 1234 } });
  t.same(status.capacity, { cpu: '4', memory: '8388608Ki', pods: '110' });
  t.same(status.conditions, [
    {
      type: 'Ready',
      status: 'True',
      reason: 'KubeletReady',
      message: 'Pods are run as local processes by the playground',
      lastHeartbeatTime: '1970-01-01T00:00:05Z',
      lastTransitionTime: '1970-01-01T00:00:00Z',
    },
  ]);
});

t.test("a container's log is stored, and read as kubectl logs requests it", async (t) => {
  let now = Date.UTC(2026, 0, 1);
  const clock = { now: () => now };
  const log = new ContainerLog(join(t.testdir({}), 'c', '0.log'), clock);
  const signal = new AbortController().signal;
  const read = async (options: Partial<LogOptions> = {}): Promise<string> => {
    const parts: Buffer[] = [];
    for await (const part of readLog(log, { follow: false, timestamps: false, ...options }, signal)) parts.push(part);
    return Buffer.concat(parts).toString('utf8');
  };
  log.write('stdout', Buffer.from('one\ntw'));
  log.write('stderr', Buffer.from('error\n'));
  log.write('stdout', Buffer.from('o\n\n'));
  now += 1000;
  const long = 'x'.repeat(40_000);
  log.write('stdout', Buffer.from(`${long}\n`));
  const following = readLog(log, { follow: true, timestamps: false, tailLines: 1 }, signal);
  t.equal((await following.next()).value?.toString('utf8') === `${long}\n`, true, 'the last line first');
  const next = following.next();
  log.write('stdout', Buffer.from('end'));
  log.end();
  t.equal((await next).value?.toString('utf8'), 'end', 'who follows gets what comes');
  t.same(await following.next(), { done: true, value: undefined }, 'until the end');
  t.match(
    readFileSync(log.file, 'utf8'),
    /^2026-01-01T00:00:00\.000Z stdout F one\n2026-01-01T00:00:00.000Z stderr F error\n/,
  );
  const table = [
    { given: {}, want: `one\nerror\ntwo\n\n${long}\nend` },
    { given: { tailLines: 2 }, want: `${long}\nend` },
    { given: { tailLines: 3 }, want: `\n${long}\nend` },
    { given: { tailLines: 0 }, want: '' },
    { given: { limitBytes: 6 }, want: 'one\ner' },
    { given: { since: now, limitBytes: 3 }, want: 'xxx' },
    { given: { timestamps: true, tailLines: 1 }, want: '2026-01-01T00:00:01.000Z end' },
  ];
  for (const { given, want } of table) t.equal(await read(given), want, JSON.stringify(given));
  t.same(logOptions(new URLSearchParams('follow=true&tailLines=5&limitBytes=x&sinceSeconds=2&timestamps=true'), 9000), {
    follow: true,
    timestamps: true,
    tailLines: 5,
    since: 7000,
  });
  t.same(logOptions(new URLSearchParams('sinceTime=1970-01-01T00:00:01Z'), 9000), {
    follow: false,
    timestamps: false,
    since: 1000,
  });
});
