import fc from 'fast-check';
import t from 'tap';
import type { ObjectRef } from '../../api/objects.js';
import { type JobSlotLimits, JobSlots } from '../../controller/reconcile/job-slots.js';

/** `a/1`: namespace a. A bundle's Job has the same name. */
const ref = (text: string): ObjectRef => {
  const [namespace = '', name = ''] = text.split('/');
  return { namespace, name };
};

const placesWith = (limits: Partial<JobSlotLimits>) => {
  const woken: string[] = [];
  const slots = new JobSlots({ total: 0, perNamespace: 0, ...limits }, ({ namespace, name }) =>
    woken.push(`${namespace}/${name}`),
  );
  return {
    slots,
    woken: () => woken.splice(0),
    ask: (...bundles: readonly string[]) => bundles.map((bundle) => slots.request(ref(bundle), ref(bundle))),
    runs: (job: string) => slots.jobChanged(ref(job), true),
    ends: (job: string) => slots.jobChanged(ref(job), false),
    release: (bundle: string) => slots.release(ref(bundle)),
  };
};

t.test('without limits everybody has a place', async (t) => {
  const { ask } = placesWith({});
  t.same(ask('a/1', 'a/2', 'b/1'), [true, true, true]);
});

t.test('who has no place is woken when there is one', async (t) => {
  const { ask, runs, ends, woken } = placesWith({ total: 2 });
  t.same(ask('a/1', 'a/2', 'a/3', 'a/4'), [true, true, false, false]);
  t.same(ask('a/1', 'a/3'), [true, false], 'to ask again changes nothing');
  runs('a/1');
  runs('a/2');
  t.same(woken(), [], 'a place that was given is the same as the Job that takes it');
  ends('a/2');
  t.same(woken(), ['a/3'], 'first come, first served');
  t.same(ask('a/3', 'a/4'), [true, false]);
  t.same(woken(), [], 'once');
});

t.test('namespaces that wait take turns', async (t) => {
  const { ask, runs, ends, woken } = placesWith({ total: 1 });
  ask('a/1', 'a/2', 'a/3', 'b/1', 'c/1', 'b/2');
  const order: string[] = [];
  for (let job = 'a/1'; job !== ''; job = order.at(-1) ?? '') {
    runs(job);
    ends(job);
    const next = woken();
    if (next.length === 0) break;
    order.push(...next);
  }
  t.same(order, ['a/2', 'b/1', 'c/1', 'a/3', 'b/2']);
});

t.test('a namespace that is full holds up no other one', async (t) => {
  const { ask, runs, ends, woken } = placesWith({ total: 3, perNamespace: 1 });
  t.same(ask('a/1', 'a/2', 'b/1'), [true, false, true]);
  runs('b/1');
  ends('b/1');
  t.same(woken(), []);
  ends('a/1');
  t.same(woken(), ['a/2']);
});

t.test('what is not needed any more others may have', async (t) => {
  const { ask, release, woken } = placesWith({ total: 1 });
  ask('a/1', 'a/2', 'a/3');
  release('a/2');
  release('a/1');
  t.same(woken(), ['a/3'], 'who has left the queue is not woken');
  const slots = new JobSlots({ total: 1, perNamespace: 0 }, () => {});
  t.ok(slots.request(ref('a/1'), ref('a/first')));
  t.ok(slots.request(ref('a/1'), ref('a/second')), 'another Job of the same bundle takes the same place');
  slots.jobChanged(ref('a/second'), true);
  t.notOk(slots.request(ref('a/2'), ref('a/2')));
});

t.test('a process that starts counts the Jobs that there are, even if they are too many', async (t) => {
  const { ask, runs, ends, woken } = placesWith({ total: 2 });
  for (const job of ['a/1', 'a/2', 'b/1']) runs(job);
  t.same(ask('a/1', 'c/1'), [true, false], 'a Job that is there has its place');
  ends('a/1');
  t.same(woken(), []);
  ends('a/2');
  t.same(woken(), ['c/1']);
});

t.test('whatever happens, no limit is exceeded, and nobody waits while there is room', async (t) => {
  const bundles = ['a', 'b', 'c'].flatMap((namespace) => [1, 2, 3].map((name) => `${namespace}/${name}`));
  const limits = fc.record({ total: fc.integer({ min: 0, max: 4 }), perNamespace: fc.integer({ min: 0, max: 2 }) });
  const steps = fc.array(fc.tuple(fc.constantFrom('ask', 'runs', 'ends', 'giveBack'), fc.constantFrom(...bundles)));
  const { failed, counterexample } = fc.check(
    fc.property(limits, steps, (given, happens) => {
      const { ask, runs, ends, release, woken } = placesWith(given);
      const having = new Set<string>();
      const waiting = new Set<string>();
      const hasSlot = (bundle: string) => {
        having.add(bundle);
        waiting.delete(bundle);
      };
      for (const [what, bundle] of happens) {
        if (what === 'ask') {
          if (ask(bundle)[0] === true) hasSlot(bundle);
          else waiting.add(bundle);
        } else if (what === 'runs' && having.has(bundle)) runs(bundle);
        else if (what === 'ends' && having.delete(bundle)) ends(bundle);
        else if (what === 'giveBack' && waiting.delete(bundle)) release(bundle);
        for (const next of woken()) hasSlot(next);
        const inNamespace = (of: string) => [...having].filter((one) => one.startsWith(`${of}/`)).length;
        const room = (of: string) =>
          (given.total === 0 || having.size < given.total) &&
          (given.perNamespace === 0 || inNamespace(of) < given.perNamespace);
        const exceeded = (limit: number, count: number) => limit > 0 && count > limit;
        if (exceeded(given.total, having.size)) return false;
        if (['a', 'b', 'c'].some((of) => exceeded(given.perNamespace, inNamespace(of)))) return false;
        if ([...waiting].some((one) => room(one.slice(0, 1)))) return false;
      }
      return true;
    }),
  );
  t.notOk(failed, JSON.stringify(counterexample));
});
