import t from 'tap';
import { decodePush, encodePush, PUSHES_CONFIGMAP, PUSHES_KEPT } from '../../api/push-record.js';
import { KubeError } from '../../kube/client.js';
import { CONFIGMAPS } from '../../kube/resources.js';
import { PushRecorder } from '../../receiver/push-recorder.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { recordLog } from '../kit/record-log.js';

const REF = { namespace: 'operator', name: PUSHES_CONFIGMAP };
const SHOP = { name: 'ghcr.io/acme/shop', below: false };

const setup = () => {
  const clock = createFakeClock();
  const client = createFakeKube({ clock });
  client.seed(CONFIGMAPS, { metadata: REF });
  const recorder = new PushRecorder({ client, clock, log: recordLog(), namespace: 'operator' });
  const content = () =>
    Object.entries(client.read(CONFIGMAPS, REF)?.data ?? {}).map(([key, text]) => decodePush(key, text, clock.now()));
  const writes = () => client.actions.length;
  return { clock, client, recorder, content, writes };
};

t.test('a push is written with its time, and the next one takes its place', async (t) => {
  const { clock, recorder, content } = setup();
  t.strictSame(await recorder.record('ci', [SHOP]), { kind: 'recorded' });
  t.strictSame(content(), [{ ...SHOP, at: clock.now() }]);
  await clock.advance(1_000);
  const again = recorder.record('ci', [SHOP]);
  await clock.advance(1_000);
  await again;
  t.strictSame(content(), [{ ...SHOP, at: clock.now() - 1_000 }]);
});

t.test('pushes that come together are written together', async (t) => {
  const { clock, recorder, content, writes } = setup();
  const all = Array.from({ length: 30 }, (_, index) =>
    recorder.record('ci', [{ ...SHOP, name: `ghcr.io/acme/shop-${index}` }]),
  );
  await clock.advance(1_000);
  t.ok((await Promise.all(all)).every(({ kind }) => kind === 'recorded'));
  t.equal(content().length, 30);
  t.equal(writes(), 2, 'the first at once, the others a moment later');
});

t.test('one receiver can not take the room of the others, nor fill the store', async (t) => {
  const { clock, client, recorder } = setup();
  let [taken, written] = [0, 0];
  for (let second = 0; second < 60; second++) {
    const all = Array.from({ length: 20 }, (_, call) =>
      recorder.record(
        'flood',
        Array.from({ length: 16 }, (_, at) => ({
          ...SHOP,
          name: `ghcr.io/acme/${'x'.repeat(200)}-${second}-${call}-${at}`,
        })),
      ),
    );
    const honest = recorder.record('ci', [SHOP]);
    await clock.advance(1_000);
    t.match(await honest, { kind: 'recorded' });
    taken += (await Promise.all(all)).filter(({ kind }) => kind === 'recorded').length;
    written += JSON.stringify(client.read(CONFIGMAPS, REF)).length;
  }
  t.ok(taken <= 60 * 5, `${taken} of 1200 calls were taken`);
  t.ok(written / 60 < 64 * 1024, `${Math.round(written / 60)} bytes are stored at a time`);
});

t.test('old pushes go, and so does what no receiver has written', async (t) => {
  const { clock, client, recorder, content } = setup();
  client.seed(CONFIGMAPS, { metadata: REF, data: { hello: 'world', of: encodePush({ ...SHOP, at: clock.now() }) } });
  await recorder.record('ci', [SHOP]);
  await clock.advance(6 * 60_000);
  const next = recorder.record('ci', [{ ...SHOP, below: true }]);
  await clock.advance(1_000);
  await next;
  t.strictSame(
    content().map((push) => push?.below),
    [true],
  );
});

t.test('only so many are kept, the newest', async (t) => {
  const { clock, recorder, content } = setup();
  for (let from = 0; from < 10; from++) {
    const pushes = Array.from({ length: 16 }, (_, index) => ({
      ...SHOP,
      name: `ghcr.io/acme/shop-${from * 16 + index}`,
    }));
    const written = recorder.record('ci', pushes);
    await clock.advance(1_000);
    t.match(await written, { kind: 'recorded' });
  }
  t.equal(content().length, PUSHES_KEPT);
  t.ok(content().some((push) => push?.name === 'ghcr.io/acme/shop-159'));
});

t.test('what could not be written is said so, and nobody waits for ever', async (t) => {
  const { clock, client, recorder, content } = setup();
  client.failNext({ verb: 'patch' }, new KubeError('forbidden', 'patch configmaps: forbidden'));
  t.strictSame(await recorder.record('ci', [SHOP]), { kind: 'failed', why: 'patch configmaps: forbidden' });
  const next = recorder.record('ci', [SHOP]);
  await clock.advance(1_000);
  t.strictSame(await next, { kind: 'recorded' });
  t.equal(content().length, 1);
});

t.test('whether it could be written is found out without a push', async (t) => {
  const { clock, client, recorder, content } = setup();
  client.failNext({ verb: 'patch' }, new KubeError('forbidden', 'patch configmaps: forbidden'));
  t.match(await recorder.probe(), { kind: 'failed' });
  const next = recorder.probe();
  await clock.advance(1_000);
  t.match(await next, { kind: 'recorded' });
  t.strictSame(content(), []);
});
