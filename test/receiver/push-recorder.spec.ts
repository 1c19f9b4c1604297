import t from 'tap';
import { decodePush, PUSHES_CONFIGMAP } from '../../api/push-record.js';
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
  const content = () => Object.values(client.read(CONFIGMAPS, REF)?.data ?? {}).map((text) => decodePush(text));
  const writes = () => client.actions.length;
  return { clock, client, recorder, content, writes };
};

t.test('a push is written with its time, and the next one takes its place', async (t) => {
  const { clock, recorder, content } = setup();
  t.strictSame(await recorder.record([SHOP]), { kind: 'recorded' });
  t.strictSame(content(), [{ ...SHOP, at: clock.now() }]);
  await clock.advance(1_000);
  const again = recorder.record([SHOP]);
  await clock.advance(1_000);
  await again;
  t.strictSame(content(), [{ ...SHOP, at: clock.now() - 1_000 }]);
});

t.test('pushes that come together are written together, however many they are', async (t) => {
  const { clock, recorder, content, writes } = setup();
  const all = Array.from({ length: 100 }, (_, index) =>
    recorder.record([{ ...SHOP, name: `ghcr.io/acme/shop-${index}` }]),
  );
  await clock.advance(1_000);
  t.ok((await Promise.all(all)).every(({ kind }) => kind === 'recorded'));
  t.equal(content().length, 100);
  t.equal(writes(), 2, 'the first at once, the others a moment later');
});

t.test('old pushes go, and so does what no receiver has written', async (t) => {
  const { clock, client, recorder, content } = setup();
  client.seed(CONFIGMAPS, { metadata: REF, data: { hello: 'world' } });
  await recorder.record([SHOP]);
  await clock.advance(6 * 60_000);
  const next = recorder.record([{ ...SHOP, below: true }]);
  await clock.advance(1_000);
  await next;
  t.strictSame(
    content().map((push) => push?.below),
    [true],
  );
});

t.test('no more than a thousand are kept, the newest', async (t) => {
  const { clock, recorder, content } = setup();
  for (let from = 0; from < 1_200; from += 400) {
    const pushes = Array.from({ length: 400 }, (_, index) => ({ ...SHOP, name: `ghcr.io/acme/shop-${from + index}` }));
    const written = recorder.record(pushes);
    await clock.advance(1_000);
    await written;
  }
  t.equal(content().length, 1_000);
  t.ok(content().some((push) => push?.name === 'ghcr.io/acme/shop-1199'));
});

t.test('what could not be written is said so, and nobody waits for ever', async (t) => {
  const { clock, client, recorder, content } = setup();
  client.failNext({ verb: 'patch' }, new KubeError('forbidden', 'patch configmaps: forbidden'));
  t.strictSame(await recorder.record([SHOP]), { kind: 'failed', why: 'patch configmaps: forbidden' });
  const next = recorder.record([SHOP]);
  await clock.advance(1_000);
  t.strictSame(await next, { kind: 'recorded' });
  t.equal(content().length, 1);
});
