import t from 'tap';
import { onePerson, TokenCallers } from '../../cli/dashboard/callers.js';
import type { FeedLine, LogLine, ValuesAnswer } from '../../dashboard/protocol.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { CONFIGMAPS, EVENTS, JOBS, PODS, SECRETS, WERFBUNDLES } from '../../kube/resources.js';
import { bundle, deployment, iso, job, NOW, pod, syncedStatus, UID } from '../kit/builders.js';
import { startDashboardFixture } from '../kit/dashboard-server.js';
import { createFakeClock, settle } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';

const KEY = 'the-key-that-was-printed';
const HIDDEN = 'hunter2-hunter2';
const FORBIDDEN = (what: string) => new KubeError('forbidden', `${what}: forbidden`, { status: 403, detail: 'no' });

const setUp = async (t: Parameters<typeof startDashboardFixture>[0]) => {
  const clock = createFakeClock(NOW);
  const kube = createFakeKube({ clock });
  kube.answer('selfsubjectreviews', () => ({ status: { userInfo: { username: 'jane' } } }));
  const page = await startDashboardFixture(t, { callers: onePerson(KEY, kube), clock, namespace: 'ops' });
  const json = async (path: string, key = KEY) => {
    const { status, text } = await page.call(path, { key });
    return { status, body: JSON.parse(text) as Record<string, unknown> };
  };
  return { clock, kube, page, json };
};

t.test('the page comes with headers that let nothing in from elsewhere, and nothing out', async (t) => {
  const { page } = await setUp(t);
  for (const path of ['/', '/page.js', '/style.css', '/bundles/ops/my-app', '/api/about', '/nothing', '/api/bundles']) {
    const { headers } = await page.call(path);
    const policy = String(headers['content-security-policy']);
    t.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; .*frame-ancestors 'none'/, path);
    t.notMatch(policy, /unsafe|https?:|\*/, path);
    t.match(headers, { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' }, path);
    t.equal(headers['access-control-allow-origin'], undefined, path);
  }
  t.match(await page.call('/'), { status: 200, text: '<!doctype html>', headers: { 'content-type': /^text\/html/ } });
  t.match(await page.call('/api/about'), { status: 200, text: '{"version":"1.2.3","mode":"local"}\n' });
});

t.test('who has not the key is told nothing', async (t) => {
  const { page, kube, json } = await setUp(t);
  kube.seed(WERFBUNDLES, bundle(syncedStatus()));
  const paths = [
    '/api/session',
    '/api/bundles',
    ...['', '/events', '/values', '/checks', '/log'].map((part) => `/api/bundles/ops/my-app${part}`),
  ];
  for (const path of paths) {
    for (const key of [undefined, '', 'x', `${KEY}x`, KEY.toUpperCase()]) {
      const { status, headers, text } = await page.call(path, { ...(key !== undefined && { key }) });
      t.equal(status, 401, `${path} with ${key}`);
      t.equal(headers['www-authenticate'], 'Bearer');
      t.match(JSON.parse(text), { message: /key/ });
    }
  }
  t.strictSame(await json('/api/session'), {
    status: 200,
    body: { server: 'https://cluster.example:6443', user: 'jane', namespace: 'ops' },
  });
});

t.test('a page of another name than its own, and what would change something, are refused', async (t) => {
  const { page } = await setUp(t);
  const rebound = await page.call('/api/about', { host: `evil.example:${page.port}` });
  t.match([rebound.status, JSON.parse(rebound.text)], [421, { message: /use the address that was printed/ }]);
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']) {
    const { status, headers } = await page.call('/api/bundles', { method, key: KEY });
    t.strictSame([status, headers['allow']], [405, 'GET'], method);
  }
  t.equal((await page.call('/api/bundles/ops/..%2f..%2fsecrets', { key: KEY })).status, 400);
  t.equal((await page.call('/api/secrets', { key: KEY })).status, 404);
});

t.test('a page hears of all bundles, and of each change', async (t) => {
  const { page, kube } = await setUp(t);
  const metadata = (name: string, namespace = 'ops') => ({ metadata: { name, namespace, uid: `uid-${name}` } });
  kube.seed(WERFBUNDLES, bundle(syncedStatus(), metadata('a')));
  kube.seed(WERFBUNDLES, bundle(syncedStatus(), metadata('b', 'team')));
  const feed = await page.open<FeedLine>('/api/bundles', KEY);
  const names = (line: FeedLine) => (line.kind === 'bundles' ? line.rows.map(({ name }) => name) : line.kind);
  t.strictSame(
    [names(await feed.next()), names(await feed.next()), names(await feed.next())],
    ['listing', ['a', 'b'], 'listed'],
  );

  kube.seed(WERFBUNDLES, bundle(syncedStatus({ lastAppliedTag: 'v9' }), metadata('a')));
  t.match(await feed.next(), { kind: 'bundles', rows: [{ name: 'a', tag: 'v9' }] });
  kube.seed(WERFBUNDLES, bundle(syncedStatus(), metadata('c')));
  t.strictSame(names(await feed.next()), ['c']);
  kube.vanish(WERFBUNDLES, { namespace: 'team', name: 'b' });
  t.strictSame(await feed.next(), { kind: 'removed', uid: 'uid-b' });
  t.equal(feed.waiting(), 0);

  feed.leave();
  for (let turn = 0; turn < 100 && kube.openWatches() > 0; turn += 1) await settle();
  t.equal(kube.openWatches(), 0, 'nothing is left of a page that is gone');
});

t.test('a page of some namespaces hears of these only', async (t) => {
  const { page, kube } = await setUp(t);
  for (const namespace of ['a', 'b', 'c'])
    kube.seed(WERFBUNDLES, bundle(syncedStatus(), { metadata: { name: 'app', namespace, uid: `uid-${namespace}` } }));
  const feed = await page.open<FeedLine>('/api/bundles?namespace=a&namespace=c', KEY);
  const lines = [await feed.next(), await feed.next(), await feed.next(), await feed.next()];
  t.strictSame(
    lines.map((line) => (line.kind === 'bundles' ? line.rows.map(({ namespace }) => namespace).join() : line.kind)),
    ['listing', 'a', 'c', 'listed'],
  );
});

t.test('a page catches up after the apiserver was away, what is gone since then included', async (t) => {
  const { page, kube, clock } = await setUp(t);
  kube.seed(WERFBUNDLES, bundle(syncedStatus(), { metadata: { name: 'gone', uid: 'uid-gone' } }));
  kube.seed(WERFBUNDLES, bundle(syncedStatus(), { metadata: { name: 'stays', uid: 'uid-stays' } }));
  const feed = await page.open<FeedLine>('/api/bundles', KEY);
  for (let lines = 0; lines < 3; lines += 1) await feed.next();

  kube.failNext({ verb: 'watch' }, new KubeError('unavailable', 'watch werfbundles.werf.io: connection refused'));
  kube.endWatches(new KubeError('unavailable', 'watch werfbundles.werf.io: cut'));
  t.strictSame(await feed.next(), { kind: 'disturbed', message: 'watch werfbundles.werf.io: cut' });
  kube.vanish(WERFBUNDLES, { namespace: 'ops', name: 'gone' });
  kube.expire();
  const said: FeedLine[] = [];
  const heard = (async () => {
    while (!said.some(({ kind }) => kind === 'removed')) said.push(await feed.next());
  })();
  for (let second = 0; second < 60 && !said.some(({ kind }) => kind === 'removed'); second += 1)
    await clock.advance(1_000);
  await heard;
  t.strictSame(said.at(-1), { kind: 'removed', uid: 'uid-gone' });
  t.ok(
    said.some((line) => line.kind === 'bundles' && line.rows.some(({ name }) => name === 'stays')),
    'what is there is told again',
  );
  t.notOk(said.some(({ kind }) => kind === 'listing' || kind === 'listed'));
});

t.test('a page is told of an apiserver that hangs, and not of one where nothing changes', async (t) => {
  const { page, kube, clock } = await setUp(t);
  kube.seed(WERFBUNDLES, bundle(syncedStatus()));
  const feed = await page.open<FeedLine>('/api/bundles', KEY);
  for (let lines = 0; lines < 3; lines += 1) await feed.next();
  await clock.advance(200_000);
  t.strictSame(await feed.next(), { kind: 'bundles', rows: [] }, 'it has answered');
  kube.failNext({ verb: 'list' }, new KubeError('timeout', 'list werfbundles.werf.io: no answer within 30 s'));
  await clock.advance(200_000);
  t.match(await feed.next(), { kind: 'disturbed', message: /no answer within 30 s/ });
});

t.test('a list that may not be made is 403 with the right that is missing', async (t) => {
  const { kube, json } = await setUp(t);
  const right = { verb: 'list', group: 'werf.io', resource: 'werfbundles' };
  kube.failNext({ verb: 'list' }, FORBIDDEN('list werfbundles.werf.io'), 2);
  t.strictSame(await json('/api/bundles'), {
    status: 403,
    body: { message: 'list werfbundles.werf.io: forbidden', right },
  });
  t.strictSame((await json('/api/bundles?namespace=ops')).body['right'], { ...right, namespace: 'ops' });
});

t.test('rights that are taken away, and a token that is no longer good, end what goes on', async (t) => {
  const { page, kube, clock } = await setUp(t);
  kube.seed(WERFBUNDLES, bundle(syncedStatus()));
  for (const [error, status] of [
    [FORBIDDEN('watch werfbundles.werf.io'), 403],
    [new KubeError('unauthorized', 'watch werfbundles.werf.io: unauthorized', { status: 401 }), 401],
  ] as const) {
    const feed = await page.open<FeedLine>('/api/bundles', KEY);
    for (let lines = 0; lines < 3; lines += 1) await feed.next();
    kube.failNext({ verb: 'watch' }, error);
    kube.endWatches();
    const last = feed.next();
    for (let second = 0; second < 5; second += 1) await clock.advance(1_000);
    const said = status === 401 ? /does not accept these credentials/ : error.message;
    t.match(await last, { kind: 'ended', status, refusal: { message: said } });
    await feed.ended;
  }
});

t.test('each part of a bundle that may not be read is 403 by itself', async (t) => {
  const { kube, json, page } = await setUp(t);
  kube.seed(WERFBUNDLES, bundle(syncedStatus()));
  const of = '/api/bundles/ops/my-app';
  const table = [
    ['get', 'werfbundles', of, { verb: 'get', group: 'werf.io', resource: 'werfbundles', namespace: 'ops' }],
    ['list', 'events', `${of}/events`, { verb: 'list', group: 'events.k8s.io', resource: 'events', namespace: 'ops' }],
    ['get', 'jobs', `${of}/log`, { verb: 'get', group: 'batch', resource: 'jobs', namespace: 'ops' }],
    ['list', 'pods', `${of}/log`, { verb: 'list', group: '', resource: 'pods', namespace: 'ops' }],
  ] as const;
  for (const [verb, plural, path, right] of table) {
    kube.failNext({ verb, plural }, FORBIDDEN(`${verb} ${plural}`));
    const { status, body } = await json(path);
    t.strictSame([status, body], [403, { message: `${verb} ${plural}: forbidden`, right }]);
  }
  t.match(await json(of), { status: 200, body: { row: { name: 'my-app' } } });
  t.match(await json('/api/bundles/ops/none'), {
    status: 404,
    body: { message: 'WerfBundle ops/none was not found' },
  });
  kube.failNext(
    { verb: 'get' },
    new KubeError('unavailable', 'get werfbundles.werf.io ops/my-app: connection refused'),
  );
  t.match(await json(of), { status: 502, body: { message: /connection refused/ } });
  t.strictSame(page.faults, []);
});

t.test('a bundle is told with its events, the newest first', async (t) => {
  const { kube, json } = await setUp(t);
  kube.seed(WERFBUNDLES, bundle(syncedStatus()));
  const event = (name: string, at: string, more: object = {}) =>
    kube.seed(EVENTS, {
      metadata: { namespace: 'ops', name },
      regarding: { uid: UID },
      type: 'Normal',
      reason: 'Deployed',
      note: name,
      eventTime: at,
      ...more,
    });
  event('old', iso(-60_000));
  event('new', iso(-1_000), { series: { count: 4, lastObservedTime: iso(-500) } });
  const { body } = await json('/api/bundles/ops/my-app/events');
  t.strictSame(body['events'], [
    { type: 'Normal', reason: 'Deployed', note: 'new', at: iso(-500), count: 4 },
    { type: 'Normal', reason: 'Deployed', note: 'old', at: iso(-60_000), count: 1 },
  ]);
});

t.test('values are told with their sources, and nothing of a Secret but its name', async (t) => {
  const { kube, page } = await setUp(t);
  const valuesFrom = [
    { configMapRef: { name: 'settings' } },
    { secretRef: { name: 'database' } },
    { configMapRef: { name: 'extra' }, optional: true },
  ];
  kube.seed(WERFBUNDLES, bundle(syncedStatus(), { spec: { converge: { valuesFrom, values: { replicas: 3 } } } }));
  const data = { 'values.yaml': 'replicas: 1\nhost: db.example\n' };
  kube.seed(CONFIGMAPS, { metadata: { namespace: 'ops', name: 'settings' }, data });
  const secret = Buffer.from(`host: ${HIDDEN}\n${HIDDEN}: 1\n`).toString('base64');
  kube.seed(SECRETS, { metadata: { namespace: 'ops', name: 'database' }, data: { 'values.yaml': secret } });
  const path = '/api/bundles/ops/my-app/values';
  const told = await page.call(path, { key: KEY });
  t.notMatch(told.text, HIDDEN);
  const answer = JSON.parse(told.text) as ValuesAnswer;
  const fields = [
    'spec.converge.valuesFrom[0]',
    'spec.converge.valuesFrom[1]',
    'spec.converge.valuesFrom[2]',
    'spec.converge.values',
  ];
  t.match(answer.sources, [
    { source: 'ConfigMap ops/settings', state: 'used' },
    { source: 'Secret ops/database', state: 'used' },
    { source: /extra/, state: 'left-out' },
    { source: 'spec.converge.values', state: 'used' },
  ]);
  t.strictSame(
    answer.sources.map(({ field }) => field.split('.').slice(0, 3).join('.')),
    fields,
  );
  const row = (wanted: string) => answer.rows.find(({ path: found }) => found === wanted);
  t.match(row('replicas'), {
    value: '3',
    hidden: 0,
    source: 'spec.converge.values',
    overrides: ['ConfigMap ops/settings, key "values.yaml"'],
  });
  t.match(row('host'), { value: '', hidden: 1, source: 'Secret ops/database, key "values.yaml"' });

  kube.failNext({ verb: 'get', plural: 'secrets' }, FORBIDDEN('get secrets ops/database'));
  const unreadable = JSON.parse((await page.call(path, { key: KEY })).text) as ValuesAnswer;
  t.match(unreadable.sources[1], { state: 'unreadable', why: 'may not be read by you' });
  t.match(unreadable.warnings[0], /Secret ops\/database may not be read by you: its values are not among these/);
});

t.test('the checks are those of doctor, the registry aside', async (t) => {
  const { kube, json } = await setUp(t);
  kube.seed(
    WERFBUNDLES,
    bundle(syncedStatus(), { spec: { registry: { url: 'registry.example/acme/app', secretRef: { name: 'none' } } } }),
  );
  const { status, body } = await json('/api/bundles/ops/my-app/checks');
  t.equal(status, 200);
  const checks = body['checks'] as readonly {
    readonly verdict: string;
    readonly found: string;
    readonly commands: readonly string[];
    readonly link: string;
  }[];
  t.match(
    checks.find(({ found }) => /none/.test(found)),
    { verdict: 'failed', link: /^https:.*docs\/troubleshooting\.md#/ },
  );
});

t.test('the log is that of the deployment that runs, else of the one that is asked for', async (t) => {
  const { kube, page } = await setUp(t);
  const running = deployment({ number: 2, tag: 'v2.0.0', jobName: 'my-app-2' });
  const of = bundle(syncedStatus({ deployment: running, activeJobName: 'my-app-2' }));
  kube.seed(WERFBUNDLES, of);
  const made = kube.seed(JOBS, job(of, running));
  const waiting = pod();
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'my-app-2', uid: made.metadata.uid, controller: true };
  const labels = { 'batch.kubernetes.io/job-name': 'my-app-2' };
  const metadata = { ...waiting.metadata, namespace: made.metadata.namespace, labels, ownerReferences: [owner] };
  const container = waiting.status?.containerStatuses?.[0]?.name ?? 'werf';
  const state = { waiting: { reason: 'ImagePullBackOff', message: 'back-off' } };
  kube.seed(PODS, {
    ...waiting,
    metadata,
    status: { phase: 'Pending', containerStatuses: [{ name: container, state }] },
  } as never);
  const log = await page.open<LogLine>('/api/bundles/ops/my-app/log', KEY);
  t.match(await log.next(), { kind: 'job', name: 'my-app-2', number: 2 });
  t.strictSame(await log.next(), { kind: 'waiting', why: 'ImagePullBackOff: back-off' });
  kube.setPodLog({ namespace: made.metadata.namespace, name: metadata.name }, container, 'one\ntwo\n');
  const terminated = { terminated: { exitCode: 0 } };
  kube.seed(PODS, {
    ...waiting,
    metadata,
    status: { phase: 'Succeeded', containerStatuses: [{ name: container, state: terminated }] },
  } as never);
  t.strictSame(await log.next(), { kind: 'text', text: 'one\ntwo\n' });
  t.match(await log.next(), { kind: 'ended' });

  const unknown = await page.call('/api/bundles/ops/my-app/log?number=7', { key: KEY });
  t.match([unknown.status, unknown.text], [404, /has no deployment 7 with a Job/]);
});

t.test('of a Pod that is gone, what the status has kept of its log is told', async (t) => {
  const { kube, page } = await setUp(t);
  kube.seed(WERFBUNDLES, bundle(syncedStatus({ lastJobName: 'my-app-1', lastJobLogs: 'the end\n' })));
  const log = await page.open<LogLine>('/api/bundles/ops/my-app/log', KEY);
  t.match([await log.next(), await log.next()], [{ kind: 'job' }, { kind: 'kept', text: 'the end\n' }]);
});

t.test('each token has its own client, and connections that end when it asks nothing more', async (t) => {
  const clock = createFakeClock();
  const made: string[] = [];
  const closed: string[] = [];
  const connect = (token: string) => {
    made.push(token);
    return { close: async () => void closed.push(token) } as unknown as KubeClient & { close(): Promise<void> };
  };
  const callers = new TokenCallers(connect, clock);
  const admit = (token: string) => {
    const caller = callers.admit(token);
    if (typeof caller === 'string') throw new Error(caller);
    return caller;
  };
  const [one, other, again] = [admit('token-a'), admit('token-b'), admit('token-a')];
  t.strictSame([made, one.client === again.client, one.client === other.client], [['token-a', 'token-b'], true, false]);
  one.release(true);
  other.release(true);
  await clock.advance(60_000);
  t.strictSame(closed, ['token-b'], 'the other one has a call under way');
  again.release(true);
  await clock.advance(30_000);
  admit('token-a').release(true);
  await clock.advance(59_000);
  t.strictSame(closed, ['token-b'], 'whoever comes back keeps them');
  await clock.advance(1_000);
  t.strictSame(closed, ['token-b', 'token-a']);
  for (const bad of ['', 'a b', 'a\n', 'é', 'x'.repeat(20_000)]) t.equal(callers.admit(bad), 'unknown');
  await callers.close();
});

t.test('strangers with made-up tokens take no more room than there is', async (t) => {
  const clock = createFakeClock();
  let open = 0;
  const connect = () => {
    open += 1;
    const close = async () => {
      open -= 1;
    };
    return { close } as unknown as KubeClient & { close(): Promise<void> };
  };
  const callers = new TokenCallers(connect, clock);
  for (let index = 0; index < 2_000; index += 1) {
    const caller = callers.admit(`made-up-${index}`);
    if (typeof caller !== 'string') caller.release(true);
  }
  t.equal(open, 500);
  const held = Array.from({ length: 500 }, (_, index) => callers.admit(`held-${index}`));
  t.ok(held.every((caller) => typeof caller === 'object'));
  t.equal(callers.admit('one-more'), 'full');
  await callers.close();
  t.equal(open, 0);
});
