import assert from 'node:assert/strict';
import { request } from 'node:https';
import { connect } from 'node:tls';
import fc from 'fast-check';
import jsonpatch from 'fast-json-patch';
import t from 'tap';
import type { WebhookName } from '../../admission/admission-request.js';
import { ChartJudge } from '../../admission/chart/chart-judge.js';
import { KeptCharts } from '../../admission/chart/kept-charts.js';
import { createChecks } from '../../admission/checks.js';
import type { Answer } from '../../admission/encode.js';
import { createGuard } from '../../admission/guard/guard.js';
import { createHandler, type Handler } from '../../admission/handler.js';
import { BundleIndex } from '../../admission/references/bundle-index.js';
import { ValuesPool } from '../../admission/values/values-pool.js';
import { withDefaults } from '../../api/defaults.js';
import { isMap, valueAt } from '../../api/json-map.js';
import { type SchemaNode, SPEC_SCHEMA } from '../../api/schema-node.js';
import { validateBundle } from '../../api/validate.js';
import { parseKey } from '../../api/values/parse-key.js';
import type { WerfBundle, WerfBundleSpec } from '../../api/werfbundle.js';
import { issueAuthority, issueLeaf } from '../../certs/issue.js';
import { CONFIGMAPS, NAMESPACES, SECRETS, SERVICEACCOUNTS, WERFBUNDLES } from '../../kube/resources.js';
import { parseConfig } from '../../webhook/config.js';
import { startServer } from '../../webhook/server.js';
import { arbitrarySpec } from '../kit/arbitrary-spec.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { recordLog } from '../kit/record-log.js';

type Json = Record<string, unknown>;

/** Stands in every Secret; no answer and no line of log may have it. */
const MARKED = 'hunter2hunter2';
const UID = '705ab4f5-6393-11e8-b7cc-42010a800002';
const never = new AbortController().signal;

const parsed = parseConfig({ argv: ['--allowed-registries', 'ghcr.io,localhost,[::1]:5000'], env: {} });
if (parsed.kind !== 'ok') throw new Error('the flags are wrong');
const { config } = parsed;
const log = recordLog();
const clock = createFakeClock();
const kube = createFakeKube({ clock });
kube.answer('subjectaccessreviews', (_, body) => ({ ...body, status: { allowed: true } }));
kube.seed(NAMESPACES, { metadata: { name: 'prod', annotations: { 'werf.io/accept-bundles-from': '*' } } });
kube.seed(SERVICEACCOUNTS, { metadata: { namespace: 'prod', name: 'werf-converge' } });
kube.seed(CONFIGMAPS, {
  metadata: { namespace: 'ops', name: 'app-config' },
  data: { 'values.yaml': 'a: b: c', x: '1' },
} as never);
const hidden = Buffer.from(`${MARKED}: ${MARKED}: x`).toString('base64');
// Little in `a`, which the arbitrary specs name 65 times: too little for a thread, which takes seconds to start from sources.
const holds = { key: hidden, 'values.yaml': hidden, 'ca.crt': hidden };
for (const [name, data] of Object.entries({
  a: { key: Buffer.from(MARKED).toString('base64') },
  'app-secret': holds,
  keys: holds,
  ca: holds,
  'a.b-c': holds,
})) {
  kube.seed(SECRETS, { metadata: { namespace: 'ops', name }, data } as never);
}
const user = { registry: { url: 'ghcr.io/a/b' }, converge: { valuesFrom: [{ configMapRef: { name: 'app-config' } }] } };
kube.seed(WERFBUNDLES, { metadata: { namespace: 'ops', name: 'user' }, spec: user } as never);

const metrics = { answered: () => {}, lookedUp: () => {} };
const random = { uniform: () => 0.5 };
const values = new ValuesPool({ log });
const index = new BundleIndex({ client: kube, clock, random, log, keepUses: true });
const kept = new KeptCharts({ client: kube, metrics, namespace: config.namespace });
const charts = new ChartJudge({ kept, pool: values, clock, log });
const checks = createChecks({ client: kube, config, values, charts, clock, releases: index, metrics });
const ending = new AbortController();
t.teardown(() => ending.abort());
void index.start(ending.signal);
const bundles = createHandler({ checks, clock, log, metrics });
const platform = { ...config, policy: config, defaultRegistrySecret: undefined, suspendAll: false };
const { authorize } = config;
const impact = { bundles: index, answers: values, settings: { platform, maxImpact: undefined } };
const guard = createGuard({ uses: index, client: kube, values, charts, clock, log, metrics, impact, authorize });
const handler: Handler = (call) => (call.webhook === 'guard' ? guard(call) : bundles(call));

const bytesOf = (body: unknown): Uint8Array => (body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body)));
const ask = (webhook: WebhookName, body: unknown, contentType = 'application/json'): Promise<Answer> =>
  handler({ webhook, contentType, body: bytesOf(body), withinMs: 9000, signal: never });
const responseOf = ({ body }: Answer): Json => valueAt(JSON.parse(body), 'response') as Json;

const bundle = (spec: unknown, metadata: Json = {}): Json => ({
  apiVersion: 'werf.io/v1alpha1',
  kind: 'WerfBundle',
  metadata: { name: 'my-app', namespace: 'ops', ...metadata },
  spec,
});
const review = (change: Json = {}): Json => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: UID,
    kind: { group: 'werf.io', version: 'v1alpha1', kind: 'WerfBundle' },
    resource: { group: 'werf.io', version: 'v1alpha1', resource: 'werfbundles' },
    name: 'my-app',
    namespace: 'ops',
    operation: 'CREATE',
    userInfo: { username: 'jane', uid: 'u1', groups: ['a'], extra: { scopes: ['b'] } },
    object: bundle({ registry: { url: 'ghcr.io/acme/app', tag: 'v1' } }),
    oldObject: null,
    dryRun: false,
    ...change,
  },
});
const sourceReview = (data: unknown, old: unknown): Json => {
  const object = (content: unknown) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'app-config' },
    data: content,
  });
  return review({
    kind: { group: '', version: 'v1', kind: 'ConfigMap' },
    resource: { group: '', version: 'v1', resource: 'configmaps' },
    name: 'app-config',
    operation: 'UPDATE',
    object: object(data),
    oldObject: object(old),
  });
};

/** What an apiserver can read: an AdmissionReview with the uid and a verdict, whatever was asked. */
const assertWellFormed = (answer: Answer, uid?: string): void => {
  assert.ok([200, 400].includes(answer.status), `status ${answer.status}: ${answer.body}`);
  const { apiVersion, kind, response } = JSON.parse(answer.body);
  assert.deepEqual([apiVersion, kind], ['admission.k8s.io/v1', 'AdmissionReview']);
  assert.equal(typeof response.allowed, 'boolean');
  assert.equal(response.patch === undefined, response.patchType === undefined, 'patch and patchType come together');
  if (uid !== undefined) assert.equal(response.uid, uid);
  if (!response.allowed) assert.ok(response.status.message !== '' && response.status.code >= 400);
  for (const warning of response.warnings ?? []) assert.ok([...warning].length <= 256 && !/\p{Cc}/u.test(warning));
  assert.ok(!answer.body.includes(MARKED), 'nothing of a Secret');
};
const webhooks = fc.constantFrom<WebhookName>('mutate', 'validate', 'guard');
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom<unknown>('', 0, -1, null, [], {}, '\u0000', '😀'),
);

t.test('any bytes get a well-formed answer', async (t) => {
  const good = Buffer.from(JSON.stringify(review()));
  const cut = fc.nat(good.length).map((length) => good.subarray(0, length));
  const flipped = fc
    .tuple(fc.nat(good.length - 1), fc.nat(255))
    .map(([at, byte]) => Buffer.from(good).fill(byte, at, at + 1));
  const types = fc.oneof(fc.constantFrom('application/json', 'Application/JSON; charset=utf-8', ''), fc.string());
  const bodies = fc.oneof(fc.uint8Array({ maxLength: 200 }), cut, flipped);
  await fc.assert(
    fc.asyncProperty(webhooks, bodies, types, async (webhook, body, type) => {
      assertWellFormed(await ask(webhook, body, type));
      const after = responseOf(await ask('validate', review()));
      assert.equal(after['allowed'], true, 'and the next question its own');
    }),
    { numRuns: 300 },
  );
  t.pass();
});

/** A copy with `value` in the place that `steps` lead to: each step is taken modulo the number of ways. */
const planted = (target: unknown, [step, ...rest]: readonly number[], value: unknown): unknown => {
  if (step === undefined || typeof target !== 'object' || target === null) return value;
  const keys = Object.keys(target);
  const key = keys[step % keys.length];
  if (key === undefined) return value;
  const part = planted((target as Json)[key], rest, value);
  return Array.isArray(target) ? target.with(Number(key), part) : { ...target, [key]: part };
};
const places = fc.array(fc.nat(20), { minLength: 1, maxLength: 7 });

t.test('any JSON in any place of a request gets a well-formed answer', async (t) => {
  const full = bundle(
    {
      registry: { url: 'ghcr.io/acme/app', tag: 'v1', secretRef: { name: 'a' }, caSecretRef: { name: 'ca' } },
      converge: {
        targetNamespace: 'prod',
        serviceAccountName: 'werf-converge',
        werfSecretKeyRef: { name: 'keys' },
        valuesFrom: [
          { configMapRef: { name: 'app-config' }, key: 'x' },
          { secretRef: { name: 'app-secret' }, optional: true },
        ],
        values: { a: { b: [1] } },
      },
    },
    {
      labels: { a: 'b' },
      annotations: { 'werf.io/missing-references': 'warn' },
      deletionTimestamp: '2026-01-01T00:00:00Z',
    },
  );
  const data = { 'values.yaml': 'a: 1', x: '2' };
  const questions = fc.constantFrom<readonly [WebhookName, Json]>(
    ['mutate', review({ object: full })],
    ['validate', review({ object: full, oldObject: bundle({}), operation: 'UPDATE' })],
    ['validate', review({ object: full, dryRun: true })],
    ['guard', sourceReview({ 'values.yaml': '- a' }, data)],
  );
  await fc.assert(
    fc.asyncProperty(
      questions,
      fc.array(fc.tuple(places, anything), { maxLength: 3 }),
      async ([webhook, question], plants) => {
        const body = plants.reduce<unknown>((target, [place, value]) => planted(target, place, value), question);
        const uid = valueAt(body, 'request', 'uid');
        assertWellFormed(await ask(webhook, body), typeof uid === 'string' ? uid : '');
      },
    ),
    { numRuns: 400 },
  );
  t.strictSame(
    log.entries.filter(({ level }) => level === 'error'),
    [],
    'and none of it was a bug',
  );
  t.notMatch(JSON.stringify(log.entries), MARKED);
});

const patched = (object: Json, response: Json): Json => {
  if (response['patch'] === undefined) return object;
  const patch = JSON.parse(Buffer.from(String(response['patch']), 'base64').toString()) as jsonpatch.Operation[];
  assert.ok(
    patch.every(({ op }) => op === 'add'),
    'nothing is taken away or replaced',
  );
  return jsonpatch.applyPatch(structuredClone(object), patch).newDocument;
};

/** Throws unless all that was there is there as it was; null is what the apiserver takes for nothing. */
const assertKept = (before: unknown, after: unknown, path = ''): void => {
  if (before === null) return;
  if (!isMap(before)) assert.deepEqual(after, before, path);
  else for (const [key, value] of Object.entries(before)) assertKept(value, valueAt(after, key), `${path}.${key}`);
};

t.test('mutate makes exactly the defaulted object, keeps what the user wrote, and is idempotent', async (t) => {
  const verdicts = { allowed: 0, denied: 0 };
  await fc.assert(
    fc.asyncProperty(arbitrarySpec, fc.boolean(), async (spec, isUpdate) => {
      const object = JSON.parse(JSON.stringify(bundle(spec))) as Json;
      const update = isUpdate ? { operation: 'UPDATE', oldObject: bundle({ registry: { url: 'localhost/old' } }) } : {};
      const answer = await ask('mutate', review({ object, ...update }));
      assertWellFormed(answer, UID);
      const response = responseOf(answer);
      const isRight = validateBundle(object as unknown as WerfBundle).problems.length === 0;
      assert.equal(response['allowed'], isRight, 'mutate denies what breaks the rules of the spec');
      verdicts[isRight ? 'allowed' : 'denied'] += 1;
      if (!isRight) {
        const said = responseOf(await ask('validate', review({ object, ...update })));
        assert.deepEqual(said['status'], response['status'], 'and says what validate would say');
        return;
      }
      const once = patched(object, response);
      assert.deepEqual(once['spec'], withDefaults(object['spec'] as WerfBundleSpec));
      assertKept(object, once);
      const again = responseOf(await ask('mutate', review({ object: once, ...update })));
      assert.deepEqual(again, { uid: UID, allowed: true });
    }),
    { numRuns: 300 },
  );
  t.ok(verdicts.allowed > 20 && verdicts.denied > 20, `${JSON.stringify(verdicts)}: both were tried`);
});

/** The steps of a field's path: `spec.converge.valuesFrom[1].key` → spec, converge, valuesFrom, 1, key. */
const stepsOf = (field: string): readonly (string | number)[] =>
  [...field.matchAll(/([^.[\]]+)/g)].map(([, step = '']) => (/^\d+$/.test(step) ? Number(step) : step));
const isInSchema = ([first, ...steps]: readonly (string | number)[]): boolean => {
  let node: SchemaNode | undefined = first === 'spec' ? SPEC_SCHEMA : undefined;
  for (const step of steps) node = typeof step === 'number' ? node?.items : node?.properties?.[step];
  return node !== undefined;
};

t.test('every problem is at a field that exists, or names the field that is missing', async (t) => {
  let told = 0;
  await fc.assert(
    fc.asyncProperty(arbitrarySpec, async (spec) => {
      const object = JSON.parse(JSON.stringify(bundle(spec))) as Json;
      const status = responseOf(await ask('validate', review({ object })))['status'];
      const causes = valueAt(status, 'details', 'causes');
      const keys = new Set<string>();
      for (const { field, reason, message } of (Array.isArray(causes) ? causes : []) as readonly Record<
        string,
        string
      >[]) {
        told += 1;
        const steps = stepsOf(field ?? '');
        const isThere = valueAt(object, ...steps) !== undefined;
        const isMissing =
          reason === 'FieldValueRequired' &&
          (isInSchema(steps) || valueAt(object, ...steps.slice(0, -1)) !== undefined);
        assert.ok(isThere || isMissing, `${field}: ${message}`);
        assert.ok(
          valueAt(status, 'message') !== undefined &&
            String(valueAt(status, 'message')).includes(`${field}: ${message}`),
        );
        const key = `${field}: ${message}`;
        assert.ok(!keys.has(key), `${key}: once`);
        keys.add(key);
      }
    }),
    { numRuns: 300 },
  );
  t.ok(told > 100, `${told} problems were told`);
});

t.test('no answer contains anything from a Secret, whatever the Secret holds', async (t) => {
  const fragments = fc.constantFrom(
    ...[
      MARKED,
      ': ',
      '\n',
      '  ',
      '- ',
      '"',
      "'",
      '{',
      '}',
      '[',
      ']',
      ',',
      '&',
      '*',
      '!',
      '|',
      '>',
      '#',
      '%',
      '@',
      '?',
      '\t',
      '---\n',
      '\\',
      '0777',
      '<<',
      '\u0000',
    ],
  );
  const texts = fc.array(fragments, { maxLength: 12 }).map((parts) => parts.join(''));
  const found = (text: string, kind: 'Secret' | 'ConfigMap') =>
    ({ kind, namespace: 'ops', name: 's', data: { 'values.yaml': text, [`k`]: text } }) as const;
  await fc.assert(
    fc.asyncProperty(texts, texts, async (one, other) => {
      const sources = [
        { source: { secretRef: { name: 's' } }, found: found(one, 'Secret') },
        { source: { secretRef: { name: 's' } }, found: found(other, 'Secret') },
      ];
      const answer = await values.judge({ sources, bundleNamespace: 'ops', targetNamespace: 'ops' }, never);
      assert.equal(answer.kind, 'judged');
      assert.ok(!JSON.stringify(answer).includes(MARKED), JSON.stringify(answer));
      for (const text of [one, other]) {
        const { kind } = parseKey('values.yaml', text);
        assert.ok(['map', 'text', 'invalid'].includes(kind));
      }
    }),
    { numRuns: 300 },
  );
  t.pass();
});

t.test('any bytes on any path are answered over TLS, and never by a failure', async (t) => {
  const authority = await issueAuthority(Date.now());
  const serving = await issueLeaf(authority, ['127.0.0.1'], Date.now());
  const server = await startServer({
    listen: { host: '127.0.0.1', port: 0 },
    serving,
    handler,
    guard,
    maxInFlight: 50,
    ready: () => ({ ok: true }) as const,
    clock,
    log,
  });
  t.teardown(() => server.stop(0, 0));
  const tls = { host: '127.0.0.1', port: server.port, ca: authority.certificate };
  const send = (method: string, path: string, headers: Record<string, string>, body: Uint8Array): Promise<number> =>
    new Promise((resolve, reject) => {
      // Without a length Node sends the body of a GET as if it were the next request.
      const framed = { ...headers, 'Content-Length': String(body.length) };
      const sent = request({ ...tls, method, path, headers: framed }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
      });
      sent.on('error', reject);
      sent.end(body);
    });
  const paths = fc.oneof(
    fc.constantFrom(
      '/mutate',
      '/validate',
      '/guard',
      '/mutate?timeout=10s',
      '/validate?timeout=x&timeout=y',
      '/healthz',
      '/%',
      '/%00',
      '//',
    ),
    fc.webPath().map((path) => `/${path}`),
  );
  const methods = fc.constantFrom('POST', 'POST', 'GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH');
  const headers = fc.record(
    {
      'Content-Type': fc.constantFrom(
        'application/json',
        'text/plain',
        'multipart/form-data',
        'application/json; charset=klingon',
      ),
      'Content-Encoding': fc.constantFrom('gzip', 'identity', 'br'),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(methods, paths, headers, fc.uint8Array({ maxLength: 300 }), async (method, path, given, body) => {
      const status = await send(method, path, given as Record<string, string>, body);
      assert.ok(status >= 200 && status < 500, `${method} ${path}: ${status}`);
    }),
    { numRuns: 150 },
  );
  t.pass('HTTP of all kinds');
  const raw = (bytes: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect({ ...tls }, () => socket.end(bytes));
      socket
        .resume()
        .on('close', () => resolve())
        .on('error', reject);
    });
  const garbage = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 200 }),
    fc.string().map((text) => Buffer.from(`POST /validate HTTP/1.1\r\nHost: x\r\n${text}\r\n\r\n`)),
  );
  await fc.assert(fc.asyncProperty(garbage, raw), { numRuns: 60 });
  const body = Buffer.from(JSON.stringify(review()));
  t.equal(
    await send('POST', '/validate', { 'Content-Type': 'application/json' }, body),
    200,
    'and what is no HTTP at all',
  );
});
