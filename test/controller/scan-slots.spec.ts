import t from 'tap';
import { ScanSlots, type Slot } from '../../controller/scans/scan-slots.js';
import { type Due, dueNow, nextDueAt, type Rhythm } from '../../controller/scans/schedule.js';

t.test('the schedule of a repository', async (t) => {
  const at = (time: number): Due => ({ kind: 'at', at: time });
  const each = (intervalMs: number): Due => ({ kind: 'interval', intervalMs });
  const idle: Due = { kind: 'idle' };
  const born = (uniform: number): Rhythm => ({ bornAt: 1000, lastAt: undefined, uniform });
  const scanned = (uniform: number): Rhythm => ({ bornAt: 0, lastAt: 5000, uniform });
  const table: readonly { title: string; rhythm: Rhythm; members: Due[]; want: number }[] = [
    { title: 'is empty without members', rhythm: born(0.5), members: [], want: Number.POSITIVE_INFINITY },
    { title: 'is empty when nobody wants a scan', rhythm: born(0.5), members: [idle], want: Number.POSITIVE_INFINITY },
    { title: 'goes by the earliest point in time', rhythm: born(0.5), members: [at(9), idle, at(7)], want: 7 },
    { title: 'begins right after the start when the draw is 0', rhythm: born(0), members: [each(600)], want: 1000 },
    { title: 'begins anywhere within the first interval', rhythm: born(0.75), members: [each(600)], want: 1450 },
    { title: 'goes on after 90 % of the interval at least', rhythm: scanned(0), members: [each(1000)], want: 5900 },
    { title: 'goes on after 110 % of the interval at most', rhythm: scanned(1), members: [each(1000)], want: 6100 },
    {
      title: 'goes by the smallest interval',
      rhythm: scanned(0.5),
      members: [each(3000), each(1000), idle],
      want: 6000,
    },
    { title: 'goes by whichever comes first', rhythm: scanned(0.5), members: [each(1000), at(5500)], want: 5500 },
  ];
  for (const { title, rhythm, members, want } of table) t.equal(nextDueAt(rhythm, members), want, title);

  const isDue = dueNow(scanned(0.5), [each(1000), each(3000), at(6000), at(6001), idle], 6000);
  t.strictSame(
    [each(1000), each(3000), at(6000), at(6001), idle].map(isDue),
    [true, true, true, false, false],
    'a scan at the smallest interval is the one that all intervals wait for',
  );
  const early = dueNow(scanned(0.5), [each(1000), at(5500)], 5500);
  t.strictSame([each(1000), at(5500)].map(early), [false, true], 'an extra scan serves only those that asked for it');
});

t.test('slots', async (t) => {
  const slotsFor = (limits: { perHost?: number; perTenant?: number; total?: number }) => {
    const slots = new ScanSlots<string>({ perHost: 99, perTenant: 99, total: 99, ...limits });
    const wait = (tenant: string, host: string, ...items: string[]) => {
      for (const item of items) slots.wait(item, { host, tenants: [tenant] });
    };
    /** All that may run now. */
    const taken = (): (Slot<string> | undefined)[] => {
      const all: Slot<string>[] = [];
      for (let slot = slots.take(); slot !== undefined; slot = slots.take()) all.push(slot);
      return all;
    };
    return { slots, wait, taken };
  };
  const items = (taken: readonly (Slot<string> | undefined)[]) => taken.map((slot) => slot?.item);
  const release = ({ slots }: { slots: ScanSlots<string> }, slot: Slot<string> | undefined) =>
    slot !== undefined && slots.release(slot);

  t.test('are given to hosts in turn, two for one host, three in all', (t) => {
    const given = slotsFor({ perHost: 2, total: 3 });
    given.wait('shop', 'a', 'a1', 'a2', 'a3');
    given.wait('shop', 'b', 'b1', 'b2', 'b3');
    const first = given.taken();
    t.strictSame(items(first), ['a1', 'b1', 'a2']);
    release(given, first[1]);
    const [second] = given.taken();
    t.equal(second?.item, 'b2', 'a slot that is free is given to the host that has waited');
    release(given, second);
    t.strictSame(items(given.taken()), ['b3'], 'no more than two for one host');
    t.strictSame(given.slots.clear(), ['a3'], 'what still waits can be taken back');
    t.strictSame(given.taken(), []);
    t.end();
  });

  t.test('are given to tenants in turn, however many repositories one has', (t) => {
    const given = slotsFor({ perHost: 2 });
    given.wait('greedy', 'ghcr.io', ...Array.from({ length: 1_000 }, (_, index) => `g${index}`));
    given.wait('modest', 'ghcr.io', 'm0', 'm1');
    const first = given.taken();
    t.strictSame(items(first), ['g0', 'm0']);
    release(given, first[0]);
    t.strictSame(items(given.taken()), ['g1']);
    release(given, first[1]);
    t.strictSame(items(given.taken()), ['m1']);
    t.end();
  });

  t.test('are left for others by a tenant whose hosts all hang', (t) => {
    const given = slotsFor({ perTenant: 25, total: 50 });
    for (let index = 0; index < 1_000; index += 1) given.wait('hanging', `h${index}.example`, `h${index}`);
    t.equal(given.taken().length, 25);
    given.wait('others', 'ghcr.io', 'o1', 'o2');
    t.strictSame(items(given.taken()), ['o1', 'o2'], 'at once');
    t.end();
  });

  t.test('of what several tenants share count for the one with the least to do', (t) => {
    const given = slotsFor({ perTenant: 1 });
    given.wait('busy', 'a', 'b1', 'b2');
    given.slots.wait('shared', { host: 'a', tenants: ['busy', 'idle'] });
    t.strictSame(items(given.taken()), ['b1', 'shared']);
    t.end();
  });

  t.test('cost the same for ten thousand tenants of one host', (t) => {
    const given = slotsFor({ perHost: 10, total: 50 });
    for (let index = 0; index < 10_000; index += 1) given.wait(`t${index}`, 'ghcr.io', `${index}`);
    const order: string[] = [];
    for (let running = given.taken(); running.length > 0; running = given.taken()) {
      for (const slot of running) {
        order.push(slot?.item ?? '');
        release(given, slot);
      }
    }
    t.strictSame(
      order,
      Array.from({ length: 10_000 }, (_, index) => `${index}`),
    );
    t.end();
  });
});
