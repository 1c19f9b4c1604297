import assert from 'node:assert/strict';
import jsonpatch from 'fast-json-patch';
import t from 'tap';
import type { WebhookName } from '../../admission/admission-request.js';
import type { Answer } from '../../admission/encode.js';
import { createHandler } from '../../admission/handler.js';
import { specRules } from '../../admission/judge-spec.js';
import { sameJson } from '../../admission/same-json.js';
import type { Check } from '../../admission/verdict.js';
import { deadlineMs } from '../../webhook/deadline.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { recordLog } from '../kit/record-log.js';
import { recordSpans } from '../kit/record-spans.js';

type Json = Record<string, unknown>;

const GOOD_SPEC = {
  registry: { url: 'ghcr.io/acme/my-app', versionConstraint: '1.x' },
  converge: { serviceAccountName: 'werf-converge' },
};
const FOUR_MISTAKES = {
  registry: { url: 'https://ghcr.io/acme/my-app:v1', pollInterval: '15', versionConstraint: '1.x' },
  converge: { targetNamespace: 'production', resourceLimits: { memory: '-1Gi' } },
};

const bundle = (spec: unknown, metadata: Json = {}): Json => ({
  apiVersion: 'werf.io/v1alpha1',
  kind: 'WerfBundle',
  metadata: { name: 'my-app', namespace: 'ops', ...metadata },
  spec,
});

const review = (request: Json = {}): Json => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
    kind: { group: 'werf.io', version: 'v1alpha1', kind: 'WerfBundle' },
    resource: { group: 'werf.io', version: 'v1alpha1', resource: 'werfbundles' },
    requestKind: { group: 'werf.io', version: 'v1alpha1', kind: 'WerfBundle' },
    requestResource: { group: 'werf.io', version: 'v1alpha1', resource: 'werfbundles' },
    name: 'my-app',
    namespace: 'ops',
    operation: 'CREATE',
    userInfo: { username: 'jane', uid: 'u1', groups: ['system:authenticated'] },
    object: bundle(GOOD_SPEC),
    oldObject: null,
    dryRun: false,
    options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    ...request,
  },
});

const UID = '705ab4f5-6393-11e8-b7cc-42010a800002';
const never = new AbortController().signal;

const setup = (checks: readonly Check[] = [specRules], { isTraced = false } = {}) => {
  const log = recordLog();
  const clock = createFakeClock();
  const tracer = recordSpans(clock);
  const counted: unknown[] = [];
  const handler = createHandler({
    checks,
    clock,
    log,
    ...(isTraced && { tracer }),
    metrics: { answered: (webhook, outcome, seconds) => counted.push({ webhook, outcome, seconds }) },
  });
  const ask = (webhook: WebhookName, body: unknown, signal = never): Promise<Answer> => {
    const bytes =
      body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    return handler({ webhook, contentType: 'application/json', body: bytes, withinMs: 9000, signal });
  };
  return { log, counted, handler, ask, tracer };
};

const responseOf = (answer: Answer): Json => {
  const { apiVersion, kind, response, ...others } = JSON.parse(answer.body) as Json;
  assert.deepEqual(
    { apiVersion, kind, others },
    { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', others: {} },
  );
  return response as Json;
};

const patched = (object: Json, response: Json): Json => {
  if (response['patch'] === undefined) return object;
  const patch = JSON.parse(Buffer.from(String(response['patch']), 'base64').toString()) as jsonpatch.Operation[];
  return jsonpatch.applyPatch(structuredClone(object), patch).newDocument;
};

const DEFAULTED = {
  registry: { url: 'ghcr.io/acme/my-app', versionConstraint: '1.x', pollInterval: '15m', insecure: false },
  converge: {
    serviceAccountName: 'werf-converge',
    resourceLimits: { cpu: '1', memory: '1Gi' },
    logRetentionDays: 7,
    timeout: '30m',
    retries: 0,
    rollbackOnFailure: false,
    plan: 'Never',
    onFailure: 'Stay',
    deletions: 'Allow',
    driftDetection: { enabled: false, interval: '15m', correct: true, maxRetries: 3 },
  },
  deletionPolicy: 'Orphan',
  suspend: false,
};

t.test('a good bundle', async (t) => {
  const { ask, log, counted } = setup();
  const answer = await ask('mutate', review());
  t.equal(answer.status, 200);
  t.equal(answer.contentType, 'application/json');
  const { patch, ...response } = responseOf(answer);
  t.same(response, { uid: UID, allowed: true, patchType: 'JSONPatch' }, 'is allowed, without warnings');
  const { spec } = patched(bundle(GOOD_SPEC), { patch });
  t.same(spec, DEFAULTED, 'gets every default, and keeps what the user wrote');

  const again = responseOf(await ask('mutate', review({ object: bundle(DEFAULTED) })));
  t.same(again, { uid: UID, allowed: true }, 'gets no second patch');
  t.same(responseOf(await ask('validate', review({ object: bundle(DEFAULTED) }))), { uid: UID, allowed: true });
  t.same(
    responseOf(await ask('validate', review({ object: bundle(DEFAULTED), dryRun: true }))),
    { uid: UID, allowed: true },
    'is answered alike in a dry run',
  );
  t.same(log.entries[0], {
    level: 'info',
    message: 'admission answered',
    fields: {
      webhook: 'mutate',
      uid: UID,
      user: 'jane',
      operation: 'CREATE',
      namespace: 'ops',
      name: 'my-app',
      dryRun: false,
      verdict: 'allow',
      durationMs: 0,
    },
  });
  t.same(counted[0], { webhook: 'mutate', outcome: 'allow', seconds: 0 });
});

const CAUSES = [
  {
    reason: 'FieldValueInvalid',
    message:
      'Invalid value: "https://ghcr.io/acme/my-app:v1": a repository without scheme and tag is needed; did you mean "ghcr.io/acme/my-app" with spec.registry.tag "v1"?',
    field: 'spec.registry.url',
  },
  {
    reason: 'FieldValueInvalid',
    message: 'Invalid value: "15": a unit is missing; durations from "1m" to "24h", for example "15m"',
    field: 'spec.registry.pollInterval',
  },
  {
    reason: 'FieldValueRequired',
    message:
      'Required value: the ServiceAccount in namespace "production" that the deploy runs as; it may only be left out for a deploy into the bundle\'s own namespace "ops"',
    field: 'spec.converge.serviceAccountName',
  },
  {
    reason: 'FieldValueInvalid',
    message: 'Invalid value: "-1Gi": must be greater than zero',
    field: 'spec.converge.resourceLimits.memory',
  },
];

t.test('a bundle with four mistakes is refused by both webhooks, each of which says everything twice', async (t) => {
  const { ask, counted, log } = setup();
  for (const webhook of ['mutate', 'validate'] as const) {
    const answer = await ask(webhook, review({ object: bundle(FOUR_MISTAKES) }));
    t.equal(answer.status, 200, 'a refusal is no failure of the call');
    t.same(responseOf(answer), {
      uid: UID,
      allowed: false,
      status: {
        metadata: {},
        status: 'Failure',
        message: `WerfBundle.werf.io "my-app" is invalid: [${CAUSES.map(({ field, message }) => `${field}: ${message}`).join(', ')}]`,
        reason: 'Invalid',
        code: 422,
        details: { name: 'my-app', group: 'werf.io', kind: 'WerfBundle', causes: CAUSES },
      },
    });
  }
  t.same(counted, [
    { webhook: 'mutate', outcome: 'deny', seconds: 0 },
    { webhook: 'validate', outcome: 'deny', seconds: 0 },
  ]);
  t.same(
    log.entries.map(({ fields }) => fields['fields']),
    Array(2).fill(CAUSES.map(({ field }) => field)),
    'the log names the fields, not what stands in them',
  );
});

t.test('a single mistake is in the message without brackets, under the name the user gave', async (t) => {
  const { ask } = setup();
  const object = bundle(
    { registry: { url: 'ghcr.io/acme/my-app', tag: 'v1', pollInterval: '15' } },
    { name: undefined, generateName: 'my-' },
  );
  const { status } = responseOf(await ask('mutate', review({ object, name: '' })));
  t.equal(
    (status as Json)['message'],
    `WerfBundle.werf.io "my-" is invalid: spec.registry.pollInterval: ${CAUSES[1]?.message}`,
  );
});

t.test('updates', async (t) => {
  const broken = bundle(FOUR_MISTAKES);
  const deleting = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['werf.io/dismiss'] };
  const cases: readonly { title: string; object: Json; oldObject: Json; allowed: boolean }[] = [
    {
      title: 'an unchanged spec passes, though the rules have become stricter since',
      object: bundle(FOUR_MISTAKES, { labels: { team: 'a' } }),
      oldObject: broken,
      allowed: true,
    },
    {
      title: 'the order of keys is no change',
      object: bundle({ converge: FOUR_MISTAKES.converge, registry: FOUR_MISTAKES.registry }),
      oldObject: broken,
      allowed: true,
    },
    {
      title: 'an object that is being deleted loses its finalizer',
      object: bundle(FOUR_MISTAKES, { ...deleting, finalizers: [] }),
      oldObject: bundle(FOUR_MISTAKES, deleting),
      allowed: true,
    },
    {
      title: 'a changed spec is judged, being deleted or not',
      object: bundle({ ...FOUR_MISTAKES, suspend: true }, deleting),
      oldObject: bundle(FOUR_MISTAKES, deleting),
      allowed: false,
    },
    {
      title: 'a changed spec that is good now passes',
      object: bundle(GOOD_SPEC),
      oldObject: broken,
      allowed: true,
    },
    {
      title: 'the release stays where it was deployed',
      object: bundle({ ...GOOD_SPEC, converge: { releaseName: 'other' } }),
      oldObject: { ...bundle(GOOD_SPEC), status: { lastAppliedTag: 'v1.0.0' } },
      allowed: false,
    },
  ];
  const { ask } = setup();
  for (const { title, object, oldObject, allowed } of cases) {
    for (const webhook of ['mutate', 'validate'] as const) {
      const response = responseOf(await ask(webhook, review({ operation: 'UPDATE', object, oldObject })));
      t.equal(response['allowed'], allowed, `${webhook}: ${title}`);
    }
  }
});

t.test('a rollback is judged by /validate as a tag is, though the spec is as it was', async (t) => {
  const rolledBack = (tag: string) => bundle(FOUR_MISTAKES, { annotations: { 'werf.io/rollback-to': tag } });
  const { ask } = setup();
  const answerTo = async (webhook: WebhookName, object: Json, oldObject = bundle(FOUR_MISTAKES)) =>
    responseOf(await ask(webhook, review({ operation: 'UPDATE', object, oldObject })));
  t.match(await answerTo('validate', rolledBack('v1.0.0')), { allowed: true });
  t.match(await answerTo('mutate', rolledBack('v 1')), { allowed: true });
  t.match(await answerTo('validate', rolledBack('v 1')), {
    allowed: false,
    status: {
      message:
        /is invalid: metadata\.annotations\[werf\.io\/rollback-to\]: Invalid value: "v 1": a tag is needed: [^[]*$/,
    },
  });
  t.match(await answerTo('validate', rolledBack('v 1'), rolledBack('v 1')), { allowed: true }, 'it stood there before');
});

t.test('what is no AdmissionReview v1 is a 400, with the uid where it could be read', async (t) => {
  const { ask, handler } = setup();
  const without = (field: string) => {
    const { [field]: _, ...request } = review()['request'] as Json;
    return { ...review(), request };
  };
  const cases: readonly { title: string; body: unknown; message: string; uid?: string }[] = [
    { title: 'nothing at all', body: '', message: 'the body is empty' },
    { title: 'bytes that are no UTF-8', body: Uint8Array.of(0x7b, 0xff, 0x7d), message: 'the body is no UTF-8' },
    { title: 'JSON that is cut off', body: JSON.stringify(review()).slice(0, -20), message: 'the body is no JSON' },
    { title: 'a list', body: [review()], message: 'the body is no JSON object' },
    { title: 'null', body: 'null', message: 'the body is no JSON object' },
    { title: 'another kind', body: { ...review(), kind: 'Pod' }, message: 'kind must be AdmissionReview', uid: UID },
    {
      title: 'v1beta1',
      body: { ...review(), apiVersion: 'admission.k8s.io/v1beta1' },
      message: 'apiVersion must be admission.k8s.io/v1',
      uid: UID,
    },
    { title: 'no request', body: { ...review(), request: null }, message: 'request is missing' },
    { title: 'no uid', body: without('uid'), message: 'request.uid is missing' },
    { title: 'no resource', body: without('resource'), message: 'request.resource is missing', uid: UID },
    { title: 'no kind', body: without('kind'), message: 'request.kind is missing', uid: UID },
    { title: 'no user', body: without('userInfo'), message: 'request.userInfo is missing', uid: UID },
    { title: 'no operation', body: without('operation'), message: 'request.operation is missing', uid: UID },
    {
      title: 'a strange dryRun',
      body: review({ dryRun: 'no' }),
      message: 'request.dryRun must be a boolean',
      uid: UID,
    },
  ];
  const refusal = (message: string, uid = '') => ({
    uid,
    allowed: false,
    status: { metadata: {}, status: 'Failure', message, reason: 'BadRequest', code: 400 },
  });
  for (const { title, body, message, uid } of cases) {
    const answer = await ask('validate', body);
    t.same([answer.status, responseOf(answer)], [400, refusal(message, uid)], title);
  }
  const form = await handler({
    webhook: 'mutate',
    contentType: 'application/x-www-form-urlencoded',
    body: Buffer.from(JSON.stringify(review())),
    withinMs: 9000,
    signal: never,
  });
  t.same([form.status, responseOf(form)], [400, refusal('Content-Type must be application/json')], 'another type');
  const charset = await handler({
    webhook: 'validate',
    contentType: 'application/json; charset=utf-8',
    body: Buffer.from(JSON.stringify(review())),
    withinMs: 9000,
    signal: never,
  });
  t.equal(responseOf(charset)['allowed'], true, 'a charset does no harm');
});

t.test('a request that this webhook has no rules for is refused, never let through', async (t) => {
  const { ask } = setup();
  const rules = 'the rules of the webhook configuration are wrong';
  const resource = { group: 'werf.io', version: 'v1alpha1', resource: 'werfbundles' };
  const kind = { group: 'werf.io', version: 'v1alpha1', kind: 'WerfBundle' };
  const cases: readonly { title: string; request: Json; message: string }[] = [
    {
      title: 'another resource',
      request: { resource: { group: '', version: 'v1', resource: 'pods' } },
      message: `this webhook judges werf.io/v1alpha1 werfbundles and was asked about /v1/pods: ${rules}`,
    },
    {
      title: 'another version',
      request: { resource: { ...resource, version: 'v1' } },
      message: `this webhook judges werf.io/v1alpha1 werfbundles and was asked about werf.io/v1/werfbundles: ${rules}`,
    },
    {
      title: 'the status',
      request: { subResource: 'status', operation: 'UPDATE', oldObject: bundle(GOOD_SPEC) },
      message: `this webhook judges werf.io/v1alpha1 werfbundles and was asked about werf.io/v1alpha1/werfbundles/status: ${rules}`,
    },
    {
      title: 'another kind',
      request: { kind: { ...kind, kind: 'Pod' } },
      message: 'request.kind is not werf.io/v1alpha1 WerfBundle',
    },
    {
      title: 'a deletion',
      request: { operation: 'DELETE', object: null, oldObject: bundle(GOOD_SPEC) },
      message: `this webhook judges CREATE and UPDATE and was asked about DELETE: ${rules}`,
    },
    { title: 'no object', request: { object: null }, message: 'request.object is missing' },
    {
      title: 'an object of another kind',
      request: { object: { ...bundle(GOOD_SPEC), kind: 'Pod' } },
      message: 'request.object is not a werf.io/v1alpha1 WerfBundle',
    },
    {
      title: 'an object without metadata',
      request: { object: { ...bundle(GOOD_SPEC), metadata: 'x' } },
      message: 'request.object.metadata is missing',
    },
    { title: 'an update of nothing', request: { operation: 'UPDATE' }, message: 'request.oldObject is missing' },
  ];
  for (const { title, request, message } of cases) {
    const answer = await ask('validate', review(request));
    const status = { metadata: {}, status: 'Failure', message, reason: 'BadRequest', code: 400 };
    t.same([answer.status, responseOf(answer)], [200, { uid: UID, allowed: false, status }], title);
  }
});

t.test('warnings', async (t) => {
  const { ask } = setup();
  const latest = review({ object: bundle({ ...DEFAULTED, registry: { url: 'ghcr.io/acme/my-app' } }) });
  const text =
    'spec.registry: no versionConstraint and no tag: the last tag in text order is deployed (v1.9.0 comes after v1.10.0)';
  t.same(responseOf(await ask('validate', latest))['warnings'], [text], 'come with the validation');
  t.equal(responseOf(await ask('mutate', latest))['warnings'], undefined, 'and not twice');

  const rule = 'moving-tag';
  const long = { rule, field: 'spec.a', message: `ä\n${'😀'.repeat(300)}` } as const;
  const many = Array.from(
    { length: 40 },
    (_, index) => ({ rule, field: `spec.b[${index}]`, message: 'x'.repeat(300) }) as const,
  );
  const warned = setup([() => ({ problems: [], warnings: [long, long, ...many] })]);
  const warnings = responseOf(await warned.ask('validate', latest))['warnings'] as string[];
  t.equal(warnings[0], `spec.a: ä ${'😀'.repeat(245)}…`, 'are cut to 256 runes, one line each');
  t.equal(warnings.length, 16, 'as many as 4096 runes hold, each text once');
  t.ok(warnings[15]?.startsWith('spec.b[14]: x'), 'the first ones');
});

t.test('the answer has the findings of all checks, in their order', async (t) => {
  const problem = (field: string) =>
    ({ rule: 'wrong-type', code: 'FieldValueInvalid', field, message: 'Invalid value: "x": no' }) as const;
  const check =
    (field: string): Check =>
    async () => ({
      problems: [problem(field), problem(field)],
      warnings: [{ rule: 'moving-tag', field, message: 'mind' }],
    });
  const { ask } = setup([check('spec.first'), check('spec.second')]);
  const { status, warnings } = responseOf(await ask('validate', review()));
  t.equal(
    (status as Json)['message'],
    'WerfBundle.werf.io "my-app" is invalid: [spec.first: Invalid value: "x": no, spec.second: Invalid value: "x": no]',
    'a text that comes twice is said once, as the apiserver does',
  );
  t.same(warnings, ['spec.first: mind', 'spec.second: mind']);
});

t.test('a check that does not end gets an answer at the deadline', async (t) => {
  const hanging: Check = (_request, { signal }) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
  const { ask, counted, log } = setup([hanging]);
  const deadline = new AbortController();
  const asked = ask('validate', review(), deadline.signal);
  deadline.abort();
  const late = {
    status: 504,
    contentType: 'text/plain; charset=utf-8',
    body: 'the bundle could not be judged in time; try again\n',
  };
  t.same(await asked, late);
  t.same(await ask('validate', review(), deadline.signal), late, 'even when it came too late to begin with');
  t.equal(log.entries[0]?.fields['verdict'], 'late');
  t.same(counted[0], { webhook: 'validate', outcome: 'late', seconds: 0 });

  for (const [timeout, ms] of [
    ['10s', 9000],
    ['30s', 29_000],
    ['1s', 500],
    [undefined, 9000],
    ['soon', 9000],
  ] as const) {
    t.equal(deadlineMs(timeout), ms, `?timeout=${timeout} leaves ${ms} ms`);
  }
});

t.test('a bug is a 500 and a line of log with the uid', async (t) => {
  const bug = new TypeError('boom');
  const { ask, log, counted } = setup([
    () => {
      throw bug;
    },
  ]);
  t.same(await ask('validate', review()), {
    status: 500,
    contentType: 'text/plain; charset=utf-8',
    body: `the webhook failed on this request (uid ${UID}); its log says why\n`,
  });
  t.same(log.entries, [
    { level: 'error', message: 'admission failed', fields: { webhook: 'validate', uid: UID, error: bug } },
  ]);
  t.same(counted, [{ webhook: 'validate', outcome: 'bug', seconds: 0 }]);
});

t.test('values nested as deep as the apiserver takes them are compared and judged', async (t) => {
  const { ask } = setup();
  const deep = `${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}`;
  const object = bundle({ ...DEFAULTED, converge: { ...DEFAULTED.converge, values: 'DEEP' } });
  const withDeep = (request: Json): string => JSON.stringify(review(request)).replaceAll('"DEEP"', deep);
  const update = responseOf(await ask('validate', withDeep({ object, oldObject: object, operation: 'UPDATE' })));
  t.same(update, { uid: UID, allowed: true }, 'compared');
  t.same(responseOf(await ask('mutate', withDeep({ object }))), { uid: UID, allowed: true }, 'judged');
});

t.test('the order of keys does not matter when JSON is compared', (t) => {
  t.equal(sameJson({ a: [1, { b: null }] }, { a: [1, { b: null }] }), true);
  for (const other of [
    { a: [1, { b: 0 }] },
    { a: [1] },
    { a: { 0: 1, 1: { b: null } } },
    { b: [1, { b: null }] },
    null,
    'a',
  ]) {
    t.equal(sameJson({ a: [1, { b: null }] }, other), false);
  }
  t.end();
});

t.test('each call is a span, of the trace that the apiserver has begun', async (t) => {
  const { ask, handler, tracer, log } = setup([specRules], { isTraced: true });
  const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), isSampled: true };
  const body = Buffer.from(JSON.stringify(review({ object: bundle({}) })));
  const call = { contentType: 'application/json', body, withinMs: 9000, signal: never };
  await handler({ ...call, webhook: 'validate', parent });
  const [span] = tracer.ended;
  const { traceId, spanId: parentId } = parent;
  t.match(span, { name: 'POST /validate', traceId, parentId, failure: undefined });
  t.strictSame(span?.attributes, {
    'http.request.method': 'POST',
    'http.route': '/validate',
    'http.response.status_code': 200,
    'k8s.namespace.name': 'ops',
    'werfbundle.admission.name': 'my-app',
    'werfbundle.admission.operation': 'CREATE',
    'werfbundle.admission.verdict': 'deny',
  });
  t.match(log.entries.at(-1)?.fields, { trace_id: traceId, span_id: span?.spanId });
  await ask('mutate', 'no json');
  const [, malformed] = tracer.ended;
  t.match(malformed, { parentId: undefined, failure: undefined, attributes: { 'http.response.status_code': 400 } });
});

t.test('a bug is a span that failed', async (t) => {
  const broken: Check = () => {
    throw new Error('a bug');
  };
  const { ask, tracer } = setup([broken], { isTraced: true });
  await ask('validate', review());
  t.match(tracer.ended, [{ failure: 'bug', attributes: { 'http.response.status_code': 500 } }]);
});
