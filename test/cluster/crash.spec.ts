import t from 'tap';
import type { Job, KubeObject, ObjectRef, Secret, Stored } from '../../api/objects.js';
import { ACCEPT_BUNDLES_FROM } from '../../api/references/target-namespace.js';
import { API_VERSION, KIND, type StoredBundle, type WerfBundle, type WerfBundleSpec } from '../../api/werfbundle.js';
import { ANNOTATIONS, KEPT, LABELS } from '../../controller/deploy/names.js';
import { JOBS, NAMESPACES, PODS, SECRETS, WERFBUNDLES } from '../../kube/resources.js';
import { canary } from '../kit/canary.js';
import { type CuttingProxy, startCuttingProxy, type Write } from '../kit/cutting-proxy.js';
import { type DeployFixture, startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { recordWatch, type WatchRecord } from '../kit/record-watch.js';

const OPS = 'ops';
const PATIENCE_MS = 60_000;

/** Every write of a deployment's life, in order; events are left out, and so is the telling of what a Job waits for. */
const WRITES = [
  'status: the registry is to be asked',
  'status: the intent',
  'create Secret values',
  'create Secret docker',
  'create Job',
  'give Secret values to the Job',
  'give Secret docker to the Job',
  'status: the Job runs',
  'status: the result',
  'delete Secret values',
  'delete Secret docker',
] as const;

const STATUS_WRITES = [
  ['history', 'status: the result'],
  ['activeJobName', 'status: the Job runs'],
  ['deployment', 'status: the intent'],
  ['observedGeneration', 'status: the registry is to be asked'],
] as const;

/** @returns undefined for a write that is none of the bundle's, or none that counts */
const nameOf = ({ method, path, body }: Write, bundle: string): string | undefined => {
  if (path.endsWith(`/werfbundles/${bundle}/status`)) {
    const { status } = JSON.parse(body) as { status: object };
    return STATUS_WRITES.find(([field]) => field in status)?.[1];
  }
  const name = method === 'POST' ? ((JSON.parse(body) as KubeObject).metadata.name ?? '') : path;
  if (!name.includes(`${bundle}-`) || path.endsWith('/events')) return undefined;
  if (path.endsWith('/jobs')) return 'create Job';
  const [, which] = /-(\w+)$/.exec(name) ?? [];
  switch (method) {
    case 'POST':
      return `create Secret ${which}`;
    case 'PATCH':
      return `give Secret ${which} to the Job`;
    default:
      return `${method.toLowerCase()} Secret ${which}`;
  }
};

const bundleOf = (name: string, spec: WerfBundleSpec): WerfBundle => ({
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { namespace: OPS, name },
  spec,
});

/** A bundle that needs two Secrets: for values and for the registry. */
const specOf = (fixture: DeployFixture, repository = 'acme/app'): WerfBundleSpec => ({
  registry: {
    url: `${fixture.registryHost}/${repository}`,
    insecure: true,
    pollInterval: '1m',
    secretRef: { name: 'registry' },
  },
  converge: { serviceAccountName: 'werf-converge', valuesFrom: [{ secretRef: { name: 'database' } }] },
});

const makeSecrets = async ({ client, registryHost, signal }: DeployFixture): Promise<void> => {
  const auths = { [registryHost]: { username: 'robot', password: canary('robot') } };
  const secrets: readonly Secret[] = [
    {
      metadata: { namespace: OPS, name: 'database' },
      stringData: { 'values.yaml': `password: ${canary('database')}\n` },
    },
    {
      metadata: { namespace: OPS, name: 'registry' },
      type: 'kubernetes.io/dockerconfigjson',
      stringData: { '.dockerconfigjson': JSON.stringify({ auths }) },
    },
  ];
  for (const secret of secrets) await client.create(SECRETS, secret, signal);
};

const synced = (fixture: DeployFixture, ref: ObjectRef, tag = 'v1.0.0'): Promise<StoredBundle> =>
  fixture.bundles.until(
    ref,
    {
      what: `${ref.name} is Synced with ${tag}`,
      withinMs: PATIENCE_MS,
      is: ({ phase, lastAppliedTag }) => phase === 'Synced' && lastAppliedTag === tag,
    },
    fixture.signal,
  );

/** What there was and is of a bundle's deployments. `jobs` are all that ever were, by their numbers. */
const tracesOf = async (
  fixture: DeployFixture,
  jobs: WatchRecord<Stored<Job>>,
  { status, metadata }: StoredBundle,
  kept: readonly string[] = [],
) => {
  const { client, signal } = fixture;
  const { namespace, name, uid } = metadata;
  const list = (selector: string) => client.list(SECRETS, { namespace, labelSelector: selector }, signal);
  const leftovers = await eventually(
    async () =>
      (await list(`${LABELS.bundleUid}=${uid}`)).items
        .map((secret) => secret.metadata.name)
        .filter((secret) => !kept.includes(secret)),
    (names) => names.length === 0,
  );
  const pods = await client.list(PODS, { namespace, labelSelector: `${LABELS.bundleUid}=${uid}` }, signal);
  const releases = (await list(`owner=helm,name=${name}`)).items;
  return {
    jobs: jobs
      .objects()
      .filter((job) => job.metadata.labels?.[LABELS.bundleUid] === uid)
      .map((job) => Number(job.metadata.annotations?.[ANNOTATIONS.number])),
    pods: pods.items.length,
    releases: releases.map((secret) => secret.metadata.name),
    number: status?.deployment?.number,
    history: status?.history?.map(({ number, result }) => `${number} ${result}`),
    lastJobStatus: status?.lastJobStatus,
    logged: status?.lastJobLogs?.includes(`Succeeded release "${name}"`),
    leftovers,
  };
};

const deployedOnce = (name: string) => ({
  jobs: [1],
  pods: 1,
  releases: [`sh.helm.release.v1.${name}.v1`],
  number: 1,
  history: ['1 Succeeded'],
  lastJobStatus: 'Succeeded',
  logged: true,
  leftovers: [],
});

type Fits = (write: Write, bundle: string) => boolean;

const isStatusWith =
  (field: string): Fits =>
  ({ path, body }, bundle) =>
    path.endsWith(`/werfbundles/${bundle}/status`) && field in (JSON.parse(body) as { status: object }).status;

/** The object that a write creates, if it is one of the bundle's. */
const createdBy = ({ method, path, body }: Write, bundle: string, plural: string): KubeObject | undefined => {
  const object = method === 'POST' && path.endsWith(`/${plural}`) ? (JSON.parse(body) as KubeObject) : undefined;
  return object?.metadata.name?.startsWith(`${bundle}-`) ? object : undefined;
};

const reasonOf = (object: KubeObject | undefined): string | undefined =>
  object?.metadata.annotations?.[ANNOTATIONS.reason];

/** The writes of a return, and of keeping what is returned to. */
const RETURN_WRITES: Readonly<Record<string, Fits>> = {
  'keep what was deployed': (write, bundle) =>
    createdBy(write, bundle, 'secrets')?.metadata.labels?.[LABELS.secretKind] === KEPT,
  'status: it is deployed, and kept': isStatusWith('kept'),
  'status: the intent of the return, and what is held': isStatusWith('holds'),
  'create the Job of the return': (write, bundle) => reasonOf(createdBy(write, bundle, 'jobs')) === 'Return',
};

/** The writes of a return's plan. */
const PLAN_WRITES: Readonly<Record<string, Fits>> = {
  'status: the intent of the plan, and what is held': isStatusWith('holds'),
  'create the Job of the plan': (write, bundle) => {
    const job = createdBy(write, bundle, 'jobs');
    return reasonOf(job) === 'Plan' && job?.metadata.annotations?.[ANNOTATIONS.number] === '2';
  },
};

const RETURNED_ONCE = {
  jobs: [1, 2, 3],
  pods: 3,
  number: 3,
  history: ['3 Succeeded', '2 Failed', '1 Succeeded'],
  lastJobStatus: 'Succeeded',
  logged: true,
  leftovers: [],
};

t.test('a controller that is killed while it deploys', async (t) => {
  const fixture = await startDeployFixture(t);
  const { client, signal } = fixture;
  await fixture.makeNamespace(OPS);
  await makeSecrets(fixture);
  await fixture.publish({ repository: 'acme/app', tag: 'v1.0.0' });
  const jobs = await recordWatch(t, fixture, JOBS);
  const proxy: CuttingProxy = await startCuttingProxy(t, fixture.cluster.controlPlane);
  /** Behind the proxy; with workers enough for all bundles that are frozen at once, since one namespace has three quarters of them. */
  const behindProxy = { through: proxy, flags: ['--workers', '16'] };
  let controller = await fixture.startController(behindProxy);

  /** Makes a bundle, and kills the controller at its `at`th write. @returns the writes up to then */
  const killedAt = async (
    name: string,
    { at, when, spec = specOf(fixture) }: { at: number; when: 'before' | 'after'; spec?: WerfBundleSpec },
  ): Promise<readonly string[]> => {
    const seen: string[] = [];
    const killed = new Promise<void>((resolve) => {
      proxy.use({
        judge: (write) => {
          const what = nameOf(write, name);
          if (what !== undefined) seen.push(what);
          return what !== undefined && seen.length === at ? when : 'pass';
        },
        cut: () => controller.kill().then(resolve),
      });
    });
    const bundle = await client.create(WERFBUNDLES, bundleOf(name, spec), signal);
    await Promise.race([killed, synced(fixture, { namespace: OPS, name: bundle.metadata.name })]);
    await killed;
    proxy.use({ judge: () => 'pass', cut: async () => {} });
    return seen;
  };

  for (const [index, write] of WRITES.entries()) {
    for (const when of ['before', 'after'] as const) {
      await t.test(`deploys exactly once when it is killed ${when} "${write}"`, async (t) => {
        const name = `app-${index + 1}-${when}`;
        const seen = await killedAt(name, { at: index + 1, when });
        controller = await fixture.startController(behindProxy);
        t.same(seen, WRITES.slice(0, index + 1), 'it was killed where it was to be killed');
        t.same(await tracesOf(fixture, jobs, await synced(fixture, { namespace: OPS, name })), deployedOnce(name));
      });
    }
  }

  await t.test('makes no other writes than these: an undisturbed deployment makes all of them', async (t) => {
    const name = 'app-unhurt';
    const seen: string[] = [];
    proxy.use({
      judge: (write) => {
        const what = nameOf(write, name);
        if (what !== undefined) seen.push(what);
        return 'pass';
      },
      cut: async () => {},
    });
    await client.create(WERFBUNDLES, bundleOf(name, specOf(fixture)), signal);
    t.same(await tracesOf(fixture, jobs, await synced(fixture, { namespace: OPS, name })), deployedOnce(name));
    t.same(seen, WRITES);
  });

  /** A bundle is deployed, its values change to ones that fail, and it returns; the controller is killed once, at the write that fits. */
  const returnsKilledAt = async (
    name: string,
    { fits, when, more = {} }: { fits: Fits; when: 'before' | 'after'; more?: WerfBundleSpec['converge'] },
  ): Promise<StoredBundle> => {
    const ref = { namespace: OPS, name };
    let isCut = false;
    let back: Promise<void> | undefined;
    proxy.use({
      judge: (write) => {
        if (isCut || !fits(write, name)) return 'pass';
        isCut = true;
        return when;
      },
      cut: async () => {
        await controller.kill();
        back = fixture.startController(behindProxy).then((next) => {
          controller = next;
        });
      },
    });
    const spec = specOf(fixture, 'acme/returning');
    await client.create(
      WERFBUNDLES,
      bundleOf(name, { ...spec, converge: { ...spec.converge, ...more, onFailure: 'Return' } }),
      signal,
    );
    await synced(fixture, ref);
    await client.mergePatch(WERFBUNDLES, ref, { spec: { converge: { values: { broken: true } } } }, {}, signal);
    const returned = await fixture.bundles.until(
      ref,
      {
        what: `${name} has returned`,
        withinMs: PATIENCE_MS,
        is: ({ conditions = [] }) => conditions.some(({ type, reason }) => type === 'Ready' && reason === 'Returned'),
      },
      signal,
    );
    await back;
    proxy.use({ judge: () => 'pass', cut: async () => {} });
    if (!isCut) throw new Error(`${name} was not killed`);
    return returned;
  };

  await t.test('returns exactly once when it is killed on the way, with what was kept', async (t) => {
    await fixture.publish({ repository: 'acme/returning', tag: 'v1.0.0', behaviour: 'fail-if: broken' });
    for (const [index, [write, fits]] of Object.entries(RETURN_WRITES).entries()) {
      for (const when of ['before', 'after'] as const) {
        const name = `back-${index + 1}-${when}`;
        const returned = await returnsKilledAt(name, { fits, when });
        const { kept } = returned.status ?? {};
        const traces = await tracesOf(fixture, jobs, returned, [kept?.name ?? '']);
        t.match(traces, RETURNED_ONCE, `${when} "${write}"`);
        t.match(kept, { number: 3, namespace: OPS });
      }
    }
  });

  await t.test('plans a return exactly once when it is killed on the way', async (t) => {
    for (const [index, [write, fits]] of Object.entries(PLAN_WRITES).entries()) {
      for (const when of ['before', 'after'] as const) {
        const name = `planned-${index + 1}-${when}`;
        const returned = await returnsKilledAt(name, { fits, when, more: { plan: 'Show' } });
        const { kept, plan } = returned.status ?? {};
        t.match(plan, { reason: 'Return', result: 'Made', after: 2 }, `${when} "${write}"`);
        const traces = await tracesOf(fixture, jobs, returned, [kept?.name ?? '']);
        // The Job of a plan bears the number of the deployment before.
        t.match(
          { ...traces, jobs: traces.jobs.toSorted() },
          { jobs: [0, 1, 1, 2, 2, 3], history: RETURNED_ONCE.history, leftovers: [] },
        );
      }
    }
  });

  await t.test('does no harm when it was only frozen, and another one has done its work meanwhile', async (t) => {
    const frozenAt = WRITES.filter((write) => !write.startsWith('give') && !write.endsWith('docker'));
    const names = frozenAt.map((_, index) => `app-frozen-${index}`);
    const held = new Set<string>();
    const seen: string[] = [];
    const thaw: (() => void)[] = [];
    proxy.use({
      judge: (write) => {
        seen.push(...names.flatMap((name) => `${name}: ${nameOf(write, name)}`));
        const name = names.find((each, index) => nameOf(write, each) === frozenAt[index]);
        if (name === undefined || held.has(name)) return 'pass';
        held.add(name);
        return new Promise((resolve) => thaw.push(() => resolve('pass')));
      },
      cut: async () => {},
    });
    for (const name of names) {
      await client.create(WERFBUNDLES, bundleOf(name, specOf(fixture)), signal);
    }
    await eventually(
      async () => held.size,
      (count) => count === names.length,
      PATIENCE_MS,
    );
    t.same([...held].toSorted(), names, 'it is frozen at each of them');
    const other = await fixture.startController();
    const all = () => Promise.all(names.map((name) => synced(fixture, { namespace: OPS, name })));
    const before = await all();
    for (const release of thaw) release();
    // The Secrets that it makes for a Job that has ended are the last thing that it finds out.
    const last = `${names[frozenAt.indexOf('create Secret values')]}: delete Secret docker`;
    await eventually(
      async () => seen.includes(last),
      (cleanedUp) => cleanedUp,
      PATIENCE_MS,
    );
    t.ok(seen.includes(last), 'it made Secrets again, and took them away again');
    for (const bundle of before) t.same(await tracesOf(fixture, jobs, bundle), deployedOnce(bundle.metadata.name));
    t.same(await all(), before, 'what the other one wrote stands');
    await other.stop();
  });

  await t.test('finds the result of a Job that ended while no controller was there', async (t) => {
    const name = 'app-asleep';
    await fixture.publish({ repository: 'acme/slow', tag: 'v1.0.0', behaviour: 'slow: 1' });
    await client.create(WERFBUNDLES, bundleOf(name, specOf(fixture, 'acme/slow')), signal);
    const running = await fixture.bundles.until(
      { namespace: OPS, name },
      {
        what: `the Job of ${name} runs`,
        withinMs: PATIENCE_MS,
        is: ({ lastJobStatus }) => lastJobStatus === 'Running',
      },
      signal,
    );
    await controller.kill();
    const ref = { namespace: OPS, name: running.status?.activeJobName ?? '' };
    const ended = await eventually(
      () => client.get(JOBS, ref, signal),
      (job) => job?.status?.succeeded === 1,
      PATIENCE_MS,
    );
    t.equal(ended?.status?.succeeded, 1, 'the Job has ended');
    controller = await fixture.startController();
    t.same(await tracesOf(fixture, jobs, await synced(fixture, { namespace: OPS, name })), deployedOnce(name));
  });

  await t.test('leaves no Secret when a bundle is deleted while no controller runs', async (t) => {
    await fixture.makeNamespace('there');
    const consent = { metadata: { annotations: { [ACCEPT_BUNDLES_FROM]: OPS } } };
    await client.mergePatch(NAMESPACES, { name: 'there' }, consent, {}, signal);
    const here = specOf(fixture);
    const there = { ...here, converge: { ...here.converge, targetNamespace: 'there' } };
    const made = async () => {
      const { items } = await client.list(SECRETS, { labelSelector: LABELS.job }, signal);
      return items.map(({ metadata }) => `${metadata.namespace} ${metadata.name?.replace(/^.*-/, '')}`);
    };
    await controller.stop();
    for (const [name, spec] of Object.entries({ 'gone-here': here, 'gone-there': there })) {
      controller = await fixture.startController(behindProxy);
      await killedAt(name, { at: WRITES.indexOf('create Secret docker') + 1, when: 'after', spec });
      await client.delete(WERFBUNDLES, { namespace: OPS, name }, {}, signal);
    }
    const waits = await eventually(made, (secrets) => secrets.length <= 2, PATIENCE_MS);
    t.same(waits, ['there docker', 'there values'], 'those in its own namespace went with the bundle');
    t.ok(await client.get(WERFBUNDLES, { namespace: OPS, name: 'gone-there' }, signal), 'the other one waits');
    controller = await fixture.startController();
    t.same(await eventually(made, (secrets) => secrets.length === 0, PATIENCE_MS), [], 'of all bundles, none is left');
    const gone = await eventually(
      () => client.get(WERFBUNDLES, { namespace: OPS, name: 'gone-there' }, signal),
      (bundle) => bundle === undefined,
      PATIENCE_MS,
    );
    t.equal(gone, undefined);
  });

  await t.test(
    'does not quarrel with a second controller: one Job a deployment, and no phase that flaps',
    async (t) => {
      await fixture.publish({ repository: 'acme/twins', tag: 'v1.0.0' });
      const names = ['twin-1', 'twin-2', 'twin-3', 'twin-4'];
      const states = await recordWatch(t, fixture, WERFBUNDLES);
      await controller.stop();
      const twins = await Promise.all([1, 2].map(() => fixture.startController({ timeScale: 30 })));
      for (const name of names) {
        await client.create(WERFBUNDLES, bundleOf(name, specOf(fixture, 'acme/twins')), signal);
      }
      const all = (tag: string) => Promise.all(names.map((name) => synced(fixture, { namespace: OPS, name }, tag)));
      for (const bundle of await all('v1.0.0')) {
        t.same(await tracesOf(fixture, jobs, bundle), deployedOnce(bundle.metadata.name));
      }
      await fixture.publish({ repository: 'acme/twins', tag: 'v1.1.0' });
      for (const bundle of await all('v1.1.0')) {
        const { name } = bundle.metadata;
        t.same(await tracesOf(fixture, jobs, bundle), {
          ...deployedOnce(name),
          jobs: [1, 2],
          pods: 2,
          releases: [1, 2].map((version) => `sh.helm.release.v1.${name}.v${version}`),
          number: 2,
          history: ['2 Succeeded', '1 Succeeded'],
        });
        t.same(phasesOf(states.states(), name), ['Syncing', 'Synced', 'Syncing', 'Synced']);
      }
      await Promise.all(twins.map((twin) => twin.stop()));
    },
  );
});

/** The phases of a bundle, each as often as it was entered. */
const phasesOf = (states: readonly StoredBundle[], name: string): readonly string[] => {
  const phases = states
    .filter(({ metadata }) => metadata.name === name)
    .flatMap(({ status }) => (status?.phase === undefined ? [] : [status.phase]));
  return phases.filter((phase, index) => phase !== phases[index - 1]);
};
