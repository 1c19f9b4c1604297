import fc from 'fast-check';
import t from 'tap';
import { type HeldBody, ReceivingRoom } from '../../serving/receiving-room.js';

const CHUNK = 16 * 1024;

/** A caller that has so many chunks to send, and stops after some of them; one that stops at its end is honest. */
interface Plan {
  readonly chunks: number;
  readonly sends: number;
}

interface Caller extends Plan {
  readonly body: HeldBody;
  sent: number;
  isOpen: boolean;
  state: 'sending' | 'answered' | 'dropped';
}

const enter = (room: ReceivingRoom, plan: Plan): Caller => {
  const caller = { ...plan, sent: 0, isOpen: true, state: 'sending' as Caller['state'] };
  const body = room.enter({
    pause: () => {
      caller.isOpen = false;
    },
    resume: () => {
      caller.isOpen = true;
    },
  });
  return Object.assign(caller, { body });
};

/** A caller sends a chunk, if it may and wants to; an honest one is answered at its end. */
const step = (caller: Caller): void => {
  if (caller.state !== 'sending' || !caller.isOpen || caller.sent >= caller.sends) return;
  caller.sent += 1;
  caller.body.arrived(CHUNK);
  if (caller.sent < caller.chunks) return;
  caller.body.complete();
  caller.body.leave();
  caller.state = 'answered';
};

const look = (callers: readonly Caller[]): void => {
  for (const caller of callers) {
    if (caller.state !== 'sending' || !caller.body.look()) continue;
    caller.state = 'dropped';
    caller.body.leave();
  }
};

const honest = fc.integer({ min: 1, max: 40 }).map((chunks): Plan => ({ chunks, sends: chunks }));
const stalled = fc
  .integer({ min: 1, max: 40 })
  .chain((chunks) => fc.record({ chunks: fc.constant(chunks), sends: fc.integer({ min: 0, max: chunks - 1 }) }));

t.test('honest callers are all answered, whatever others do, and no more than the bound is kept', async (t) => {
  const limit = 60 * CHUNK;
  fc.assert(
    fc.property(
      fc.array(fc.oneof(honest, stalled), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 1_000_000 }),
      (plans, seed) => {
        const room = new ReceivingRoom({ limit, largest: 40 * CHUNK });
        const callers = plans.map((plan) => enter(room, plan));
        let random = seed;
        const next = (): number => {
          random = (random * 16_807) % 2_147_483_647;
          return random;
        };
        for (let turn = 0; turn < 200; turn += 1) {
          // Between two looks there is time for whoever may send to send it all, in any order.
          for (let sent = 0; sent < callers.length * 100; sent += 1) {
            const caller = callers[next() % callers.length];
            if (caller !== undefined) step(caller);
            if (room.held > limit + 2 * 40 * CHUNK + callers.length * 3 * CHUNK) return false;
          }
          look(callers);
          if (callers.some(({ state, sends, chunks }) => state === 'dropped' && sends === chunks)) return false;
        }
        return callers.every(({ state, sends, chunks }) => sends < chunks || state === 'answered');
      },
    ),
    { numRuns: 300 },
  );
  t.pass('in any order');
});

t.test('nothing is left of bodies that have gone', async (t) => {
  const room = new ReceivingRoom({ limit: 10 * CHUNK, largest: 5 * CHUNK });
  const callers = Array.from({ length: 30 }, () => enter(room, { chunks: 5, sends: 4 }));
  for (let turn = 0; turn < 5; turn += 1) for (const caller of callers) step(caller);
  t.ok(room.isUsedUp);
  for (const { body } of callers) {
    body.leave();
    body.leave();
  }
  t.strictSame([room.held, room.isUsedUp], [0, false]);
});
