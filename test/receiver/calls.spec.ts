import { createHmac } from 'node:crypto';
import t from 'tap';
import type { TraceContext } from '../../api/traceparent.js';
import { type Call, type CallResult, Calls } from '../../receiver/calls.js';
import type { Receiver } from '../../receiver/receivers.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { recordLog } from '../kit/record-log.js';
import { recordSpans } from '../kit/record-spans.js';
import {
  distributionPush,
  dockerHubPush,
  genericPush,
  githubPush,
  gitlabPipeline,
  harborPush,
  PUSHED_AT,
  quayPush,
} from './payloads.js';

const SECRET = 'correct-horse-battery-staple';
const NEXT = 'the-secret-that-comes-after-it';
const MINUTE = 60_000;

const receiver = (name: string, type: Receiver['type'], host: string, path?: string): Receiver => ({
  name,
  type,
  registry: { host, path },
  secrets: [SECRET, NEXT],
});
const RECEIVERS = new Map(
  [
    receiver('harbor', 'Harbor', 'harbor.example', 'acme'),
    receiver('registry', 'Distribution', 'registry:5000'),
    receiver('github', 'GitHub', 'ghcr.io'),
    receiver('gitlab', 'GitLab', 'registry.gitlab.com'),
    receiver('hub', 'DockerHub', 'docker.io'),
    receiver('quay', 'Quay', 'quay.io'),
    receiver('ci', 'Generic', 'registry.example'),
  ].map((one) => [one.name, one]),
);
const signed = (body: string, secret = SECRET): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

const setup = ({ writeMs = 0 } = {}) => {
  const clock = createFakeClock(PUSHED_AT);
  const log = recordLog();
  const tracer = recordSpans(clock);
  const recorded: string[] = [];
  const traced: (TraceContext | undefined)[] = [];
  const refused: string[] = [];
  const results: CallResult[] = [];
  let isUp = true;
  const calls = new Calls({
    clock,
    log,
    receivers: () => RECEIVERS,
    refusals: { add: (reason) => refused.push(reason) },
    onCall: (_, result) => results.push(result),
    recorder: {
      record: async (_, pushes) => {
        if (writeMs > 0) await clock.advance(writeMs);
        if (!isUp) return { kind: 'failed', why: 'patch configmaps: 503' };
        traced.push(...pushes.map(({ trace }) => trace));
        recorded.push(...pushes.map(({ name, below }) => (below ? `${name}/…` : name)));
        return { kind: 'recorded' };
      },
    },
    tracer,
  });
  const call = async (path: string, body: unknown, changes: Partial<Call> = {}) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const headers = { authorization: `Bearer ${SECRET}` };
    const read = async () => ({ kind: 'body', bytes: Buffer.from(text) }) as const;
    const about = { method: 'POST', url: path, headers, peer: '192.0.2.1', at: clock.now(), read };
    const answer = await calls.answer({ ...about, ...changes });
    return { ...answer, recorded: recorded.splice(0), refused: refused.splice(0) };
  };
  const down = (): void => {
    isUp = false;
  };
  const up = (): void => {
    isUp = true;
  };
  return { clock, log, call, results, down, up, tracer, traced };
};

t.test('a push is passed on, however its sender proves that it is its own', async (t) => {
  const { call, results, log } = setup();
  const text = JSON.stringify(githubPush);
  const github = { 'x-github-event': 'package', 'x-hub-signature-256': signed(text) };
  const generic = JSON.stringify(genericPush);
  const rows: readonly (readonly [string, string, unknown, Call['headers'], string])[] = [
    [
      'Authorization: Bearer',
      '/receivers/harbor',
      harborPush,
      { authorization: `Bearer ${SECRET}` },
      'harbor.example/acme/shop',
    ],
    [
      'Authorization as it is',
      '/receivers/registry',
      distributionPush,
      { authorization: SECRET },
      'registry:5000/acme/shop',
    ],
    ['the next secret', `/receivers/quay/${NEXT}`, quayPush, {}, 'quay.io/acme/shop'],
    ['a secret in the path', `/receivers/hub/${SECRET}`, dockerHubPush, {}, 'docker.io/acme/shop'],
    [
      'a header of its own',
      '/receivers/gitlab',
      gitlabPipeline,
      { 'x-gitlab-token': SECRET },
      'registry.gitlab.com/acme/shop/…',
    ],
    ['a signature', '/receivers/github', text, github, 'ghcr.io/acme/shop'],
    [
      'a signature by the next secret',
      '/receivers/ci',
      generic,
      { 'x-signature': signed(generic, NEXT) },
      'registry.example/acme/shop',
    ],
  ];
  for (const [title, path, body, headers, name] of rows)
    t.match(await call(path, body, { headers }), { status: 202, recorded: [name], refused: [] }, title);
  t.ok(results.every((result) => result === 'pushed'));
  t.notMatch(JSON.stringify(log.entries), /horse|comes-after/, 'no secret is logged');
});

t.test('a call that nobody vouches for is refused, and has no effect', async (t) => {
  const { call, results } = setup();
  const text = JSON.stringify(genericPush);
  const github = JSON.stringify(githubPush);
  const rows: readonly (readonly [string, string, unknown, Call['headers']])[] = [
    ['no secret', '/receivers/harbor', harborPush, {}],
    ['another secret', '/receivers/harbor', harborPush, { authorization: 'Bearer correct-horse' }],
    ['an empty one', '/receivers/harbor', harborPush, { authorization: '' }],
    ['another scheme', '/receivers/harbor', harborPush, { authorization: `Basic ${SECRET}` }],
    ['a secret in a path that needs none', `/receivers/harbor/${SECRET}`, harborPush, { authorization: SECRET }],
    ['a header where the path is needed', '/receivers/quay', quayPush, { authorization: SECRET }],
    ['no signature', '/receivers/ci', text, {}],
    ['a signature with another key', '/receivers/ci', text, { 'x-signature': signed(text, 'another-key-of-somebody') }],
    ['a signature of something else', '/receivers/ci', text, { 'x-signature': signed(`${text} `) }],
    ['a weaker signature', '/receivers/ci', text, { 'x-signature': `sha1=${'0'.repeat(40)}` }],
    ['a header for a signature', '/receivers/github', github, { 'x-github-event': 'package', authorization: SECRET }],
  ];
  for (const [title, path, body, headers] of rows)
    t.match(await call(path, body, { headers }), { status: 401, recorded: [], refused: ['unproven'] }, title);
  t.ok(results.every((result) => result === 'refused'));
});

t.test('a call that is not for a receiver is not found, whatever it brings', async (t) => {
  const { call, results } = setup();
  for (const path of ['/', '/receivers', '/receivers/harbor/a/b', '/Receivers/harbor'])
    t.match(await call(path, harborPush), { status: 404, recorded: [], refused: ['unknown-path'] }, path);
  for (const path of ['/receivers/', '/receivers/other', '/receivers/__proto__'])
    t.match(await call(path, harborPush), { status: 401, recorded: [], refused: ['unknown-receiver'] }, path);
  t.strictSame(results, []);
});

t.test('nobody finds out by calling which names there are', async (t) => {
  const { call } = setup();
  const signatures = { 'x-signature': signed('another'), 'x-hub-signature-256': signed('another') };
  const wrong: Readonly<Record<string, Partial<Call>>> = {
    'nothing shown': { headers: {} },
    'a secret': { headers: { authorization: 'Bearer wrong', 'x-gitlab-token': 'wrong' } },
    'a signature': { headers: { 'x-signature': signed('another') } },
    'an empty signature': { headers: { 'x-hub-signature-256': '' } },
    'all of it': { headers: { authorization: 'wrong', ...signatures } },
    'another method': { method: 'GET' },
  };
  const bodies = [
    { kind: 'body', bytes: Buffer.from(JSON.stringify(genericPush)) },
    { kind: 'too-large' },
    { kind: 'encoded' },
  ] as const;
  for (const [title, changes] of Object.entries(wrong))
    for (const body of bodies)
      for (const inPath of ['', '/wrong']) {
        let reads = 0;
        const read = async () => {
          reads += 1;
          return body;
        };
        const asked = async (name: string) => {
          reads = 0;
          const { refused: _, ...answer } = await call(`/receivers/${name}${inPath}`, '', { ...changes, read });
          return { ...answer, reads };
        };
        const nobody = await asked('nobody');
        for (const name of RECEIVERS.keys())
          t.strictSame(await asked(name), nobody, `${name}: ${title}, ${body.kind}, path ${inPath}`);
      }
});

t.test('a body of the wrong kind or size is refused with the reason', async (t) => {
  const { call } = setup();
  const harbor = (body: unknown, changes: Partial<Call> = {}) => call('/receivers/harbor', body, changes);
  t.match(await harbor('no json'), { status: 400, message: /\(malformed\).*no JSON/, recorded: [] });
  t.match(await harbor(distributionPush), { status: 400, message: /\(malformed\).*no type/, recorded: [] });
  t.match(await harbor({ ...harborPush, occur_at: 'now' }), { status: 400, message: /neither occur_at nor time/ });
  t.match(await harbor('', { read: async () => ({ kind: 'too-large' }) }), { status: 413, refused: ['too-large'] });
  t.match(await harbor('', { read: async () => ({ kind: 'encoded' }) }), { status: 415, refused: ['encoded'] });
  t.match(await harbor('', { method: 'GET' }), { status: 405, refused: ['method'] });
  const events = Array.from({ length: 17 }, (_, index) => ({
    ...distributionPush.events[0],
    target: { repository: `acme/shop-${index}`, tag: 'v1' },
  }));
  t.match(await call('/receivers/registry', { events }), { message: /more than 16 repositories/, recorded: [] });
  const strange = { ...harborPush, event_data: { repository: { repo_full_name: 'acme/../../x y' } } };
  t.match(await harbor(strange), { status: 400, refused: ['malformed'], recorded: [] });
});

t.test('a receiver tells of its own registry only', async (t) => {
  const { call } = setup();
  const of = (name: string) => ({ ...harborPush, event_data: { repository: { repo_full_name: name } } });
  t.match(await call('/receivers/harbor', of('acme')), { status: 202, recorded: ['harbor.example/acme'] });
  t.match(await call('/receivers/harbor', of('acme/shop/web')), { status: 202 });
  for (const name of ['other/shop', 'acme-labs/shop'])
    t.match(await call('/receivers/harbor', of(name)), { status: 403, refused: ['elsewhere'], recorded: [] }, name);
});

t.test('a push that is more than five minutes from now is refused, in both directions', async (t) => {
  const { call } = setup();
  const at = (ms: number) => ({ ...harborPush, occur_at: (PUSHED_AT + ms) / 1000 });
  for (const ms of [-5 * MINUTE, 0, 5 * MINUTE])
    t.match(await call('/receivers/harbor', at(ms)), { status: 202 }, `${ms}`);
  for (const ms of [-5 * MINUTE - 1, 5 * MINUTE + 1, -1e15, Number.NaN])
    t.match(await call('/receivers/harbor', at(ms)), { status: 400, recorded: [] }, `${ms}`);
});

t.test('a call is taken once; until it was passed on it may come again', async (t) => {
  const { call, clock, down, up } = setup();
  down();
  t.match(await call('/receivers/harbor', harborPush), { status: 503, retryAfter: 1, refused: ['unavailable'] });
  up();
  t.match(await call('/receivers/harbor', harborPush), { status: 202 });
  for (const ms of [0, MINUTE, 3 * MINUTE]) {
    await clock.advance(ms);
    t.match(await call('/receivers/harbor', harborPush), { status: 409, recorded: [], refused: ['replayed'] });
  }
  await clock.advance(10 * MINUTE);
  t.match(await call('/receivers/harbor', harborPush), { status: 400, refused: ['stale'] }, 'and later it is too old');
});

t.test('the same call is the same while it is still being written', async (t) => {
  const { call } = setup();
  const answers = await Promise.all(Array.from({ length: 10 }, () => call('/receivers/harbor', harborPush)));
  t.strictSame(answers.map(({ status }) => status).toSorted(), [202, ...Array.from({ length: 9 }, () => 409)]);
});

t.test('who has seen an old call and makes it again and again takes nothing from the real sender', async (t) => {
  const { call, clock } = setup();
  t.match(await call('/receivers/harbor', harborPush), { status: 202 });
  const old = { ...harborPush, occur_at: PUSHED_AT / 1000 - 3_600 };
  for (let index = 0; index < 500; index++) {
    t.match(await call('/receivers/harbor', harborPush), { status: 409 });
    t.match(await call('/receivers/harbor', old), { status: 400 });
  }
  t.match(await call('/receivers/harbor', { ...harborPush, operator: 'another' }), { status: 202 });
  await clock.advance(1);
});

t.test('a name of any length and letters is judged at once', async (t) => {
  const { call } = setup();
  for (const letters of ['/', ' ', 'a/', '@', ':', '-', 'A'])
    for (const tail of ['', 'x']) {
      const name = letters.repeat(500_000 / letters.length) + tail;
      const body = { ...harborPush, event_data: { repository: { repo_full_name: name } } };
      t.match(
        await call('/receivers/harbor', body),
        { status: 400, message: /\(malformed\)/ },
        JSON.stringify(letters),
      );
    }
});

t.test('who is not known to be a sender keeps no connection', async (t) => {
  const { call } = setup();
  t.match(await call('/receivers/ci', genericPush), { status: 401, isLast: true });
  t.match(await call('/receivers/other', genericPush), { status: 401, isLast: true });
  t.notOk((await call('/receivers/harbor', harborPush)).isLast);
});

t.test('a sender that repeats for ever is told so of what is too large, too', async (t) => {
  const { call } = setup();
  const large: Partial<Call> = { read: async () => ({ kind: 'too-large' }) };
  t.match(await call('/receivers/registry', '', large), { status: 200, message: /too-large/, refused: ['too-large'] });
  t.match(await call('/receivers/harbor', '', { read: async () => ({ kind: 'gone' }) }), { refused: [] });
});

t.test('calls that say no time may be equal, since two pushes of one tag are', async (t) => {
  const { call } = setup();
  for (let times = 0; times < 2; times++) t.match(await call(`/receivers/quay/${SECRET}`, quayPush), { status: 202 });
});

t.test(
  'a sender that repeats for ever what is not taken is told in the answer only, once it is known to be that sender',
  async (t) => {
    const { call, clock, down, up } = setup();
    t.match(await call('/receivers/registry', distributionPush), { status: 202 });
    t.match(await call('/receivers/registry', distributionPush), {
      status: 200,
      message: /replayed/,
      refused: ['replayed'],
    });
    t.match(await call('/receivers/registry', {}), { status: 200, message: /malformed/, refused: ['malformed'] });
    t.match(await call('/receivers/registry', {}, { headers: {} }), { status: 401 });
    await clock.advance(6 * MINUTE);
    const another = JSON.stringify(distributionPush).replace('320678d8', '00000000');
    t.match(await call('/receivers/registry', another), { status: 200, message: /stale/, recorded: [] });
    down();
    const late = JSON.stringify(distributionPush).replaceAll('09:00:00', '09:06:00');
    t.match(await call('/receivers/registry', late), { status: 503 }, 'this one it shall repeat');
    up();
    t.match(await call('/receivers/registry', late), { status: 202 });
  },
);

t.test('a flood of one receiver is cut, and another receiver is served', async (t) => {
  const { call, clock } = setup();
  const statuses = new Map<number, number>();
  for (let index = 0; index < 1_000; index++) {
    const { status } = await call(`/receivers/quay/${SECRET}`, quayPush);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  t.strictSame(
    [...statuses],
    [
      [202, 100],
      [429, 900],
    ],
  );
  t.match(await call('/receivers/harbor', harborPush), { status: 202 });
  await clock.advance(1_000);
  t.match(await call(`/receivers/quay/${SECRET}`, quayPush), { status: 202 });
});

t.test('forged calls, however many, take nothing from the real ones', async (t) => {
  const { call } = setup();
  for (let index = 0; index < 1_000; index++) await call('/receivers/harbor', harborPush, { headers: {} });
  t.match(await call('/receivers/harbor', harborPush), { status: 202 });
});

t.test('what is no push is answered well, and does nothing', async (t) => {
  const { call, results } = setup();
  const ping = { 'x-github-event': 'ping', 'x-hub-signature-256': signed('{"zen":"x"}') };
  t.match(await call('/receivers/github', '{"zen":"x"}', { headers: ping }), {
    status: 200,
    message: 'nothing to do: an event that is none of a package',
    recorded: [],
    refused: [],
  });
  t.strictSame(results, ['ignored']);
});

t.test('a call that is passed on begins a trace, which goes with its push', async (t) => {
  const { call, tracer, traced, log } = setup({ writeMs: 200 });
  const theirs = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`;
  const headers = { authorization: `Bearer ${SECRET}`, traceparent: theirs };
  await call('/receivers/harbor', harborPush, { headers });
  const [span] = tracer.ended;
  t.strictSame(span, {
    name: 'POST /receivers/{receiver}',
    traceId: '1'.padStart(32, '0'),
    spanId: '1'.padStart(16, '0'),
    parentId: undefined,
    at: PUSHED_AT,
    until: PUSHED_AT + 200,
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/receivers/{receiver}',
      'werfbundle.receiver': 'harbor',
      'werfbundle.repositories': ['harbor.example/acme/shop'],
      'http.response.status_code': 202,
    },
    failure: undefined,
  });
  t.strictSame(tracer.links, ['a'.repeat(32)], 'a trace of the sender is no more than linked to');
  t.strictSame(traced, [{ traceId: span?.traceId, spanId: span?.spanId, isSampled: true }]);
  t.match(log.entries.at(-1), { message: 'a push was received', fields: { trace_id: span?.traceId } });
});

t.test('a call that could not be passed on is a span that failed; one that is refused is none', async (t) => {
  const { call, tracer, down } = setup();
  await call('/receivers/harbor', harborPush, { headers: {} });
  await call('/receivers/harbor', '{}');
  t.strictSame(tracer.ended, []);
  down();
  await call('/receivers/harbor', harborPush);
  t.match(tracer.ended, [{ failure: 'unavailable', attributes: { 'http.response.status_code': 503 } }]);
});
