import t from 'tap';
import type { Secret } from '../../api/objects.js';
import type { WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import { buildKept, type KeptContents, keptContents, keptSecret } from '../../controller/deploy/kept.js';
import { KubeError } from '../../kube/client.js';
import { NAMESPACES, SECRETS, SERVICEACCOUNTS, WERFBUNDLES } from '../../kube/resources.js';
import { bundle, DIGEST_A, PROOF, selected, UID } from '../kit/builders.js';
import { FULL, SUPPLIES } from '../kit/job-parameters.js';
import { endJob, JOB_1 } from '../kit/offered-bundle.js';
import { type ReconcileHarness, reconcileHarness } from '../kit/reconcile-harness.js';

const SIGNAL = new AbortController().signal;
const KEPT = 'my-app-kept-442700f3';
const encoded = (text: string): string => Buffer.from(text).toString('base64');
const database = (values: string): Secret => ({
  metadata: { namespace: 'ops', name: 'database' },
  data: { 'values.yaml': encoded(values) },
});
const RETURNS = {
  onFailure: 'Return',
  plan: 'Never',
  valuesFrom: [{ secretRef: { name: 'database' } }],
} as const;

// What is kept, and whether it is believed.

const NAMED = { namespace: 'production', name: 'any' };
const OF = { uid: FULL.bundle.uid, namespace: 'production', checksum: FULL.deployment.checksum };
const made = (jobInputs: Partial<typeof SUPPLIES> = {}): Secret | undefined =>
  buildKept({
    bundle: FULL.bundle,
    deployment: FULL.deployment,
    operatorVersion: '0.1.0',
    targetNamespace: 'production',
    key: PROOF.key,
    settings: FULL.settings,
    valuesArgs: ['--set=app.replicas=3'],
    jobInputs: { ...SUPPLIES, ...jobInputs },
  });
const CONTENTS: KeptContents = {
  settings: {
    registry: { host: FULL.settings.registry.host, repository: FULL.settings.registry.repository },
    converge: {
      targetNamespace: 'production',
      releaseName: FULL.settings.converge.releaseName,
      ...(FULL.settings.converge.serviceAccountName !== undefined && {
        serviceAccountName: FULL.settings.converge.serviceAccountName,
      }),
      ...(FULL.settings.converge.image !== undefined && { image: FULL.settings.converge.image }),
      ...(FULL.settings.converge.environment !== undefined && { environment: FULL.settings.converge.environment }),
      rollbackOnFailure: FULL.settings.converge.rollbackOnFailure,
    },
  },
  valuesArgs: ['--set=app.replicas=3'],
  valuesFile: SUPPLIES.valuesFile,
  secretTexts: SUPPLIES.secretTexts,
};

t.test('what a deployment was made with is read back as it was, of no key, CA or credential', (t) => {
  const secret = made();
  t.strictSame(secret && keptContents(secret, OF, PROOF.key), CONTENTS);
  t.equal(secret?.metadata.name, `${FULL.deployment.jobName}-kept`);
  const all = Object.values(secret?.data ?? {}).map((text) => Buffer.from(text, 'base64').toString());
  t.notMatch(all.join('\n'), /f00dfeed|s3cr3t|CERTIFICATE/);
  t.equal(made({ secretTexts: ['x'.repeat(1_040_000)] }), undefined, 'what does not fit is not kept');
  t.end();
});

t.test('what others have written there is as if it were not there', (t) => {
  const secret = made();
  const [file, content] = ['values.yaml', 'kept.json'];
  const read = (data: Readonly<Record<string, string>>, of: Partial<typeof OF> = {}, key = PROOF.key) =>
    keptContents({ metadata: NAMED, data: { ...secret?.data, ...data } }, { ...OF, ...of }, key);
  const json = (change: object) => {
    const parsed = JSON.parse(Buffer.from(secret?.data?.[content] ?? '', 'base64').toString()) as object;
    return { [content]: encoded(JSON.stringify({ ...parsed, ...change })) };
  };
  t.ok(read({}));
  t.equal(read({}, { uid: UID }), undefined, 'that of another bundle');
  t.equal(read({}, { namespace: 'ops' }), undefined, 'of another namespace');
  t.equal(read({}, { checksum: 'k1:dddd' }), undefined, 'of another deployment');
  t.equal(read({}, {}, { id: 'k1', secret: Buffer.from('another') }), undefined, 'by another key');
  t.equal(read({ [file]: encoded('{}') }), undefined, 'with other values');
  t.equal(read(json({ valuesArgs: [] })), undefined, 'with other arguments');
  t.equal(read(json({ secretTexts: [] })), undefined, 'with nothing that is hidden');
  t.equal(read(json({ signature: 1 })), undefined, 'without a signature');
  t.equal(
    read({ [content]: encoded(`{"settings":${'['.repeat(50_000)}${']'.repeat(50_000)},"valuesArgs":1}`) }),
    undefined,
  );
  for (const text of ['', 'null', '[]', '{', '"x"']) t.equal(read({ [content]: encoded(text) }), undefined, text);
  t.equal(keptContents({ metadata: NAMED }, OF, PROOF.key), undefined);
  t.end();
});

t.test('it belongs to its bundle in its own namespace, and to nobody elsewhere', (t) => {
  const { bundle: identity, deployment } = FULL;
  const of = { bundle: identity, deployment, operatorVersion: '0.1.0' };
  const own = keptSecret({ ...of, namespace: identity.namespace }).metadata;
  const there = keptSecret({ ...of, namespace: 'production' }).metadata;
  t.strictSame([own.ownerReferences?.[0]?.uid, there.ownerReferences], [identity.uid, undefined]);
  t.match(there, {
    namespace: 'production',
    labels: { 'werf.io/secret-kind': 'kept', 'werf.io/bundle-uid': identity.uid },
  });
  t.equal(there.labels?.['werf.io/job'], undefined, 'it is no Secret of a Job');
  t.end();
});

// What becomes of it.

/** A bundle that is deployed, and keeps what it was deployed with. */
const deployed = async (converge: object = RETURNS): Promise<ReconcileHarness> => {
  const harness = reconcileHarness(bundle(undefined, { spec: { converge } }));
  harness.kube.seed(SECRETS, database('password: correct horse'));
  harness.registry.publish('acme/app', { 'v1.0.0': DIGEST_A });
  await harness.run();
  harness.deliver(selected());
  await harness.run();
  endJob(harness);
  return harness;
};

const changeSpec = ({ kube, bundle: stored }: ReconcileHarness, change: Partial<WerfBundleSpec>): void => {
  const now = stored();
  if (now === undefined) return;
  const metadata = { ...now.metadata, generation: now.metadata.generation + 1 };
  kube.seed(WERFBUNDLES, { ...now, metadata, spec: { ...now.spec, ...change } });
};

/** Changed while a controller runs, as only a restart could change it. */
const policy = { allowedRegistries: [], allowedImages: [] as readonly string[], certificateSecret: 'c' };

/** The registry is asked again, and all is done that follows. */
const poll = async (harness: ReconcileHarness) => {
  harness.deliver(selected());
  return await harness.run();
};

const valuesOf = ({ kube }: ReconcileHarness, name: string): string | undefined => {
  const text = kube.read(SECRETS, { namespace: 'ops', name })?.data?.['values.yaml'];
  return text === undefined ? undefined : Buffer.from(text, 'base64').toString();
};

const jobName = ({ bundle: stored }: ReconcileHarness): string => stored()?.status?.deployment?.jobName ?? '';
const brief = ({ history, kept, holds }: WerfBundleStatus) => ({
  history: history?.map(({ number, reason, result }) => `${number} ${reason} ${result}`),
  kept: kept?.number,
  held: holds?.map(({ number }) => number),
});

t.test(
  'it is kept before the status says that the deployment has succeeded, and before the Secrets of the Job go',
  async (t) => {
    const harness = await deployed();
    const { actions, status } = await harness.run();
    t.same(actions, [
      `create secrets ${KEPT}`,
      'patch werfbundles/status my-app',
      `delete secrets ${JOB_1}-values`,
      `delete secrets ${JOB_1}-kept`,
    ]);
    t.match(status.kept, { number: 1, checksum: status.appliedChecksum, namespace: 'ops', name: KEPT });
    t.match(valuesOf(harness, KEPT), 'correct horse');
    t.same((await harness.run()).actions, [], 'and then nothing is to be done');
  },
);

t.test('values that fail are returned from: the Job has those of then, and what is deployed stays', async (t) => {
  const harness = await deployed();
  await harness.run();
  harness.kube.seed(SECRETS, database('password: wrong horse'));
  await poll(harness);
  t.match(valuesOf(harness, `${jobName(harness)}-values`), 'wrong horse');
  endJob(harness, 1);
  await harness.run();
  t.match(valuesOf(harness, `${jobName(harness)}-values`), 'correct horse', 'the return follows at once');
  t.equal(valuesOf(harness, KEPT), valuesOf(harness, `${jobName(harness)}-values`), 'what failed is not kept');
  endJob(harness);
  const { status } = await harness.run();
  t.strictSame(brief(status), {
    history: ['3 Return Succeeded', '2 NewValues Failed', '1 NewTag Succeeded'],
    kept: 3,
    held: [2],
  });
  t.same([status.lastJobLogs], ['connects with ***\nError: no such table'], 'what was kept is hidden in its log');
  const told = status.conditions?.find(({ type }) => type === 'Held')?.message;
  t.match(
    told,
    /^the controller holds the present values, or the present spec, of v1\.0\.0 \(onFailure: Return\) until they change, or a person lets them go, .*; what is deployed has the values and the spec of deployment 1, not the present ones; it failed with: /,
  );
  t.same((await poll(harness)).actions, [], 'no poll undoes it');
  harness.restart();
  t.same((await poll(harness)).actions, [], 'nor does another process');

  harness.kube.seed(SECRETS, database('password: mended horse'));
  await poll(harness);
  endJob(harness);
  const mended = await harness.run();
  t.strictSame(brief(mended.status), {
    history: ['4 NewValues Succeeded', '3 Return Succeeded', '2 NewValues Failed', '1 NewTag Succeeded'],
    kept: 4,
    held: undefined,
  });
  t.equal(mended.status.presentChecksum, undefined);
});

t.test('values that are as they were deployed are held by nobody, and those that failed still are', async (t) => {
  const harness = await deployed();
  await harness.run();
  harness.kube.seed(SECRETS, database('password: wrong horse'));
  await poll(harness);
  endJob(harness, 1);
  await harness.run();
  endJob(harness);
  await harness.run();
  harness.kube.seed(SECRETS, database('password: correct horse'));
  const back = await poll(harness);
  t.match(back.events.at(-1), /^Normal HoldReleased: /);
  t.strictSame([back.status.phase, brief(back.status).held], ['Synced', [2]]);
  harness.kube.seed(SECRETS, database('password: wrong horse'));
  const again = await poll(harness);
  t.strictSame([again.status.phase, again.status.deployment?.number], ['Failed', 3], 'they are not tried again');
});

t.test('what can not be returned to is told, and nothing more is done', async (t) => {
  const rows: readonly { title: string; change: (harness: ReconcileHarness) => unknown; why: string }[] = [
    {
      title: 'what is kept is gone',
      change: ({ kube }) => kube.delete(SECRETS, { namespace: 'ops', name: KEPT }, {}, SIGNAL),
      why: 'what it was deployed with is not kept',
    },
    {
      title: 'others have written there',
      change: ({ kube }) =>
        kube.seed(SECRETS, { ...database('password: evil horse'), metadata: { namespace: 'ops', name: KEPT } }),
      why: 'what it was deployed with is not kept',
    },
    {
      title: 'the spec names another repository',
      change: (harness) => changeSpec(harness, { registry: { url: 'registry.example/acme/other' } }),
      why: 'it was deployed from registry.example/acme/app, and the spec names another repository now',
    },
  ];
  for (const { title, change, why } of rows) {
    const harness = await deployed();
    await harness.run();
    await change(harness);
    harness.kube.seed(SECRETS, database('password: wrong horse'));
    await harness.run();
    await poll(harness);
    endJob(harness, 1);
    const { status } = await harness.run();
    t.strictSame([status.notReturned?.message, status.deployment?.number], [why, 2], title);
  }
});

t.test('the ServiceAccount and the image of then are judged as they are now', async (t) => {
  const image = 'ghcr.io/werf/werf:2.0.0';
  const rows = [
    { of: { serviceAccountName: 'old' }, next: { serviceAccountName: 'new' }, why: /^as it was deployed, .*old/ },
    {
      of: { image: `old.${image}` },
      next: { image },
      why: /^as it was deployed, spec\.converge\.image: .*does not allow/,
    },
  ];
  for (const { of, next, why } of rows) {
    const harness = reconcileHarness(bundle(undefined, { spec: { converge: { ...RETURNS, ...of } } }), undefined, {
      policy,
    });
    policy.allowedImages = [];
    for (const name of ['old', 'new']) harness.kube.seed(SERVICEACCOUNTS, { metadata: { namespace: 'ops', name } });
    harness.kube.seed(SECRETS, database('password: correct horse'));
    harness.registry.publish('acme/app', { 'v1.0.0': DIGEST_A });
    await harness.run();
    await poll(harness);
    endJob(harness);
    await harness.run();
    changeSpec(harness, { converge: { ...RETURNS, ...next } });
    policy.allowedImages = ['ghcr.io/werf/*'];
    await harness.kube.delete(SERVICEACCOUNTS, { namespace: 'ops', name: 'old' }, {}, SIGNAL);
    await harness.run();
    await poll(harness);
    endJob(harness, 1);
    const { status } = await harness.run();
    t.match(status.notReturned?.message, why);
    t.equal(status.deployment?.number, 2);
  }
});

t.test('what was deployed before Return was set is kept from then on, if the values are those of then', async (t) => {
  const { onFailure: _, ...stays } = RETURNS;
  const harness = await deployed(stays);
  t.same((await harness.run()).actions, ['patch werfbundles/status my-app', `delete secrets ${JOB_1}-values`]);
  changeSpec(harness, { converge: RETURNS });
  await harness.run();
  const { actions, status } = await poll(harness);
  t.same(actions.slice(0, 1), [`create secrets ${KEPT}`]);
  t.match(status.kept, { number: 1, checksum: status.appliedChecksum, namespace: 'ops', name: KEPT });
  t.same((await poll(harness)).actions, []);

  changeSpec(harness, { converge: stays });
  const gone = await harness.run();
  t.same(gone.actions.slice(0, 1), [`delete secrets ${KEPT}`], 'and deleted once nobody would return');
  t.equal(gone.status.kept, undefined);
});

t.test('a refusal to keep it is no failure of the deployment', async (t) => {
  const harness = await deployed();
  harness.kube.failNext({ verb: 'create', plural: 'secrets' }, new KubeError('forbidden', 'exceeded quota'));
  const { status, log } = await harness.run();
  t.strictSame([status.phase, status.lastAppliedTag, status.kept], ['Synced', 'v1.0.0', undefined]);
  t.match(log[0], { fields: { why: 'not-kept', error: /exceeded quota/ } });
});

t.test('a finalizer that others have put on what is kept keeps no success from being recorded', async (t) => {
  const harness = await deployed();
  await harness.run();
  const before = harness.kube.read(SECRETS, { namespace: 'ops', name: KEPT });
  if (before === undefined) throw new Error('nothing is kept');
  harness.kube.seed(SECRETS, { ...before, metadata: { ...before.metadata, finalizers: ['example.com/backup'] } });
  harness.kube.seed(SECRETS, database('password: other horse'));
  await poll(harness);
  endJob(harness);
  const { status } = await harness.run();
  t.strictSame(brief(status), {
    history: ['2 NewValues Succeeded', '1 NewTag Succeeded'],
    kept: undefined,
    held: undefined,
  });
  t.equal(status.phase, 'Synced');
});

t.test(
  'a policy that forbids to delete what is kept blocks nothing else, and it goes once that is lifted',
  async (t) => {
    const harness = await deployed();
    await harness.run();
    const { onFailure: _, ...stays } = RETURNS;
    changeSpec(harness, { converge: stays });
    const refused = new KubeError('forbidden', 'not allowed by a policy');
    harness.kube.failNext({ verb: 'delete', plural: 'secrets' }, refused, 1);
    const { status, log } = await harness.run();
    t.strictSame([status.observedGeneration, status.kept?.number], [2, 1], 'the status says that it is still there');
    t.match(log[0], { fields: { why: 'not-deleted' } });
    const lifted = await poll(harness);
    t.equal(lifted.status.kept, undefined);
    t.equal(harness.kube.read(SECRETS, { namespace: 'ops', name: KEPT }), undefined);
  },
);

t.test("a stranger's Secret of that name stays as it is", async (t) => {
  const harness = await deployed();
  harness.kube.seed(SECRETS, { metadata: { namespace: 'ops', name: KEPT }, data: { mine: 'eA==' } });
  const { status } = await harness.run();
  t.strictSame([status.phase, status.kept], ['Synced', undefined]);
  t.same(harness.kube.read(SECRETS, { namespace: 'ops', name: KEPT })?.data, { mine: 'eA==' });
});

const ELSEWHERE = { ...RETURNS, targetNamespace: 'production', serviceAccountName: 'werf' };

/** A bundle that is deployed to another namespace. */
const deployedElsewhere = async (converge: object): Promise<ReconcileHarness> => {
  const harness = reconcileHarness(bundle(undefined, { spec: { converge } }));
  const annotations = { 'werf.io/accept-bundles-from': 'ops' };
  harness.kube.seed(NAMESPACES, { metadata: { name: 'production', annotations }, status: { phase: 'Active' } });
  harness.kube.seed(SERVICEACCOUNTS, { metadata: { namespace: 'production', name: 'werf' } });
  harness.kube.seed(SECRETS, database('password: correct horse'));
  await harness.run();
  await poll(harness);
  endJob(harness);
  await harness.run();
  return harness;
};

t.test('in another namespace nothing is kept before the finalizer is there', async (t) => {
  const { onFailure: _, ...stays } = ELSEWHERE;
  const harness = await deployedElsewhere(stays);
  const kept = () => harness.kube.read(SECRETS, { namespace: 'production', name: KEPT });
  await harness.run();
  t.same(harness.bundle()?.metadata.finalizers ?? [], []);
  changeSpec(harness, { converge: ELSEWHERE });
  await harness.run();
  harness.deliver(selected());
  harness.kube.failNext({ verb: 'patch', plural: 'werfbundles' }, new KubeError('timeout', 'no answer'), 1);
  await harness.run();
  t.equal(kept(), undefined, 'the finalizer could not be added');
  harness.restart();
  await harness.run();
  await poll(harness);
  await poll(harness);
  t.ok(kept());
  t.same(harness.bundle()?.metadata.finalizers, ['werf.io/deletion']);
  t.equal(harness.bundle()?.status?.kept?.number, 1);
});

t.test('in another namespace the finalizer stays while something is kept, which goes with the bundle', async (t) => {
  const harness = await deployedElsewhere(ELSEWHERE);
  const kept = () => harness.kube.read(SECRETS, { namespace: 'production', name: KEPT });
  t.ok(kept());
  t.same(harness.bundle()?.metadata.finalizers, ['werf.io/deletion']);
  await harness.kube.delete(WERFBUNDLES, { namespace: 'ops', name: 'my-app' }, {}, SIGNAL);
  await harness.run();
  t.strictSame([kept(), harness.bundle()], [undefined, undefined]);
});
