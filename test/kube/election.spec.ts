import fc from 'fast-check';
import t from 'tap';
import type { Stored } from '../../api/objects.js';
import { KubeError } from '../../kube/client.js';
import { type ElectionDeps, type LeaderTerm, standForElection } from '../../kube/election.js';
import {
  type ElectionCommand,
  type ElectionEvent,
  type ElectionState,
  firstStep,
  type Lease,
  type Moment,
  stepElection,
} from '../../kube/election-step.js';
import { fencedClient } from '../../kube/fenced-client.js';
import { ACCOUNT_TOKEN, CONFIGMAPS, LEASES } from '../../kube/resources.js';
import { createFakeClock, settle } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { recordLog } from '../kit/record-log.js';

const REF = { namespace: 'system', name: 'werfbundle-controller' };
const NOW = Date.UTC(2026, 10, 23, 10);
const TIME = '2026-11-23T10:00:00.000000Z';
const EARLIER = '2026-11-23T09:00:00.000000Z';

/** A Lease as the apiserver has it. */
const leaseOf = (holderIdentity: string, resourceVersion = '7', spec: Lease['spec'] = {}): Stored<Lease> => ({
  metadata: { ...REF, uid: 'a', resourceVersion, labels: { 'app.kubernetes.io/part-of': 'werfbundle' } },
  spec: {
    holderIdentity,
    leaseDurationSeconds: 15,
    acquireTime: EARLIER,
    renewTime: EARLIER,
    leaseTransitions: 3,
    ...spec,
  },
});

t.test('a step of an election', async (t) => {
  const candidate = { ...REF, identity: 'me' };
  const at = (monotonic: number): Moment => ({ monotonic, now: NOW, uniform: 0 });
  const leading: ElectionState = { kind: 'leading', lease: leaseOf('me'), until: 20_000 };
  const following: ElectionState = { kind: 'following' };
  const rival = (since: number, resourceVersion = '7') => ({ resourceVersion, since });
  const mine = (change: Lease['spec'], resourceVersion?: string): ElectionCommand => {
    const { uid, resourceVersion: _, ...metadata } = leaseOf('me').metadata;
    return {
      kind: 'write',
      lease: {
        metadata: { ...metadata, ...(resourceVersion !== undefined && { uid, resourceVersion }) },
        spec: { holderIdentity: 'me', leaseDurationSeconds: 15, renewTime: TIME, ...change },
      },
    };
  };
  const wait = (ms: number): ElectionCommand => ({ kind: 'wait', ms });
  const rows: readonly {
    readonly title: string;
    readonly state?: ElectionState;
    readonly event: ElectionEvent;
    readonly now?: number;
    readonly want: readonly [ElectionState, ElectionCommand];
  }[] = [
    {
      title: 'creates a Lease that is not there',
      event: { kind: 'found', lease: undefined },
      want: [following, mine({ acquireTime: TIME, leaseTransitions: 0 })],
    },
    {
      title: 'takes a released one at once',
      event: { kind: 'found', lease: leaseOf('') },
      want: [following, mine({ acquireTime: TIME, leaseTransitions: 4 }, '7')],
    },
    {
      title: 'takes its own Lease again, without a new transition',
      event: { kind: 'found', lease: leaseOf('me') },
      want: [following, mine({ acquireTime: EARLIER, leaseTransitions: 3 }, '7')],
    },
    {
      title: 'looks again in a second while another one has it, whatever the times in it say',
      event: { kind: 'found', lease: leaseOf('other') },
      now: 1_000,
      want: [{ kind: 'following', rival: rival(1_000) }, wait(1_000)],
    },
    {
      title: 'counts from where it saw it change last',
      state: { kind: 'following', rival: rival(1_000, '6') },
      event: { kind: 'found', lease: leaseOf('other') },
      now: 15_900,
      want: [{ kind: 'following', rival: rival(15_900) }, wait(1_000)],
    },
    {
      title: 'wakes up when it expires, and no later',
      state: { kind: 'following', rival: rival(1_000) },
      event: { kind: 'found', lease: leaseOf('other') },
      now: 15_900,
      want: [{ kind: 'following', rival: rival(1_000) }, wait(100)],
    },
    {
      title: 'takes one that was not seen to change for as long as it lasts',
      state: { kind: 'following', rival: rival(1_000) },
      event: { kind: 'found', lease: leaseOf('other') },
      now: 16_000,
      want: [{ kind: 'following', rival: rival(1_000) }, mine({ acquireTime: TIME, leaseTransitions: 4 }, '7')],
    },
    {
      title: 'respects the lease duration of the other one',
      state: { kind: 'following', rival: rival(1_000) },
      event: { kind: 'found', lease: leaseOf('other', '7', { leaseDurationSeconds: 60 }) },
      now: 16_000,
      want: [{ kind: 'following', rival: rival(1_000) }, wait(1_000)],
    },
    {
      title: 'goes on following when another one was faster',
      event: { kind: 'refused' },
      want: [following, wait(1_000)],
    },
    {
      title: 'goes on following when the apiserver does not answer',
      event: { kind: 'failed' },
      want: [following, wait(1_000)],
    },
    { title: 'looks after each pause', event: { kind: 'waited' }, want: [following, { kind: 'look' }] },
    {
      title: 'leads for ten seconds from when its write was sent',
      event: { kind: 'written', lease: leaseOf('me'), sentAt: 10_000 },
      now: 13_000,
      want: [leading, wait(2_000)],
    },
    {
      title: 'does not lead when the answer came too late',
      event: { kind: 'written', lease: leaseOf('me'), sentAt: 10_000 },
      now: 20_000,
      want: [following, { kind: 'look' }],
    },
    {
      title: 'renews what it wrote last',
      state: leading,
      event: { kind: 'waited' },
      now: 12_000,
      want: [leading, { kind: 'write', lease: leaseOf('me', '7', { renewTime: TIME }) }],
    },
    {
      title: 'reads the Lease when a renewal is refused',
      state: leading,
      event: { kind: 'refused' },
      now: 12_000,
      want: [leading, { kind: 'look' }],
    },
    {
      title: 'goes on leading when it was its own renewal, whose answer was lost',
      state: leading,
      event: { kind: 'found', lease: leaseOf('me', '8') },
      now: 12_000,
      want: [leading, mine({ acquireTime: EARLIER, leaseTransitions: 3 }, '8')],
    },
    {
      title: 'leads no more when another one has it',
      state: leading,
      event: { kind: 'found', lease: leaseOf('other', '8') },
      now: 12_000,
      want: [{ kind: 'following', rival: rival(12_000, '8') }, wait(1_000)],
    },
    {
      title: 'tries again until its time is over',
      state: leading,
      event: { kind: 'failed' },
      now: 19_700,
      want: [leading, wait(300)],
    },
    {
      title: 'leads no more once its time is over, five seconds before anybody else may begin',
      state: leading,
      event: { kind: 'failed' },
      now: 20_000,
      want: [following, wait(1_000)],
    },
  ];
  for (const { title, state = following, event, now = 0, want } of rows) {
    const step = stepElection(state, event, { candidate, moment: at(now) });
    t.strictSame([step.state, step.command], want, title);
  }
});

t.test('no two processes lead at once, whatever is slow, lost or frozen', async (t) => {
  const NAMES = ['a', 'b', 'c'];
  const act = fc.record({
    who: fc.constantFrom(...NAMES),
    /** Time that passes before; a frozen process is one that is not chosen for long. */
    afterMs: fc.oneof(
      { weight: 15, arbitrary: fc.integer({ min: 0, max: 300 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 20_000 }) },
    ),
    /** Answers may be lost on the way. */
    lost: fc.boolean(),
  });
  let terms = 0;
  const simulate = (acts: readonly { who: string; afterMs: number; lost: boolean }[]): boolean => {
    let now = 0;
    let stored: Stored<Lease> | undefined;
    let version = 0;
    const all = new Map(NAMES.map((name) => [name, new Process(name)]));
    const serve = (command: ElectionCommand, sentAt: number): ElectionEvent => {
      if (command.kind === 'wait') return { kind: 'waited' };
      if (command.kind === 'look') return { kind: 'found', lease: stored };
      if (command.lease.metadata.resourceVersion !== stored?.metadata.resourceVersion) return { kind: 'refused' };
      version += 1;
      stored = { ...command.lease, metadata: { ...command.lease.metadata, uid: 'a', resourceVersion: `${version}` } };
      return { kind: 'written', lease: stored, sentAt };
    };
    for (const { who, afterMs, lost } of acts) {
      now += afterMs;
      all.get(who)?.turn({ now, lost, serve });
      const leaders = [...all.values()].filter(({ state }) => state.kind === 'leading' && now < state.until);
      if (leaders.length === 1) terms += 1;
      if (leaders.length > 1) return false;
    }
    return true;
  };
  fc.assert(fc.property(fc.array(act, { minLength: 50, maxLength: 300 }), simulate));
  t.ok(terms > 100, 'and somebody does lead');
});

/** A process that sends, is served and hears of it at different times. */
class Process {
  state: ElectionState = firstStep.state;
  readonly #name: string;
  #command: ElectionCommand = firstStep.command;
  #sentAt: number | undefined;
  #answer: ElectionEvent | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  turn(world: {
    readonly now: number;
    readonly lost: boolean;
    readonly serve: (command: ElectionCommand, sentAt: number) => ElectionEvent;
  }): void {
    if (this.#sentAt === undefined) {
      this.#sentAt = world.now;
    } else if (this.#answer === undefined) {
      this.#answer = world.serve(this.#command, this.#sentAt);
    } else {
      const event: ElectionEvent = world.lost && this.#command.kind !== 'wait' ? { kind: 'failed' } : this.#answer;
      const moment = { monotonic: world.now, now: NOW + world.now, uniform: 0.5 };
      const candidate = { ...REF, identity: this.#name };
      ({ state: this.state, command: this.#command } = stepElection(this.state, event, { candidate, moment }));
      this.#sentAt = undefined;
      this.#answer = undefined;
    }
  }
}

t.test('an election', async (t) => {
  const setup = () => {
    const clock = createFakeClock(NOW);
    const kube = createFakeKube({ clock });
    const log = recordLog();
    const told: string[] = [];
    /** Work ends with its term; `lead` may be told otherwise. */
    const join = (identity: string, more: Partial<ElectionDeps> = {}) => {
      const stop = new AbortController();
      const terms: LeaderTerm[] = [];
      const lead = (term: LeaderTerm): Promise<void> => {
        terms.push(term);
        return new Promise((resolve) => term.ending.addEventListener('abort', () => resolve()));
      };
      const onChange = (leads: boolean) =>
        void told.push(`${clock.monotonic()} ${identity} ${leads ? 'leads' : 'follows'}`);
      const onStuck = () => void told.push(`${clock.monotonic()} ${identity} is stuck`);
      const candidate = { ...REF, identity };
      const random = { uniform: () => 0 };
      const done = standForElection(
        { client: kube, clock, random, log, candidate, lead, onChange, onStuck, ...more },
        stop.signal,
      );
      return { stop: () => stop.abort(), done, terms };
    };
    return { clock, kube, log, told, join, lease: () => kube.read(LEASES, REF) };
  };

  t.test('is handed over within a second of a good end', async (t) => {
    const { clock, told, join, lease } = setup();
    const [first, second] = [join('a'), join('b')];
    await clock.advance(60_500);
    t.strictSame(told, ['0 a leads'], 'one leads for as long as it lives');
    first.stop();
    await first.done;
    t.match(lease()?.spec, { holderIdentity: '', leaseDurationSeconds: 1 });
    await clock.advance(1_000);
    t.strictSame(told, ['0 a leads', '60500 a follows', '61000 b leads']);
    t.match(lease()?.spec, { holderIdentity: 'b', leaseDurationSeconds: 15, leaseTransitions: 1 });
    second.stop();
    await second.done;
    t.equal(clock.pending(), 0, 'and nothing is left of it');
  });

  t.test('is won sixteen seconds after a kill at the latest', async (t) => {
    const { clock, told, join } = setup();
    const dead = new AbortController();
    const kube = createFakeKube({ clock });
    const killed = () => (dead.signal.aborted ? new Promise<never>(() => {}) : undefined);
    join('a', {
      client: {
        get: async (...args) => (await killed()) ?? (await kube.get(...args)),
        create: async (...args) => (await killed()) ?? (await kube.create(...args)),
        replace: async (...args) => (await killed()) ?? (await kube.replace(...args)),
      },
    });
    await clock.advance(100);
    const second = join('b', { client: kube });
    await clock.advance(30_000);
    dead.abort();
    await clock.advance(20_000);
    const [first, when = ''] = told;
    t.equal(first, '0 a leads');
    t.match(when, /^\d+ b leads$/);
    t.ok(Number.parseInt(when, 10) <= 30_100 + 16_000, when);
    second.stop();
    await second.done;
  });

  t.test('is lost in time by a leader whose apiserver is away, and won again', async (t) => {
    const { clock, kube, log, told, join } = setup();
    const only = join('a');
    await clock.advance(500);
    const [term] = only.terms;
    kube.failNext({ plural: 'leases' }, () => new KubeError('unavailable', 'update leases: unavailable'), 13);
    await clock.advance(20_000);
    t.match(told, ['0 a leads', '10000 a follows', /^1\d{4} a leads$/]);
    t.strictSame([term?.ending.aborted, term?.over.aborted, term?.holds()], [true, true, false]);
    t.equal(only.terms.length, 2);
    t.equal(only.terms[1]?.holds(), true);
    t.strictSame(
      log.entries.map(({ level, message }) => `${level} ${message}`),
      [
        'info leads',
        'warn the Lease can not be read or written',
        'warn leads no more: the Lease was not renewed in time, or somebody else has it',
        'info the Lease can be read and written again',
        'info leads',
      ],
      'told once each',
    );
    only.stop();
    await only.done;
  });

  t.test('waits for aborted work to end before it stands again', async (t) => {
    const { clock, kube, told, join } = setup();
    let finish = (): void => undefined;
    const slow = join('a', {
      lead: () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    });
    await clock.advance(500);
    kube.seed(LEASES, leaseOf('thief', ''));
    await clock.advance(5_000);
    t.strictSame(told, ['0 a leads', '2000 a follows']);
    kube.vanish(LEASES, REF);
    await clock.advance(5_000);
    t.equal(told.length, 2);
    finish();
    await clock.advance(2_000);
    t.match(told, ['0 a leads', '2000 a follows', /a leads$/]);
    slow.stop();
    finish();
    await slow.done;
  });

  t.test(
    'reports work that goes on for ten seconds after it was aborted: only another process can lead then',
    async (t) => {
      const rows = [
        { title: 'the Lease is somebody else’s', end: 'lost', want: ['2000 a follows', '12000 a is stuck'] },
        { title: 'the process is to stop', end: 'stop', want: ['20000 a is stuck'] },
      ] as const;
      for (const { title, end, want } of rows) {
        const { clock, kube, log, told, join } = setup();
        const only = join('a', { lead: () => new Promise<never>(() => {}) });
        await clock.advance(500);
        if (end === 'lost') kube.seed(LEASES, leaseOf('thief', ''));
        else only.stop();
        await clock.advance(60_000);
        t.strictSame(told, ['0 a leads', ...want], title);
        t.match(log.entries.at(-1), {
          level: 'error',
          message: 'the process gives up: a term does not end',
          fields: { error: { message: 'work goes on 10 s after this process has ceased to lead' } },
        });
      }
    },
  );

  t.test('lets work end while it holds the Lease, and aborts it after that', async (t) => {
    const { clock, join, lease } = setup();
    const seen: string[] = [];
    const only = join('a', {
      lead: ({ ending, over, holds }) =>
        new Promise((resolve) => {
          ending.addEventListener('abort', () => seen.push(`asked to end, holds: ${holds()}`));
          over.addEventListener('abort', () => {
            seen.push(`cut off after ${clock.monotonic()}, holds: ${holds()}`);
            resolve();
          });
        }),
    });
    await clock.advance(500);
    only.stop();
    await settle();
    t.equal(lease()?.spec?.holderIdentity, 'a', 'nobody else may begin yet');
    await clock.advance(20_000);
    await only.done;
    t.strictSame(seen, ['asked to end, holds: true', 'cut off after 10000, holds: false']);
    t.equal(lease()?.spec?.holderIdentity, '');
  });

  t.test('ends when the work fails, with that error, and releases the Lease', async (t) => {
    const { join, lease } = setup();
    const fault = new Error('a bug');
    const only = join('a', { lead: async () => Promise.reject(fault) });
    await t.rejects(only.done, fault);
    t.equal(lease()?.spec?.holderIdentity, '');
  });
});

t.test('a process that was frozen writes nothing any more, even before a timer has fired', async (t) => {
  const clock = createFakeClock(NOW);
  const kube = createFakeKube({ clock });
  let term: LeaderTerm | undefined;
  const stop = new AbortController();
  const frozen = { ...clock, monotonic: () => clock.monotonic() + slept };
  let slept = 0;
  const done = standForElection(
    {
      client: kube,
      clock: frozen,
      random: { uniform: () => 0 },
      log: recordLog(),
      candidate: { ...REF, identity: 'a' },
      onStuck: () => t.fail('nothing is stuck'),
      lead: (given) => {
        term = given;
        return new Promise((resolve) => given.ending.addEventListener('abort', () => resolve()));
      },
    },
    stop.signal,
  );
  await clock.advance(100);
  const client = fencedClient(kube, () => term?.holds() ?? false);
  const { signal } = new AbortController();
  const ref = { namespace: 'ops', name: 'x' };
  await client.create(CONFIGMAPS, { metadata: ref }, signal);
  slept = 60_000;
  kube.clearActions();
  const writes: readonly (() => Promise<unknown>)[] = [
    () => client.create(CONFIGMAPS, { metadata: ref }, signal),
    () => client.replace(CONFIGMAPS, { metadata: { ...ref, uid: 'a', resourceVersion: '1' } }, signal),
    () => client.mergePatch(CONFIGMAPS, ref, {}, {}, signal),
    () => client.delete(CONFIGMAPS, ref, {}, signal),
    () => client.createSubresource(ACCOUNT_TOKEN, ref, { spec: {} }, signal),
  ];
  for (const write of writes) await t.rejects(write(), { code: 'aborted', message: /does not lead any more$/ });
  t.strictSame(kube.actions, []);
  t.ok(await client.get(CONFIGMAPS, ref, signal), 'though it may read');
  t.equal(term?.over.aborted, true, 'and all that runs is broken off');
  stop.abort();
  await done;
});
