import fc from 'fast-check';
import t from 'tap';
import type { ObjectRef } from '../../api/objects.js';
import { Sweep } from '../../controller/reconcile/sweep.js';
import { createWorkQueue, type Next } from '../../kube/work-queue.js';
import { createFakeClock, settle } from '../kit/fake-clock.js';
import { recordLog } from '../kit/record-log.js';

/** Each in a namespace of its own, so that none has to wait for its namespace. */
const ref = (name: string): ObjectRef => ({ namespace: `ns-${name}`, name });
const within = (namespace: string, name: string): ObjectRef => ({ namespace, name });
const awaitChange: Next = { kind: 'await-change' };

/** A queue whose work is written down with its time, and answers as told. */
const setup = (options: { workers?: number; answer?: (name: string, run: number) => Next | Promise<Next> } = {}) => {
  const clock = createFakeClock();
  const log = recordLog();
  const runs: string[] = [];
  const results: string[] = [];
  const depths: number[] = [];
  let told: (depth: number) => void = () => {};
  const stop = new AbortController();
  const queue = createWorkQueue({
    clock,
    random: { uniform: () => 1 },
    log,
    workers: options.workers ?? 2,
    work: async ({ name }) => {
      runs.push(`${name}@${clock.monotonic()}`);
      return (await options.answer?.(name, runs.length)) ?? awaitChange;
    },
    onDone: ({ result }) => results.push(result),
    onDepth: (depth) => {
      depths.push(depth);
      told(depth);
    },
  });
  const onDepth = (listener: (depth: number) => void): void => {
    told = listener;
  };
  const drain = (): readonly string[] => runs.splice(0);
  return { clock, log, results, depths, onDepth, stop, queue, drain, done: queue.start(stop.signal) };
};

/** Work that ends when the test says so. */
const gate = () => {
  const open: (() => void)[] = [];
  return {
    wait: () => new Promise<void>((resolve) => open.push(resolve)),
    release: async () => {
      for (const let_ of open.splice(0)) let_();
      await settle();
    },
    waiting: () => open.length,
  };
};

t.test('a work queue', async (t) => {
  t.test('runs a key once for many adds, and never in the turn of the one who adds', async (t) => {
    const { queue, drain } = setup();
    for (let i = 0; i < 5; i++) queue.add(ref('a'));
    t.strictSame(drain(), []);
    await settle();
    t.strictSame(drain(), ['a@0']);
    t.equal(queue.depth(), 0);
  });

  t.test('runs a key once more when it was added during its run, and never twice at once', async (t) => {
    const door = gate();
    const { queue, drain } = setup({ answer: async () => door.wait().then(() => awaitChange) });
    queue.add(ref('a'));
    await settle();
    queue.add(ref('a'));
    queue.add(ref('a'));
    await settle();
    t.equal(door.waiting(), 1);
    await door.release();
    t.strictSame(drain(), ['a@0', 'a@0']);
    await door.release();
    t.strictSame(drain(), []);
  });

  t.test('runs as many keys at once as there are workers, in the order in which they came', async (t) => {
    const door = gate();
    const { queue, drain } = setup({ answer: async () => door.wait().then(() => awaitChange) });
    for (const name of ['a', 'b', 'c', 'd']) queue.add(ref(name));
    await settle();
    t.strictSame(drain(), ['a@0', 'b@0']);
    t.equal(queue.depth(), 2);
    await door.release();
    t.strictSame(drain(), ['c@0', 'd@0']);
    await door.release();
  });

  t.test('leaves a quarter of the workers to other namespaces, however many keys of one are slow', async (t) => {
    const door = gate();
    const { queue, drain } = setup({ workers: 8, answer: async () => door.wait().then(() => awaitChange) });
    for (let n = 0; n < 1_000; n += 1) queue.add(within('greedy', `g${n}`));
    await settle();
    t.equal(drain().length, 6);
    queue.add(within('shop', 'a'));
    queue.add(within('team-b', 'b'));
    await settle();
    t.strictSame(drain(), ['a@0', 'b@0'], 'and they do not wait behind the thousand');
    t.equal(queue.depth(), 994);
  });

  t.test('gives its only worker to each namespace in turn', async (t) => {
    const door = gate();
    const { queue, drain } = setup({ workers: 1, answer: async () => door.wait().then(() => awaitChange) });
    for (const name of ['a1', 'a2', 'a3']) queue.add(within('a', name));
    for (const name of ['b1', 'b2']) queue.add(within('b', name));
    await settle();
    const order = [...drain()];
    while (door.waiting() > 0) {
      await door.release();
      order.push(...drain());
    }
    t.strictSame(order, ['a1@0', 'b1@0', 'a2@0', 'b2@0', 'a3@0']);
  });

  t.test('a key that is held back does not run, whatever wakes it, and then later and later', async (t) => {
    const hold: Next = { kind: 'hold' };
    const { queue, drain, clock } = setup({ answer: () => hold });
    queue.add(ref('a'));
    await settle();
    queue.add(ref('a'));
    queue.addAfter(ref('a'), 10);
    await clock.advance(999);
    t.strictSame(drain(), ['a@0']);
    await clock.advance(1);
    t.strictSame(drain(), ['a@1000']);
    await clock.advance(2_000);
    t.strictSame(drain(), ['a@3000']);
  });

  t.test('a key that wakes itself while it runs is held back all the same', async (t) => {
    let wake: () => void = () => {};
    const { queue, drain, clock } = setup({
      answer: () => {
        wake();
        return { kind: 'hold' };
      },
    });
    wake = () => queue.add(ref('a'));
    queue.add(ref('a'));
    await clock.advance(999);
    t.strictSame(drain(), ['a@0']);
  });

  t.test('reports how many keys wait, also when none does any more', async (t) => {
    const { queue, depths } = setup();
    for (const name of ['a', 'b', 'c']) queue.add(ref(name));
    await settle();
    t.equal(queue.depth(), 0);
    t.equal(depths.at(-1), 0);
  });

  t.test('takes the first reconciles a few at a time: later events do not wait behind all of them', async (t) => {
    const door = gate();
    const { queue, drain, onDepth } = setup({ answer: async () => door.wait().then(() => awaitChange) });
    const names = Array.from({ length: 1_000 }, (_, index) => `bundle-${index}`);
    const sweep = new Sweep(names.map(ref), (each) => queue.add(each));
    onDepth((depth) => sweep.feed(depth));
    sweep.feed(queue.depth());
    await settle();
    t.equal(queue.depth(), 32);
    queue.add(ref('new-tag'));
    const order: string[] = [...drain()];
    while (door.waiting() > 0) {
      await door.release();
      order.push(...drain());
    }
    const ran = order.map((run) => run.split('@')[0]);
    t.equal(ran.indexOf('new-tag'), 34, 'behind the two that ran and the 32 that waited');
    t.strictSame(
      ran.filter((name) => name !== 'new-tag'),
      names,
      'each bundle is looked at once',
    );
  });

  t.test('an earlier request is not delayed by a later one, nor dropped by a run in between', async (t) => {
    const { queue, drain, clock } = setup();
    queue.addAfter(ref('a'), 1000);
    queue.addAfter(ref('a'), 5000);
    queue.addAfter(ref('b'), 5000);
    queue.addAfter(ref('b'), 1000);
    await clock.advance(500);
    queue.add(ref('a'));
    await clock.advance(9500);
    t.strictSame(drain(), ['a@500', 'a@1000', 'b@1000']);
  });

  t.test('each run decides anew when the next one is', async (t) => {
    const { queue, drain, clock } = setup({ answer: (_, run) => ({ kind: 'after', ms: run === 1 ? 1000 : 60_000 }) });
    queue.add(ref('a'));
    await clock.advance(500);
    queue.add(ref('a'));
    await clock.advance(60_600);
    t.strictSame(drain(), ['a@0', 'a@500', 'a@60500']);
  });

  t.test('backs off 5, 10, 20 … ms up to a minute, and begins anew after a success', async (t) => {
    const { queue, drain, clock } = setup({
      answer: (_, run) => (run === 4 ? awaitChange : { kind: 'backoff' }),
    });
    queue.add(ref('a'));
    await clock.advance(1000);
    t.strictSame(drain(), ['a@0', 'a@5', 'a@15', 'a@35']);
    queue.add(ref('a'));
    await clock.advance(6);
    t.strictSame(drain(), ['a@1000', 'a@1005']);
  });

  t.test('never waits longer than a minute', async (t) => {
    const { queue, drain, clock } = setup({ answer: () => ({ kind: 'backoff' }) });
    queue.add(ref('a'));
    await clock.advance(600_000);
    const times = drain().map((run) => Number(run.split('@')[1]));
    t.equal((times.at(-1) ?? 0) - (times.at(-2) ?? 0), 60_000);
  });

  t.test('a throw is logged with the key and tried again', async (t) => {
    const fault = new Error('a bug');
    const { queue, drain, clock, log, results } = setup({
      answer: (_, run) => {
        if (run === 1) throw fault;
        return awaitChange;
      },
    });
    queue.add(ref('a'));
    await clock.advance(100);
    t.strictSame(drain(), ['a@0', 'a@5']);
    t.strictSame(log.entries, [
      {
        level: 'error',
        message: 'reconcile failed',
        fields: { reconcileId: 'ffffffff', object: 'ns-a/a', error: fault },
      },
    ]);
    t.strictSame(results, ['error', 'await-change']);
  });

  t.test('forgets timers and failures of a key', async (t) => {
    const { queue, drain, clock } = setup({ answer: () => ({ kind: 'after', ms: 100 }) });
    queue.add(ref('a'));
    await settle();
    queue.addAfter(ref('a'), 50);
    queue.forget(ref('a'));
    queue.forget(ref('never seen'));
    await clock.advance(1000);
    t.strictSame(drain(), ['a@0']);
    t.equal(clock.pending(), 0);
  });

  t.test('stops when running work has ended, and leaves no timer', async (t) => {
    const door = gate();
    const { queue, clock, stop, done, drain } = setup({ answer: async () => door.wait().then(() => awaitChange) });
    queue.add(ref('a'));
    queue.addAfter(ref('b'), 1000);
    await settle();
    let ended = false;
    const end = done.then(() => {
      ended = true;
    });
    stop.abort();
    await settle();
    t.equal(ended, false);
    await door.release();
    await end;
    await clock.advance(5000);
    t.strictSame(drain(), ['a@0']);
    t.equal(clock.pending(), 0);
  });

  t.test('ten thousand keys with timers cost one sleep', async (t) => {
    const { queue, clock, drain } = setup();
    for (let i = 0; i < 10_000; i++) queue.addAfter(ref(`k${i}`), 1000 + (i % 7));
    t.equal(clock.pending(), 1);
    await clock.advance(2000);
    t.equal(drain().length, 10_000);
    t.equal(clock.pending(), 0);
  });
});

t.test('whatever happens, a key never runs twice at once, and every add is followed by a run', async (t) => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b', 'c'),
    act: fc.constantFrom('add' as const, 'after' as const, 'forget' as const, 'advance' as const),
    ms: fc.integer({ min: 0, max: 50 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const clock = createFakeClock();
      const running = new Set<string>();
      const addedAt = new Map<string, number>();
      const startedAt = new Map<string, number>();
      let tick = 0;
      let twice = false;
      const queue = createWorkQueue({
        clock,
        random: { uniform: () => 0.5 },
        log: recordLog(),
        workers: 2,
        work: async ({ name }) => {
          twice ||= running.has(name);
          running.add(name);
          startedAt.set(name, tick++);
          await clock.sleep(7);
          running.delete(name);
          return tick % 3 === 0 ? { kind: 'backoff' } : tick % 3 === 1 ? { kind: 'after', ms: 20 } : awaitChange;
        },
      });
      const stop = new AbortController();
      const done = queue.start(stop.signal);
      for (const { key, act, ms } of steps) {
        if (act === 'add') {
          addedAt.set(key, tick++);
          queue.add(ref(key));
        } else if (act === 'after') queue.addAfter(ref(key), ms);
        else if (act === 'advance') await clock.advance(ms);
        else {
          // A key that waits in line stays there; one that runs forgets that it was to run again.
          addedAt.delete(key);
          queue.forget(ref(key));
        }
      }
      await clock.advance(200);
      stop.abort();
      await clock.advance(200);
      await done;
      if (twice) throw new Error('a key ran twice at once');
      for (const [key, at] of addedAt) {
        if ((startedAt.get(key) ?? -1) < at) throw new Error(`${key} was added and did not run`);
      }
    }),
    { numRuns: 60 },
  );
  t.pass('60 histories');
});
