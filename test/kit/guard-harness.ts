import type { Test } from 'tap';
import { ChartJudge } from '../../admission/chart/chart-judge.js';
import { createGuard } from '../../admission/guard/guard.js';
import { REFERRED } from '../../admission/impact/sight.js';
import { BundleIndex } from '../../admission/references/bundle-index.js';
import { ValuesPool } from '../../admission/values/values-pool.js';
import type { ReferredKind } from '../../api/impact/world.js';
import type { AccessQuestion, KubeObject, ObjectRef } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { refName } from '../../kube/resource-path.js';
import { SUBJECT_ACCESS_REVIEWS, WERFBUNDLES } from '../../kube/resources.js';
import { platform } from './builders.js';
import { createFakeClock } from './fake-clock.js';
import { createFakeKube } from './fake-kube.js';
import { recordLog } from './record-log.js';

/** An object that bundles may refer to. */
interface Referred {
  readonly kind: ReferredKind;
  readonly ref: ObjectRef;
  readonly object: KubeObject;
}

/** A change of one; what it was is left out where it is created, what it is where it is deleted. */
export interface Wanted {
  readonly kind: ReferredKind;
  /** `namespace` is '' for a Namespace. */
  readonly ref: ObjectRef;
  readonly before?: KubeObject | undefined;
  readonly after?: KubeObject | undefined;
  readonly user?: string;
  readonly dryRun?: boolean;
  readonly withinMs?: number;
}

/** What is answered. `problems` as kubectl prints them. */
interface Answered {
  readonly allowed: boolean;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

export interface GuardOptions {
  readonly bundles: readonly StoredBundle[];
  /** What there is beside what changes. */
  readonly objects?: readonly Referred[];
  /** Whether somebody may do something: `get werfbundles in shops`, `get secrets in *`. Everybody may do everything if it is left out. */
  readonly may?: (user: string, what: string) => boolean;
  readonly maxImpact?: number;
  readonly authorize?: 'always' | 'off';
  /** The bundles are not listed yet. */
  readonly isUnlisted?: true;
}

/** The webhook of the values guard on a cluster in memory. */
interface GuardHarness {
  readonly kube: ReturnType<typeof createFakeKube>;
  readonly clock: ReturnType<typeof createFakeClock>;
  /** Every question to the cluster since the last one was asked, in order: `Secret ops/app`, `may get secrets in *`. */
  readonly asked: string[];
  /** Such questions are never answered. */
  hang(question: string): void;
  /** Such questions fail. */
  fail(question: string): void;
  ask(wanted: Wanted): Promise<Answered>;
}

/** Its watch and its threads end with the spec. */
export const openGuard = (t: Test, options: GuardOptions): GuardHarness => {
  const clock = createFakeClock();
  const kube = createFakeKube({ clock });
  const log = recordLog();
  for (const bundle of options.bundles) kube.seed(WERFBUNDLES, bundle);
  for (const { kind, ref, object } of options.objects ?? [])
    kube.seed(REFERRED[kind], { ...object, metadata: { ...object.metadata, ...seedRef(ref) } } as never);
  const may = options.may ?? (() => true);
  kube.answer(SUBJECT_ACCESS_REVIEWS.plural, (_, body) => {
    const { spec } = body as { readonly spec: AccessQuestion };
    return { ...body, status: { allowed: may(spec.user, rightOf(spec)) } };
  });
  const asked: string[] = [];
  const hanging = new Set<string>();
  const failing = new Set<string>();
  const through = async <T>(question: string, signal: AbortSignal, call: () => Promise<T>): Promise<T> => {
    asked.push(question);
    if (failing.has(question)) throw new KubeError('unavailable', `${question}: unavailable`);
    if (!hanging.has(question)) return call();
    return new Promise((_, reject) => {
      const onAbort = (): void => reject(new KubeError('aborted', `${question}: aborted`));
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
    });
  };
  const client: Pick<KubeClient, 'get' | 'ask'> = {
    get: (type, ref, signal) => through(`${type.kind} ${refName(ref)}`, signal, () => kube.get(type, ref, signal)),
    ask: (type, spec, signal) => {
      const right = rightOf(spec as unknown as AccessQuestion);
      return through(`may ${right}`, signal, () => kube.ask(type, spec, signal));
    },
  };
  const bundles = new BundleIndex({ client: kube, clock, random: { uniform: () => 0.5 }, log, keepUses: true });
  const values = new ValuesPool({ log });
  const stop = new AbortController();
  const running = options.isUnlisted === true ? Promise.resolve() : bundles.start(stop.signal);
  t.teardown(async () => {
    stop.abort();
    values.stop();
    await running;
  });
  const { authorize = 'always', maxImpact } = options;
  const metrics = { answered: () => {}, lookedUp: () => {} };
  const charts = new ChartJudge({ kept: { get: async () => ({ kind: 'absent' }) }, pool: values, clock, log });
  const impact = { bundles, answers: values, settings: { platform, maxImpact } };
  const guard = createGuard({ uses: bundles, client, values, charts, clock, log, metrics, impact, authorize });
  const ask = async (wanted: Wanted): Promise<Answered> => {
    asked.length = 0;
    const body = Buffer.from(JSON.stringify(reviewOf(wanted)));
    const { withinMs = 4000 } = wanted;
    const signal = new AbortController().signal;
    const answer = await guard({ webhook: 'guard', contentType: 'application/json', body, withinMs, signal });
    const { response } = JSON.parse(answer.body);
    const causes: readonly { readonly field: string; readonly message: string }[] =
      response.status?.details?.causes ?? [];
    return {
      allowed: response.allowed,
      problems: causes.map(({ field, message }) => `${field}: ${message}`),
      warnings: response.warnings ?? [],
    };
  };
  return {
    kube,
    clock,
    asked,
    ask,
    hang: (question) => void hanging.add(question),
    fail: (question) => void failing.add(question),
  };
};

const seedRef = ({ namespace, name }: ObjectRef) => (namespace === '' ? { name } : { namespace, name });

const rightOf = ({ resourceAttributes: { verb, resource, namespace } }: AccessQuestion): string =>
  `${verb} ${resource} in ${namespace === '' ? '*' : namespace}`;

const reviewOf = ({ kind, ref, before, after, user = 'jane', dryRun = false }: Wanted): object => {
  const whole = (object: KubeObject | undefined) =>
    object === undefined
      ? null
      : { apiVersion: 'v1', kind, ...object, metadata: { ...object.metadata, ...seedRef(ref) } };
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      kind: { group: '', version: 'v1', kind },
      resource: { group: '', version: 'v1', resource: REFERRED[kind].plural },
      name: ref.name,
      // As the apiserver has it: a Namespace is in itself.
      namespace: kind === 'Namespace' ? ref.name : ref.namespace,
      operation: before === undefined ? 'CREATE' : after === undefined ? 'DELETE' : 'UPDATE',
      userInfo: { username: user, groups: ['system:authenticated'] },
      object: whole(after),
      oldObject: whole(before),
      dryRun,
    },
  };
};
