import t, { type Test } from 'tap';
import type { HeldBack } from '../../registry/port.js';
import { clientFor, fakeFor, shiftedClock, signal, targetOf } from '../kit/registry-client.js';

const MINUTE_MS = 60_000;
const HEAD = 'HEAD /v2/acme/app/manifests/v1';
const GET = 'GET /v2/acme/app/manifests/v1';

/** A registry with one tag, and a client whose clock may be put forward. */
const registryFor = async (t: Test) => {
  const fake = await fakeFor(t);
  const digest = fake.publish('acme/app', 'v1', 'bundle');
  const holds: HeldBack[] = [];
  const clock = shiftedClock();
  const client = clientFor(t, { clock, onHold: (hold) => holds.push(hold) });
  return {
    fake,
    holds,
    there: { kind: 'manifest', digest, bundle: true },
    read: (tag = 'v1') => client.readManifest(targetOf(fake), tag, signal),
    refuse: (on: RegExp, status: number, times: number, headers: Readonly<Record<string, string>> = {}) =>
      fake.fail(on, { kind: 'answer', status, headers }, times),
    pass: (ms: number) => {
      clock.shift += ms;
    },
    /** Requests since the last time. */
    asked: () => {
      const lines = fake.lines();
      fake.clear();
      return lines;
    },
  };
};

const REFUSED = { forMs: 6 * 60 * MINUTE_MS, statuses: [400, 401, 403, 404, 405, 406, 410, 501] };
const BROKEN = { forMs: 5 * MINUTE_MS, statuses: [500, 502, 503, 504] };
for (const { forMs, statuses } of [REFUSED, BROKEN]) {
  for (const status of statuses) {
    t.test(`HEAD ${status} decides nothing: GET is asked, and it alone for ${forMs / MINUTE_MS} minutes`, async (t) => {
      const { there, holds, read, refuse, pass, asked } = await registryFor(t);
      refuse(/^HEAD/, status, 100);
      for (const _ of Array(20)) t.strictSame(await read(), there);
      t.strictSame(asked(), [HEAD, ...Array(20).fill(GET)], 'one HEAD, and a GET for each of 20 reads');
      pass(forMs - MINUTE_MS);
      await read();
      t.strictSame(asked(), [GET], 'a minute before the time is over');
      pass(MINUTE_MS);
      await read();
      t.strictSame(asked(), [HEAD, GET], 'the host may have learned it');
      t.strictSame(holds, [], 'it is no fault of the host');
    });
  }
}

t.test('what GET says is told, and nothing is remembered where both say the same', async (t) => {
  const { read, refuse, asked } = await registryFor(t);
  const failed = (code: string, message: string) => ({ kind: 'failed', code, message });
  const rows = [
    { status: 404, want: { kind: 'absent' } },
    { status: 400, want: failed('protocol', '400 bad request') },
    { status: 403, want: failed('unauthorized', '403 forbidden') },
    { status: 500, want: failed('server-error', '500 internal server error') },
  ];
  for (const { status, want } of rows) {
    refuse(/manifests/, status, 2);
    t.strictSame(await read(), want, `${status}`);
    t.strictSame(asked(), [HEAD, GET]);
  }
  t.match(await read(), { kind: 'manifest' });
  t.strictSame(asked(), [HEAD, GET], 'by HEAD first, as ever');
});

t.test('a host that is asked too often is not asked once more', async (t) => {
  const { read, refuse, asked } = await registryFor(t);
  refuse(/^HEAD/, 429, 1, { 'retry-after': '30' });
  t.match(await read(), { kind: 'failed', code: 'rate-limited', retryAfterMs: 30_000 });
  t.strictSame(asked(), [HEAD]);
});

t.test('a host that names a time to be left alone is not asked once more, and its answer is told', async (t) => {
  const { read, refuse, asked, holds } = await registryFor(t);
  refuse(/^HEAD/, 503, 1, { 'retry-after': '30' });
  t.match(await read(), { kind: 'failed', message: '503 service unavailable', retryAfterMs: 30_000 });
  t.strictSame(asked(), [HEAD]);
  t.match(holds, [{ why: 'retry-after', forMs: 30_000 }]);
});

t.test('five GETs that fail hold a host back, and HEADs beside them count for nothing', async (t) => {
  const { holds, read, refuse } = await registryFor(t);
  refuse(/manifests/, 500, 100);
  for (const _ of Array(4)) await read();
  t.strictSame(holds, []);
  await read();
  t.match(holds, [{ kind: 'held', why: 'breaker' }]);
});

t.test('a registry without HEAD answers a known manifest with 304', async (t) => {
  const { fake, there, read, asked } = await registryFor(t);
  fake.behave({ head: false, manifestEtags: true });
  t.strictSame(await read(), there);
  t.strictSame(await read(), there);
  t.strictSame(fake.answers(), [`405 ${HEAD}`, `200 ${GET}`, `304 ${GET}`]);
  t.equal(asked().length, 3);
});
