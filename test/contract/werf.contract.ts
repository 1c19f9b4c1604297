import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Job } from '../../api/objects.js';
import { buildDismissJob } from '../../controller/deploy/dismiss-job.js';
import { buildJob } from '../../controller/deploy/job.js';
import type { JobParameters } from '../../controller/deploy/job-parameters.js';
import { lastErrorLine } from '../../controller/deploy/log-tail.js';
import { buildPlanJob, planInput } from '../../controller/deploy/plan-job.js';
import { planFinding } from '../../controller/deploy/plan-summary.js';
import { isPlanRefusal, SAVED_PLAN_FILE, savedPlanOf } from '../../controller/deploy/saved-plan.js';
import { workloadsIn } from '../../controller/deploy/unready.js';
import { PLAN_DIR, PLAN_FILE, VALUES_DIR } from '../../controller/deploy/werf-args.js';
import { type DemoChart, demoChart, type Fate } from '../../playground/werf/charts.js';
import { eventually } from '../kit/eventually.js';

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly log: string;
}

interface Running {
  log(): string;
  terminate(): void;
  readonly ended: Promise<Ended>;
}

/** A werf that the contract is tried on, run as a Job's container would run it. */
export interface WerfSubject {
  /** Of its namespaces and repositories. */
  readonly name: string;
  /** What is relied on differs by it. */
  readonly version: '2' | '3';
  /** `127.0.0.1:PORT`, plain HTTP. */
  readonly registryHost: string;
  /** A folder for values files. */
  readonly dir: string;
  /** Runs it as `account` of the namespace, with the arguments of a Job. */
  start(
    args: readonly string[],
    as: {
      readonly namespace: string;
      readonly account: string;
      /** WERF_SECRET_KEY. */
      readonly key?: string | undefined;
    },
  ): Running;
  publish(repository: string, tag: string, chart: DemoChart): Promise<{ readonly digest: string }>;
  /** Makes a namespace with ServiceAccount `werf-converge`, which may deploy, and `powerless`, which may do nothing. */
  makeNamespace(name: string): Promise<void>;
  /** Takes `get` on namespaces away from `werf-converge`. */
  forbidNamespaces(namespace: string): Promise<void>;
  /** Name of the ConfigMap that a release of {@link demoChart} has. */
  configMapOf(release: string): string;
  /** Changes a key of a ConfigMap. */
  change(namespace: string, configMap: string, data: Readonly<Record<string, string>>): Promise<void>;
  /** Statuses of a release's versions, the oldest first: `deployed`. */
  statuses(namespace: string, release: string): Promise<readonly string[]>;
}

type Values = Readonly<Record<string, unknown>>;

/** What is deployed, as which release. Each scenario has a namespace and a repository of its own. */
class Scenario {
  readonly #subject: WerfSubject;
  readonly namespace: string;
  readonly release = 'app';
  /** What of the settings differs from the usual. */
  rollbackOnFailure = false;

  constructor(subject: WerfSubject, namespace: string) {
    this.#subject = subject;
    this.namespace = namespace;
  }

  static async begin(subject: WerfSubject, title: string): Promise<Scenario> {
    const namespace = `${subject.name}-${title}`;
    await subject.makeNamespace(namespace);
    return new Scenario(subject, namespace);
  }

  publish(tag: string, fate: Fate = 'deployed'): Promise<{ readonly digest: string }> {
    const chart = demoChart({ name: 'demo', version: tag.slice(1), fate });
    return this.#subject.publish(`acme/${this.namespace}`, tag, chart);
  }

  async start(kind: 'apply' | 'plan' | 'dismiss', wish: Wish = {}): Promise<Running> {
    const {
      tag = 'v1.0.0',
      values = { app: { replicas: 1 } },
      sets = [],
      account = 'werf-converge',
      saved,
      key,
    } = wish;
    const input = { ...this.#input({ tag, sets }), ...(saved !== undefined && { savedPlan: 1 }) };
    const folder = await mkdtemp(join(this.#subject.dir, 'values-'));
    await writeFile(join(folder, 'values.yaml'), JSON.stringify(values));
    const job = {
      apply: () => buildJob(input),
      plan: () => buildPlanJob(planInput(input, { ...input.deployment }, 1)),
      dismiss: () => buildDismissJob(input),
    }[kind]();
    const args = argsOf(job)
      .map((arg) => arg.replace(VALUES_DIR, folder))
      .map((arg) => ([SAVED_PLAN_FILE, `${PLAN_DIR}/${PLAN_FILE}`].includes(arg) ? (saved ?? arg) : arg));
    return this.#subject.start(args, { namespace: this.namespace, account, key });
  }

  async run(kind: 'apply' | 'plan' | 'dismiss', wish: Wish = {}): Promise<Ended> {
    return (await this.start(kind, wish)).ended;
  }

  statuses(): Promise<readonly string[]> {
    return this.#subject.statuses(this.namespace, this.release);
  }

  /** `release "app" (namespace: "x")` */
  get called(): string {
    return `release "${this.release}" (namespace: "${this.namespace}")`;
  }

  #input({ tag, sets }: { readonly tag: string; readonly sets: readonly string[] }): JobParameters {
    return {
      bundle: { namespace: this.namespace, name: 'app', uid: '6f1c6c9e-0000-4000-8000-000000000001' },
      deployment: { number: 1, tag, digest: 'sha256:0', reason: 'NewTag', checksum: 'k1:0', jobName: 'app-1' },
      settings: {
        registry: { host: this.#subject.registryHost, repository: `acme/${this.namespace}`, insecure: true },
        converge: {
          targetNamespace: this.namespace,
          releaseName: this.release,
          cpu: '1',
          memory: '1Gi',
          logRetentionDays: 7,
          // As short as a readiness that fails may be.
          timeoutMs: 12_000,
          environment: 'prod',
          rollbackOnFailure: this.rollbackOnFailure,
        },
      },
      werfImage: 'werf',
      valuesArgs: ['--set=app.debug=true', '--set-string=app.image=a\\,b={c}', ...sets],
      secrets: { values: true, dockerConfig: false, key: false, ca: false },
      operatorVersion: '0',
      template: undefined,
    };
  }
}

interface Wish {
  readonly tag?: string;
  readonly values?: Values;
  readonly sets?: readonly string[];
  readonly account?: string;
  /** The file in which a plan is saved, or from which one is applied. */
  readonly saved?: string;
  /** WERF_SECRET_KEY. */
  readonly key?: string;
}

/** As the container gets them: Kubernetes makes one `$` of two. */
const argsOf = (job: Job): readonly string[] => {
  const [container] = (job.spec?.template.spec['containers'] ?? []) as readonly { readonly args: readonly string[] }[];
  return (container?.args ?? []).map((arg) => arg.replaceAll('$$', '$'));
};

const lastLine = (log: string): string => log.trimEnd().split('\n').at(-1) ?? '';

/** What the controller relies on: command lines, exit codes, and the words that it reads. */
export const werfContract = async (t: Test, subject: WerfSubject): Promise<void> => {
  const begin = (title: string) => Scenario.begin(subject, title);
  await t.test('deploys, skips what is deployed, and upgrades', (t) => deploys(t, begin));
  await t.test('finds what differs, and nothing else', (t) => findsDrift(t, begin, subject));
  if (subject.version === '3')
    await t.test('saves a plan, and does just that, once', (t) => appliesSaved(t, begin, subject));
  await t.test('tells why it fails, where the controller looks for it', (t) => tellsFailures(t, begin));
  await t.test('goes on by itself after one that was ended in the middle', (t) => goesOn(t, begin));
  await t.test('waits for another one of the same release', (t) => waits(t, begin));
  await t.test('uninstalls, if it may look at the namespace', (t) => uninstalls(t, begin, subject));
};

type Begin = (title: string) => Promise<Scenario>;

const deploys = async (t: Test, begin: Begin): Promise<void> => {
  const there = await begin('good');
  await there.publish('v1.0.0');
  const first = await there.run('apply');
  t.same([first.code, lastLine(first.log)], [0, `Succeeded ${there.called}`], first.log);
  t.same(await there.statuses(), ['deployed']);
  const again = await there.run('apply');
  t.same([again.code, lastLine(again.log)], [0, `Skipped ${there.called}: cluster resources already as desired`]);
  await there.publish('v1.1.0');
  const upgraded = await there.run('apply', { tag: 'v1.1.0' });
  t.same([upgraded.code, lastLine(upgraded.log)], [0, `Succeeded ${there.called}`]);
  t.same(await there.statuses(), ['superseded', 'deployed']);
  const missing = await there.run('apply', { tag: 'v9.9.9' });
  t.equal(missing.code, 1);
  t.match(lastErrorLine(missing.log), /^pull bundle: .*not found/);
};

const findsDrift = async (t: Test, begin: Begin, subject: WerfSubject): Promise<void> => {
  const there = await begin('drift');
  const { version } = subject;
  await there.publish('v1.0.0');
  const first = await there.run('plan');
  t.same([first.code, planFinding(first.log).kind], [2, 'objects'], 'all is to be created');
  await there.run('apply');

  const same = await there.run('plan');
  t.same(
    [same.code, lastLine(same.log)],
    [0, `No changes planned for ${there.called}`],
    'integers of the file are none',
  );
  const byFlag = await there.run('plan', { sets: ['--set=app.port=80'], values: { app: { replicas: 1 } } });
  t.equal(byFlag.code, version === '3' ? 3 : 2, 'other values: the release alone');
  t.same(planFinding(byFlag.log), { kind: 'release-only' });
  const ofRelease = version === '3' ? 'no resource changes planned, but still must install release' : 'changes planned';
  t.equal(lastErrorLine(byFlag.log), ofRelease);
  const configMap = subject.configMapOf(there.release);
  await subject.change(there.namespace, configMap, { version: 'changed by hand' });
  const drifted = await there.run('plan');
  t.same([drifted.code, planFinding(drifted.log)], [2, { kind: 'objects', words: `update ConfigMap/${configMap}` }]);
  t.equal(lastErrorLine(drifted.log), version === '3' ? 'resource changes planned' : 'changes planned');
  t.match(await there.run('apply'), { code: 0 }, 'applying it again');
  t.match(await there.run('plan'), { code: 0 }, '... takes');

  await there.run('apply', { sets: ['--set=app.port=80'] });
  const forEver = await there.run('plan', { sets: ['--set=app.port=80'] });
  t.same(planFinding(forEver.log), { kind: 'release-only' }, 'an integer by --set is a change for ever');
};

const appliesSaved = async (t: Test, begin: Begin, subject: WerfSubject): Promise<void> => {
  const there = await begin('saved');
  const saved = join(await mkdtemp(join(subject.dir, 'plan-')), PLAN_FILE);
  const key = 'f00dfeed'.repeat(8);
  await there.publish('v1.0.0');
  t.match(await there.run('plan', { saved, key }), { code: 2 });
  const printed = (await readFile(saved)).toString('base64');
  const release = { name: there.release, namespace: there.namespace };
  t.match(savedPlanOf(printed, release), { kind: 'saved' }, 'it is encrypted, and names its release');
  await there.publish('v1.0.0', 'template');
  const keyless = await there.run('apply', { saved });
  t.ok(keyless.code === 1 && isPlanRefusal(lastErrorLine(keyless.log)), 'it is not readable without its key');
  const applied = await there.run('apply', { saved, key });
  t.same(
    [applied.code, lastLine(applied.log)],
    [0, `Succeeded ${there.called}`],
    'what the tag is by now is no matter',
  );
  t.same(await there.statuses(), ['deployed']);
  const again = await there.run('apply', { saved, key });
  t.equal(again.code, 1);
  t.match(lastErrorLine(again.log), /plan artifact release revision mismatch: expected 1, got 2$/);
  t.ok(isPlanRefusal(lastErrorLine(again.log)));
  t.same(await there.statuses(), ['deployed'], 'nothing was changed');
};

const tellsFailures = async (t: Test, begin: Begin): Promise<void> => {
  const there = await begin('failing');
  await there.publish('v1.0.0');
  await there.publish('v1.1.0', 'template');
  await there.publish('v1.2.0', 'hook');
  await there.publish('v1.3.0', 'unready');
  await there.run('apply');
  const failing = async (tag: string) => {
    const { code, log } = await there.run('apply', { tag });
    t.equal(code, 1, tag);
    return lastErrorLine(log) ?? '';
  };

  /** Whether its Pods can be asked why. */
  const names = (error: string, wanted: { readonly kind: string; readonly name: string }) =>
    workloadsIn(error, there.namespace).some(({ kind, name }) => kind === wanted.kind && name === wanted.name);

  const template = await failing('v1.1.0');
  t.match(template, /^release install: .*executing ".*" at <\.Values\.nothere\.deep\.er>: nil pointer evaluating /);
  t.same(await there.statuses(), ['deployed'], 'what can not be rendered is no version');
  const hook = await failing('v1.2.0');
  t.match(hook, `release install: failed ${there.called}: `);
  t.ok(names(hook, { kind: 'Job', name: 'migrate' }), hook);
  t.same(await there.statuses(), ['deployed', 'failed']);
  const unready = await failing('v1.3.0');
  t.match(unready, /^release install: failed .*track resource .*: context deadline exceeded/);
  t.ok(names(unready, { kind: 'Deployment', name: 'web' }), unready);
  there.rollbackOnFailure = true;
  await failing('v1.3.0');
  t.same((await there.statuses()).slice(-2), ['failed', 'deployed'], 'with --auto-rollback what was there before is');
  there.rollbackOnFailure = false;

  const powerless = await there.run('apply', { account: 'powerless' });
  t.equal(powerless.code, 1);
  t.match(
    lastErrorLine(powerless.log),
    /2 errors occurred: \* server-side dry-run apply resource "ConfigMap\/werf-synchronization": .*cannot patch .* \* /,
  );
};

const goesOn = async (t: Test, begin: Begin): Promise<void> => {
  const there = await begin('ended');
  await there.publish('v1.0.0', 'unready');
  await there.publish('v1.1.0');
  const running = await there.start('apply');
  await eventually(
    () => there.statuses(),
    (statuses) => statuses.includes('pending-install'),
  );
  running.terminate();
  t.match(await running.ended, { code: 143 }, 'SIGTERM');
  t.same(await there.statuses(), ['pending-install'], 'it is left as it was');
  const next = await there.run('apply', { tag: 'v1.1.0' });
  t.same([next.code, lastLine(next.log)], [0, `Succeeded ${there.called}`]);
  t.notMatch(next.log, 'Waiting for locked', 'no lock was left');
  t.equal((await there.statuses()).at(-1), 'deployed');
};

const waits = async (t: Test, begin: Begin): Promise<void> => {
  const there = await begin('twice');
  await there.publish('v1.0.0', 'unready');
  await there.publish('v1.1.0');
  const first = await there.start('apply');
  await eventually(
    () => there.statuses(),
    (statuses) => statuses.length > 0,
  );
  const second = await there.start('apply', { tag: 'v1.1.0' });
  await eventually(
    async () => second.log(),
    (log) => log.includes(`Waiting for locked "release/${there.release}"`),
  );
  t.match(await first.ended, { code: 1 });
  t.match(await second.ended, { code: 0 });
  t.same(await there.statuses(), ['failed', 'deployed'], 'one after the other');
};

const uninstalls = async (t: Test, begin: Begin, subject: WerfSubject): Promise<void> => {
  const there = await begin('dismissed');
  await there.publish('v1.0.0');
  await there.run('apply');
  const gone = await there.run('dismiss');
  t.same([gone.code, lastLine(gone.log)], [0, `Uninstalled ${there.called}`]);
  t.same(await there.statuses(), []);
  const absent = await there.run('dismiss');
  t.same([absent.code, lastLine(absent.log)], [0, `Skipped ${there.called} uninstall: no release found`]);
  await there.run('apply');
  await subject.forbidNamespaces(there.namespace);
  const refused = await there.run('dismiss');
  t.equal(refused.code, 1);
  t.match(lastErrorLine(refused.log), /^release uninstall: check release namespace existence: .*forbidden/);
  t.same(await there.statuses(), ['deployed']);
};
