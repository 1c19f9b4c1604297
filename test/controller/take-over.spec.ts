import t from 'tap';
import { type Installation, readInstallationKey } from '../../controller/installation-key.js';
import { TakeOver } from '../../controller/take-over.js';
import { KubeError } from '../../kube/client.js';
import { SECRETS } from '../../kube/resources.js';
import { NOW } from '../kit/builders.js';
import { createFakeClock, settle } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { recordLog } from '../kit/record-log.js';

const INSTALLATION: Installation = { namespace: 'werf-system', lease: 'werfbundle-controller-1a2b3c4d' };
const SECRET = { namespace: 'werf-system', name: 'werfbundle-checksum-key' };
const { signal } = new AbortController();

/** A controller that starts where bundles have been before. */
const setup = async (unsigned: number) => {
  const clock = createFakeClock(NOW);
  const kube = createFakeKube({ clock });
  const log = recordLog();
  let left = unsigned;
  const started = async () =>
    new TakeOver({
      installation: INSTALLATION,
      proof: await readInstallationKey(kube, INSTALLATION, signal),
      unsigned: () => left,
      clock,
      log,
    });
  const takeOver = await started();
  const signed = (count: number): void => {
    left -= count;
  };
  return { clock, kube, log, takeOver, started, signed };
};

t.test('once all statuses are signed, that is recorded, and no other is believed any more', async (t) => {
  const { kube, log, takeOver, started, signed } = await setup(2);
  await takeOver.refresh(kube, signal);
  t.equal(takeOver.proof().signsSince, undefined);
  takeOver.check(kube, signal);
  signed(1);
  takeOver.check(kube, signal);
  await settle();
  t.strictSame([takeOver.proof().signsSince, kube.actions.length], [undefined, 1], 'the key was made, and no more');
  signed(1);
  takeOver.check(kube, signal);
  takeOver.check(kube, signal);
  await settle();
  t.equal(takeOver.proof().signsSince, NOW);
  t.equal(kube.actions.length, 2, 'it is written once');
  t.strictSame(
    log.entries.map(({ message }) => message),
    [
      'statuses that no controller has signed are taken over',
      'all statuses are signed: from now on no other is believed',
    ],
  );
  t.equal((await started()).proof().signsSince, NOW, 'the next process knows');
});

t.test('a standby that started before learns it when it leads; until it can be read nothing is begun', async (t) => {
  const { clock, kube, takeOver, started } = await setup(0);
  const standby = await started();
  takeOver.check(kube, signal);
  await settle();
  t.equal(standby.proof().signsSince, undefined);
  kube.failNext({ verb: 'get', plural: 'secrets' }, new KubeError('unavailable', 'get secrets: no answer'));
  const learnt = standby.refresh(kube, signal);
  await clock.advance(1_000);
  await learnt;
  t.equal(standby.proof().signsSince, NOW);
});

t.test('what can not be recorded is tried again at the next change', async (t) => {
  const { kube, log, takeOver } = await setup(0);
  kube.failNext({ verb: 'patch', plural: 'secrets' }, new KubeError('forbidden', 'patch secrets: forbidden'));
  takeOver.check(kube, signal);
  await settle();
  t.equal(takeOver.proof().signsSince, undefined);
  t.match(log.entries, [{ level: 'warn', fields: { error: 'patch secrets: forbidden' } }]);
  takeOver.check(kube, signal);
  await settle();
  t.equal(takeOver.proof().signsSince, NOW);
});

t.test('a key that was lost begins anew: what the old one has signed is taken over once', async (t) => {
  const { kube, takeOver, started } = await setup(0);
  takeOver.check(kube, signal);
  await settle();
  kube.vanish(SECRETS, SECRET);
  const next = (await started()).proof();
  t.equal(next.signsSince, undefined);
  t.not(next.key.id, takeOver.proof().key.id);
});

t.test('controllers that split the work take over each its own share', async (t) => {
  const { kube, takeOver } = await setup(0);
  takeOver.check(kube, signal);
  await settle();
  const other = await readInstallationKey(kube, { ...INSTALLATION, lease: 'werfbundle-controller-00000000' }, signal);
  t.strictSame([other.key, other.signsSince], [takeOver.proof().key, undefined]);
});
