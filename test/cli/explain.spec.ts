import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { StoredBundle, WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import { type ExplainOptions, explainFile, explainStored } from '../../cli/explain/command.js';
import type { Explanation } from '../../cli/explain/explanation.js';
import { KubeError } from '../../kube/client.js';
import { CONFIGMAPS, SECRETS, SERVICEACCOUNTS, WERFBUNDLES } from '../../kube/resources.js';
import { bundle, CHECKSUM, deployment, iso, NOW, syncedStatus } from '../kit/builders.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { createFakeTerminal, sessionOf } from '../kit/fake-terminal.js';
import { heldValuesStatus } from '../kit/held-values.js';
import { MemoryRegistry } from '../kit/memory-registry.js';

const HIDDEN = 'hunter2-hunter2';
const BASE64 = (text: string): string => Buffer.from(text).toString('base64');

const SPEC: WerfBundleSpec = {
  registry: { url: 'registry.example/acme/app', versionConstraint: '>=1.0.0 <2.0.0' },
  converge: {
    serviceAccountName: 'werf-converge',
    valuesFrom: [
      { configMapRef: { name: 'settings' } },
      { secretRef: { name: 'database' } },
      { configMapRef: { name: 'extra' }, optional: true },
    ],
    values: { app: { replicas: 3, motd: 'one\ntwo\nthree' } },
  },
};

const setUp = (columns?: number) => {
  const clock = createFakeClock(NOW);
  const kube = createFakeKube({ clock });
  const registry = new MemoryRegistry();
  registry.publish('acme/app', {
    'v1.0.0': 'sha256:1',
    'v1.1.0': 'image-1',
    'v1.2.0-rc.1': 'sha256:3',
    'v2.0.0': 'sha256:4',
    latest: 'sha256:5',
    'v0.9.0': 'sha256:6',
  });
  const meta = (name: string) => ({ metadata: { namespace: 'ops', name } });
  kube.seed(SERVICEACCOUNTS, meta('werf-converge'));
  kube.seed(CONFIGMAPS, {
    ...meta('settings'),
    data: { 'values.yaml': 'app: {replicas: 1, debug: true}\ndb: {host: db.example}\n' },
  });
  kube.seed(SECRETS, {
    ...meta('database'),
    data: { token: BASE64(HIDDEN), 'values.yaml': BASE64(`db:\n  host: ${HIDDEN}\n  ${HIDDEN}: ${HIDDEN}\n`) },
  });
  const add = (
    status: WerfBundleStatus,
    spec: WerfBundleSpec = SPEC,
    metadata: Partial<StoredBundle['metadata']> = {},
  ) => kube.seed(WERFBUNDLES, bundle(status, { spec, metadata }));
  const terminal = createFakeTerminal({ clock, ...(columns !== undefined && { columns }) });
  const openRegistry = () => Object.assign(registry, { close: async () => {} });
  const deps = { terminal, session: sessionOf(kube, terminal), openRegistry };
  const run = async (options: Partial<ExplainOptions> = {}): Promise<string> => {
    await explainStored(deps, 'wb/my-app', { registry: true, ...options });
    return terminal.taken();
  };
  const model = async (options: Partial<ExplainOptions> = {}): Promise<Explanation> =>
    JSON.parse(await run({ ...options, output: 'json' }));
  return { kube, registry, add, terminal, deps, run, model };
};

const UP_TO_DATE = syncedStatus({ lastAppliedDigest: 'sha256:1', deployment: deployment({ digest: 'sha256:1' }) });

t.test('it is all in one screen: what is next, the tag, the values by their sources, the Job', async (t) => {
  const { add, run, terminal } = setUp();
  add(UP_TO_DATE);
  const text = await run();
  t.equal(
    text,
    `WerfBundle ops/my-app

Next    v1.0.0 is deployed; a new tag, other values or another spec are what it
          waits for: the registry is polled every 15m

Tag     v1.0.0, which is deployed
        the highest in versionConstraint ">=1.0.0 <2.0.0", of
          registry.example/acme/app, which has 6 tags
          v2.0.0       not in versionConstraint
          v1.2.0-rc.1  pre-release, and versionConstraint names none
          v1.1.0       no bundle: its manifest is no chart
          v0.9.0       not in versionConstraint
          latest       no version

Values  6 values, of 2 sources and the spec; later ones win
        spec.converge.values
          app.replicas = 3
            instead of that of ConfigMap ops/settings, key "values.yaml"
          app.motd = "one…" (3 lines)
        ConfigMap ops/settings, key "values.yaml"
          app.debug = true
        Secret ops/database, key "values.yaml"
          db.host = ***
            instead of that of ConfigMap ops/settings, key "values.yaml"
          *** (1 value, whose name is the Secret's, too)
        Secret ops/database, key "token"
          token = ***
        ConfigMap ops/extra does not exist, and is optional
        warning: key "token" of Secret ops/database holds a single text: it
          becomes the text value "token"; YAML belongs under a key that ends in
          .yaml

Job     named once it is made, in namespace ops
        image of the controller's --werf-image
        ServiceAccount werf-converge
        cpu 1, memory 1Gi; ends after 30m, no retry
        in a Secret of its own: values
        werf bundle apply --set=app.debug=true '--set-string=app.motd=one two
          three' --repo registry.example/acme/app --tag v1.0.0 --release my-app
          --namespace ops --values /var/run/werfbundle/values/values.yaml
          --timeout 1770 --releases-history-max 5 --log-color-mode=off
          --log-pretty=false --log-terminal-width=200
`,
  );
  t.strictSame(terminal.ended, [0]);
});

t.test('no output has anything of a Secret but its name and its keys', async (t) => {
  const { add, run } = setUp();
  add(UP_TO_DATE);
  const all = [await run(), await run({ output: 'json' }), await run({ output: 'yaml' }), await run({ values: true })];
  const known = await Promise.all(all);
  for (const text of known) {
    t.notMatch(text, HIDDEN);
    t.notMatch(text, BASE64(HIDDEN).slice(0, 12));
    t.match(text, 'token', 'the name of a key is none');
  }
});

t.test('--values has all values as YAML, with what is masked and what is left out', async (t) => {
  const { add, run, registry } = setUp();
  add(UP_TO_DATE);
  t.equal(
    await run({ values: true }),
    `app:
  replicas: 3
  debug: true
  motd: |-
    one
    two
    three
db:
  host: "***"
token: "***"
# 1 value of Secret ops/database, key "values.yaml": not shown
`,
  );
  t.strictSame(registry.calls, [], 'no registry is asked for it');
  const { values } = JSON.parse(await run({ output: 'json' })) as Explanation;
  t.strictSame(
    values.rows.find(({ path }) => path === 'db.host'),
    {
      path: 'db.host',
      source: { kind: 'Secret', namespace: 'ops', name: 'database', key: 'values.yaml' },
      overrides: [{ kind: 'ConfigMap', namespace: 'ops', name: 'settings', key: 'values.yaml' }],
    },
    'no value, which would be a Secret’s',
  );
});

t.test('of many values some are shown, and how many there are; no line is longer than the terminal', async (t) => {
  for (const columns of [80, 100]) {
    const { add, run } = setUp(columns);
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`name-${n}`, 'a long text '.repeat(n)]));
    add(UP_TO_DATE, { ...SPEC, converge: { ...SPEC.converge, values: many } });
    const text = await run();
    t.match(text, /^ {8}and \d+ more: --values$/m);
    const long = text.split('\n').filter((line) => line.length > columns);
    t.strictSame(long, []);
  }
});

t.test('what the user may not read is said to be so, and not to be missing', async (t) => {
  const forbidden = () => new KubeError('forbidden', 'forbidden', { status: 403 });
  const { kube, add, run, model } = setUp();
  add(UP_TO_DATE);
  const forbid = () => {
    for (const plural of ['secrets', 'serviceaccounts', 'jobs'])
      kube.failNext({ verb: plural === 'jobs' ? 'list' : 'get', plural }, forbidden);
  };
  forbid();
  t.match(
    (await run()).replace(/\s+/g, ' '),
    'Secret ops/database may not be read by you: its values are not among these, and may come before them',
  );
  forbid();
  const { values, job, next } = await model();
  t.strictSame(
    values.sources.map(({ source, state }) => `${source}: ${state}`),
    ['ConfigMap ops/settings: used', 'Secret ops/database: unreadable', 'ConfigMap ops/extra: left-out'],
  );
  t.strictSame(job.serviceAccount, { name: 'werf-converge', state: 'unreadable', why: 'may not be read by you' });
  t.equal(next.state, 'up-to-date', 'it blocks nothing');
  const private_ = setUp();
  private_.add(UP_TO_DATE, { ...SPEC, registry: { ...SPEC.registry, secretRef: { name: 'pull' } } });
  private_.kube.failNext({ verb: 'get', plural: 'secrets' }, forbidden, 2);
  const { tag } = await private_.model();
  t.match(tag, {
    from: 'status',
    chosen: 'v1.0.0',
    note: 'the registry was not asked: Secret ops/pull may not be read by you',
  });
  t.strictSame(private_.registry.calls, [], 'not without its credentials, either');
});

t.test(
  'the key for what a chart has encrypted, and the registry’s Secret, are what the controller would take',
  async (t) => {
    const { kube, add, model } = setUp();
    add(UP_TO_DATE, {
      registry: { ...SPEC.registry, secretRef: { name: 'pull' } },
      converge: { serviceAccountName: 'werf-converge', werfSecretKeyRef: { name: 'werf-key' } },
    });
    const bare = await model();
    t.strictSame(bare.values.encryptionKey, {
      field: 'spec.converge.werfSecretKeyRef.name',
      source: 'Secret ops/werf-key, key "key"',
      state: 'missing',
    });
    t.strictSame(
      [bare.next.state, bare.next.message],
      [
        'blocked',
        'nothing can be deployed: spec.registry.secretRef.name: Secret pull does not exist in namespace ops; Secret ops/werf-key, key "key", is not there',
      ],
    );
    const auths = { 'registry.example': { username: 'me', password: HIDDEN } };
    const config = BASE64(JSON.stringify({ auths }));
    kube.seed(SECRETS, { metadata: { namespace: 'ops', name: 'werf-key' }, data: { key: BASE64(HIDDEN) } });
    kube.seed(SECRETS, {
      metadata: { namespace: 'ops', name: 'pull' },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': config },
    });
    const whole = await model();
    t.strictSame(
      [whole.values.encryptionKey?.state, whole.job.files, whole.tag.from],
      ['used', ['registry credentials', 'encryption key'], 'registry'],
    );
    t.notMatch(JSON.stringify(whole), HIDDEN);
  },
);

t.test('without an answer of the registry the status counts', async (t) => {
  const { add, model, registry, run } = setUp();
  add(UP_TO_DATE);
  t.match((await model({ registry: false })).tag, {
    from: 'status',
    note: 'the registry was not asked (--no-registry)',
    chosen: 'v1.0.0',
    skipped: [],
  });
  t.strictSame(registry.calls, []);
  registry.failure = { kind: 'failed', code: 'unauthorized', message: '401 unauthorized' };
  t.match(await run(), /\n {8}by the bundle's status: error polling registry: 401 /);
  const fresh = setUp();
  fresh.add({});
  t.match(
    await fresh.run({ registry: false }),
    /Tag {5}not known\n.*\n.*\n {8}the registry was not asked \(--no-registry\)\n/,
  );
  fresh.registry.failure = registry.failure;
  t.match(await fresh.run(), /\n {8}asked from here: error polling registry: 401 /, 'without a status');
  t.match(
    (await model()).tag.note,
    /^error polling registry: 401 unauthorized \(registry\.example\/acme\/app, without credentials: /,
  );
});

t.test('a lower tag than the deployed one is held back, unless somebody meant it', async (t) => {
  const higher = syncedStatus({ lastAppliedTag: 'v1.5.0', deployment: deployment({ tag: 'v1.5.0' }) });
  const { add, model } = setUp();
  add(higher);
  const { tag, next } = await model();
  t.match(tag.message, /^v1\.0\.0 is lower than v1\.5\.0, which is deployed, and is held back; /);
  t.strictSame(
    [tag.chosen, tag.skipped.filter(({ reason }) => reason === 'held'), next.state],
    [undefined, [{ tag: 'v1.0.0', reason: 'held' }], 'held'],
  );
  add(higher, SPEC, { annotations: { 'werf.io/allow-downgrade': 'true' } });
  const meant = await model();
  t.match([meant.tag.chosen, meant.next.state, meant.next.reason], ['v1.0.0', 'due', 'Downgrade']);
});

const RETURN: WerfBundleSpec = { ...SPEC, converge: { ...SPEC.converge, onFailure: 'Return' } };

t.test('values that are held are said to be the present ones, and not to be deployed', async (t) => {
  const status = { ...UP_TO_DATE, ...heldValuesStatus('sha256:1') };
  const { add, model, run } = setUp();
  add(status, RETURN);
  const { tag, values, next } = await model();
  t.strictSame([tag.chosen, tag.message, next.state], ['v1.0.0', undefined, 'held']);
  t.match(
    next.message,
    /^the present values, or the present spec, failed as deployment 2, and the controller holds them until they change; v1\.0\.0 is deployed with those of deployment 1; mend them, or, only to try just the same again: werfbundle release-hold my-app -n ops$/,
  );
  const note =
    'these are the present ones, and are not deployed: deployment 2 failed with them, or with the present spec; v1.0.0 is deployed with those of deployment 1';
  t.equal(values.notDeployed, note);
  t.match((await run()).replace(/\s+/g, ' '), note);
  t.match(await run({ values: true }), `# ${note}\n`);

  add({ ...status, presentChecksum: CHECKSUM }, RETURN);
  const others = await model();
  t.strictSame([others.values.notDeployed, others.next.state], [undefined, 'up-to-date'], 'others are present');
  add(status, RETURN, { generation: 2 });
  t.equal((await model()).values.notDeployed, undefined, 'nobody has looked at the spec as it is now');
});

t.test('another digest than that of held values is deployed with them', async (t) => {
  const { add, model, registry } = setUp();
  registry.publish('acme/app', { 'v1.2.0': 'sha256:9' });
  add({ ...UP_TO_DATE, ...heldValuesStatus('sha256:1') }, RETURN);
  const { tag, next } = await model();
  t.strictSame([tag.chosen, next.state], ['v1.2.0', 'due']);
});

const FAILED = {
  number: 1,
  tag: 'v1.0.0',
  digest: 'sha256:1',
  checksum: CHECKSUM,
  reason: 'NewTag',
  jobName: deployment().jobName,
  startedAt: iso(-60_000),
  finishedAt: iso(0),
  result: 'Failed',
} as const;

/** What comes next, by status, spec and metadata. */
const NEXT: Readonly<
  Record<
    string,
    {
      readonly status: WerfBundleStatus;
      readonly spec?: Partial<WerfBundleSpec>;
      readonly metadata?: Partial<StoredBundle['metadata']>;
      readonly state: Explanation['next']['state'];
      readonly message: RegExp;
      readonly at?: string;
    }
  >
> = {
  'nothing was deployed yet': {
    status: {},
    state: 'due',
    message: /^v1\.0\.0 is deployed with the first poll \(NewTag\)$/,
  },
  'a newer tag is there': {
    status: syncedStatus({ lastAppliedTag: 'v0.9.0', deployment: deployment({ tag: 'v0.9.0' }) }),
    state: 'due',
    message: /^v1\.0\.0 is deployed with the next poll, within 16m30s \(NewTag\)$/,
  },
  'it is suspended': {
    status: UP_TO_DATE,
    spec: { suspend: true },
    state: 'suspended',
    message: /^spec\.suspend is true/,
  },
  'it is being deleted': {
    status: UP_TO_DATE,
    metadata: { deletionTimestamp: iso(0), finalizers: ['werf.io/deletion'] },
    state: 'deleting',
    message: /being deleted/,
  },
  'a Job runs': {
    status: { ...UP_TO_DATE, lastJobStatus: 'Running' },
    state: 'running',
    message: /^Job my-app-11111111-22222222 deploys v1\.0\.0 \(deployment 1, NewTag\)$/,
  },
  'an intent has no Job yet': {
    status: { ...UP_TO_DATE, lastJobName: 'another' },
    state: 'queued',
    message: /^Job my-app-11111111-22222222 is about to be made/,
  },
  'polls fail': {
    status: {
      ...UP_TO_DATE,
      consecutiveFailures: 2,
      nextAttemptTime: iso(60_000),
      conditions: [
        {
          type: 'RegistryReachable',
          status: 'False',
          reason: 'PollFailed',
          message: 'error polling registry: 503',
          lastTransitionTime: iso(0),
        },
      ],
    },
    state: 'polls-fail',
    message: /^error polling registry: 503$/,
    at: '2026-11-23T10:01:00Z',
  },
  'a failed deployment is tried again': {
    status: {
      ...UP_TO_DATE,
      lastJobStatus: 'Failed',
      history: [FAILED],
    },
    spec: { converge: { ...SPEC.converge, retries: 2 } },
    state: 'retry',
    message: /^the deployment of v1\.0\.0 failed, and is tried again$/,
    at: '2026-11-23T10:00:30Z',
  },
  'a deployment failed for good': {
    status: {
      ...UP_TO_DATE,
      lastAppliedTag: 'v0.9.0',
      lastJobStatus: 'Failed',
      history: [{ ...FAILED, message: 'pod failed with exit code 1: no such chart' }],
    },
    state: 'failed',
    message:
      /^deploying v1\.0\.0 failed, and is not tried again by itself: pod failed with exit code 1: no such chart; once that is mended: kubectl annotate wb my-app -n ops /,
  },
  'the spec has changed': {
    status: UP_TO_DATE,
    metadata: { generation: 2 },
    state: 'due',
    message: /^the spec has changed since the last deployment: .* \(NewSpec\)$/,
  },
  'the tag is pinned': {
    status: UP_TO_DATE,
    spec: { registry: { url: 'registry.example/acme/app', tag: 'v1.0.0' } },
    state: 'up-to-date',
    message:
      /^v1\.0\.0 is deployed, and pinned \(spec\.registry\.tag\); that it is published again, other values or another spec are what it waits for: /,
  },
  'an account is missing': {
    status: UP_TO_DATE,
    spec: { converge: { serviceAccountName: 'nobody' } },
    state: 'blocked',
    message: /^nothing can be deployed: ServiceAccount nobody does not exist in namespace ops$/,
  },
  'values are missing': {
    status: UP_TO_DATE,
    spec: { converge: { ...SPEC.converge, valuesFrom: [{ secretRef: { name: 'gone' } }] } },
    state: 'blocked',
    message: /^nothing can be deployed: failed to get Secret 'gone' from namespace 'ops'$/,
  },
  'no tag is wanted': {
    status: {},
    spec: { registry: { ...SPEC.registry, versionConstraint: '>=7.0.0' } },
    state: 'nothing-to-deploy',
    message: /^no tag satisfies versionConstraint ">=7\.0\.0"/,
  },
};

t.test('what comes next is what the controller does', async (t) => {
  for (const [title, { status, spec, metadata, state, message, at }] of Object.entries(NEXT)) {
    const { add, model } = setUp();
    add(status, { ...SPEC, ...spec }, metadata);
    const { next } = await model();
    t.strictSame([next.state, next.at], [state, at], title);
    t.match(next.message, message, title);
  }
});

t.test('a Job is named while it is there, or next', async (t) => {
  const idle = setUp();
  idle.add(UP_TO_DATE);
  t.equal((await idle.model()).job.name, undefined);
  const due = setUp();
  due.registry.publish('acme/app', { 'v1.2.0': 'sha256:9' });
  due.add(UP_TO_DATE);
  const { job, next } = await due.model();
  t.match([next.state, job.name, job.toBeMade], ['due', /^my-app-/, true]);
  const busy = setUp();
  busy.add(syncedStatus({ lastJobStatus: 'Running' }));
  t.equal((await busy.model()).job.name, deployment().jobName);
});

t.test('values that can’t be delivered are a failure, as a spec that is not valid is', async (t) => {
  for (const options of [{}, { values: true }] as const) {
    const { add, run, terminal } = setUp();
    add(UP_TO_DATE, { ...SPEC, converge: { ...SPEC.converge, valuesFrom: [{ secretRef: { name: 'gone' } }] } });
    t.match(await run(options), /failed to get Secret 'gone' from namespace 'ops'/);
    t.strictSame(terminal.ended, [1]);
  }
});

t.test('a spec that is not valid is not explained: its problems are told', async (t) => {
  const { add, run, terminal } = setUp();
  add({}, { registry: { url: 'registry.example/acme/app', versionConstraint: 'newest' } });
  t.match(
    await run(),
    /^WerfBundle ops\/my-app is not valid, so nothing is deployed:\n {2}spec\.registry\.versionConstraint: Invalid value/,
  );
  t.strictSame(terminal.ended, [1]);
});

t.test('a bundle of a file is explained as if it were applied', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'explain-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const { deps, terminal, add, kube } = setUp();
  const file = join(dir, 'bundle.yaml');
  const explained = async (
    text: string,
    options: Partial<ExplainOptions> = {},
    session: typeof deps.session | undefined = undefined,
  ) => {
    writeFileSync(file, text);
    await explainFile({ ...deps, session }, undefined, {
      filename: [file],
      registry: true,
      output: 'json',
      namespace: 'ops',
      ...options,
    });
    return JSON.parse(terminal.taken()) as Explanation;
  };
  const text = (change: string) => `
apiVersion: werf.io/v1alpha1
kind: WerfBundle
metadata: { name: my-app }
spec:
  registry: { url: registry.example/acme/app, versionConstraint: '${change}' }
  converge:
    serviceAccountName: werf-converge
    valuesFrom: [{ secretRef: { name: database } }, { secretRef: { name: sealed } }, { configMapRef: { name: settings } }]
---
apiVersion: v1
kind: Secret
metadata: { name: database }
stringData: { token: ${HIDDEN} }
---
apiVersion: v1
kind: Secret
metadata: { name: sealed }
stringData: { token: ENC }
sops: { version: '3' }
`;
  const alone = await explained(text('>=1.0.0'));
  t.strictSame(
    alone.values.sources.map(({ source, state, why }) => [source, state, why]),
    [
      ['Secret ops/database', 'used', undefined],
      ['Secret ops/sealed', 'unreadable', `of ${file} is encrypted with SOPS`],
      ['ConfigMap ops/settings', 'unreadable', 'is not in the input'],
    ],
  );
  t.strictSame(
    [alone.tag.chosen, alone.tag.deployed, alone.next.state, alone.job.name],
    ['v2.0.0', undefined, 'not-applied', undefined],
  );
  add(UP_TO_DATE);
  kube.seed(SECRETS, { metadata: { namespace: 'ops', name: 'sealed' }, data: { token: BASE64(HIDDEN) } });
  const there = await explained(text('>=1.0.0'), { cluster: true }, deps.session);
  t.strictSame(
    [there.tag.chosen, there.tag.deployed, there.values.sources.map(({ state }) => state)],
    ['v2.0.0', 'v1.0.0', ['used', 'used', 'used']],
    'with --cluster what the file does not have is looked up',
  );
  writeFileSync(file, text('newest'));
  await explainFile({ ...deps, session: undefined }, 'wb/my-app', {
    filename: [file],
    registry: true,
    namespace: 'ops',
  });
  t.match(terminal.taken(), /error: spec\.registry\.versionConstraint: Invalid value/);
  t.equal(terminal.ended.at(-1), 1);
  await t.rejects(explainFile({ ...deps, session: undefined }, 'other', { filename: [file], registry: true }), {
    message: `no WerfBundle other in ${file}; there is my-app`,
  });
  t.strictSame(kube.actions, [], 'nothing was changed');
});
