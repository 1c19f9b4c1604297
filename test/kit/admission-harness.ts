import t from 'tap';
import type { WebhookName } from '../../admission/admission-request.js';
import { ChartJudge } from '../../admission/chart/chart-judge.js';
import { KeptCharts } from '../../admission/chart/kept-charts.js';
import { createChecks } from '../../admission/checks.js';
import { createHandler } from '../../admission/handler.js';
import { BundleIndex } from '../../admission/references/bundle-index.js';
import { ValuesPool } from '../../admission/values/values-pool.js';
import type { AccessQuestion, Stored } from '../../api/objects.js';
import type { WerfBundle } from '../../api/werfbundle.js';
import { type ClusterRef, type KubeClient, KubeError, type ResourceType, type ReviewType } from '../../kube/client.js';
import { refName } from '../../kube/resource-path.js';
import { SUBJECT_ACCESS_REVIEWS } from '../../kube/resources.js';
import { parseConfig } from '../../webhook/config.js';
import { createFakeClock } from './fake-clock.js';
import { createFakeKube, type FakeKube } from './fake-kube.js';
import { recordLog } from './record-log.js';

/** What somebody wants to write. */
export interface Wish {
  readonly webhook?: WebhookName;
  readonly object: WerfBundle;
  readonly oldObject?: WerfBundle;
  readonly dryRun?: boolean;
  readonly user?: { readonly username: string; readonly groups?: readonly string[]; readonly [key: string]: unknown };
  readonly withinMs?: number;
}

/** What is answered. `problems` as kubectl prints them: `spec.registry.url: Required value`. */
export interface Told {
  readonly allowed: boolean;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly patch: unknown;
  /** What the audit log is told, if it is told something. */
  readonly audit?: unknown;
}

/** `create jobs.batch in production`, `get secrets/app in ops`. */
type MayDo = (user: string, what: string) => boolean;

/** The webhook on a cluster in memory. */
export interface AdmissionHarness {
  readonly kube: FakeKube;
  readonly clock: ReturnType<typeof createFakeClock>;
  /** Every question to the cluster, in order: `Secret ops/app`, `may create pods in ops`. */
  readonly asked: string[];
  readonly counted: string[];
  /** Whole bodies of the questions what somebody may do. */
  readonly reviews: object[];
  /** Such questions are not answered: `Secret ops/app`. */
  hang(question: string): void;
  /** Such questions fail. */
  fail(question: string): void;
  ask(wish: Wish): Promise<Told>;
}

/**
 * A webhook with flags as on its command line. Everybody may do everything, unless `may` says otherwise.
 * Its watch on bundles ends with the spec file.
 */
export const createAdmissionHarness = (options: {
  readonly flags?: readonly string[];
  readonly may?: MayDo;
}): AdmissionHarness => {
  const parsed = parseConfig({ argv: options.flags ?? [], env: {} });
  if (parsed.kind !== 'ok') throw new Error(`the flags are wrong: ${JSON.stringify(parsed)}`);
  const clock = createFakeClock();
  const kube = createFakeKube({ clock });
  const counted: string[] = [];
  const log = recordLog();
  const wire = tapped(kube, options.may ?? (() => true));
  const metrics = { answered: () => {}, lookedUp: (kind: string, result: string) => counted.push(`${kind} ${result}`) };
  const { client } = wire;
  const { config } = parsed;
  const values = new ValuesPool({ log });
  const kept = new KeptCharts({ client, metrics, namespace: config.namespace });
  const charts = new ChartJudge({ kept, pool: values, clock, log });
  const releases = new BundleIndex({ client, clock, random: { uniform: () => 0 }, log, keepUses: false });
  const checks = createChecks({ client, config, values, charts, clock, releases, metrics });
  const running = new AbortController();
  t.teardown(() => running.abort());
  if (config.checkReferences) void releases.start(running.signal);
  const handler = createHandler({ checks, clock, log, metrics });
  const ask = async (wish: Wish): Promise<Told> => {
    const { webhook = 'validate', withinMs = 9000 } = wish;
    const body = Buffer.from(JSON.stringify(reviewOf(wish)));
    const signal = new AbortController().signal;
    const answer = await handler({ webhook, contentType: 'application/json', body, withinMs, signal });
    const { response } = JSON.parse(answer.body);
    const causes: readonly { readonly field: string; readonly message: string }[] =
      response.status?.details?.causes ?? [];
    return {
      allowed: response.allowed,
      problems: causes.map(({ field, message }) => `${field}: ${message}`),
      warnings: response.warnings ?? [],
      patch: response.patch === undefined ? [] : JSON.parse(Buffer.from(response.patch, 'base64').toString()),
      ...(response.auditAnnotations !== undefined && { audit: response.auditAnnotations }),
    };
  };
  return { kube, clock, counted, ask, asked: wire.asked, reviews: wire.reviews, hang: wire.hang, fail: wire.fail };
};

const reviewOf = ({ object, oldObject, dryRun = false, user }: Wish): object => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
    kind: { group: 'werf.io', version: 'v1alpha1', kind: 'WerfBundle' },
    resource: { group: 'werf.io', version: 'v1alpha1', resource: 'werfbundles' },
    name: object.metadata.name,
    namespace: object.metadata.namespace,
    operation: oldObject === undefined ? 'CREATE' : 'UPDATE',
    userInfo: user ?? { username: 'jane', uid: 'u1', groups: ['system:authenticated'] },
    object,
    oldObject: oldObject ?? null,
    dryRun,
  },
});

/** The client of the webhook: keeps account of what is asked, and lets questions hang or fail. */
const tapped = (kube: FakeKube, may: MayDo) => {
  const asked: string[] = [];
  const reviews: object[] = [];
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
  kube.answer(SUBJECT_ACCESS_REVIEWS.plural, (_, body) => {
    const { spec } = body as { readonly spec: AccessQuestion };
    return { ...body, status: { allowed: may(spec.user, rightOf(spec)) } };
  });
  const client: Pick<KubeClient, 'get' | 'list' | 'watch' | 'ask'> = {
    get: <S extends Stored>(type: ResourceType<S>, ref: ClusterRef, signal: AbortSignal) =>
      through(`${type.kind} ${refName(ref)}`, signal, () => kube.get(type, ref, signal)),
    ask: <Q, A>(type: ReviewType<Q, A>, spec: Q, signal: AbortSignal) => {
      // The webhook asks nothing else.
      const asked = spec as AccessQuestion;
      reviews.push(asked);
      return through(`may ${rightOf(asked)}`, signal, () => kube.ask(type, spec, signal));
    },
    list: (type, list, signal) => kube.list(type, list, signal),
    watch: (type, list, signal) => kube.watch(type, list, signal),
  };
  return {
    client,
    asked,
    reviews,
    hang: (question: string) => void hanging.add(question),
    fail: (question: string) => void failing.add(question),
  };
};

const rightOf = ({ resourceAttributes }: AccessQuestion): string => {
  const { verb, group, resource, namespace, name } = resourceAttributes;
  const what = group === '' ? resource : `${resource}.${group}`;
  return `${verb} ${what}${name === undefined ? '' : `/${name}`} in ${namespace}`;
};

/** What is told, but that the bundle names no ServiceAccount: most specs are about something else. */
export const withoutAccountWarning = (told: Told): Told => {
  const { warnings } = told;
  return {
    ...told,
    warnings: warnings.filter((text) => !text.startsWith(`spec.converge.serviceAccountName: none is named`)),
  };
};
