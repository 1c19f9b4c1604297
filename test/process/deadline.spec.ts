import { getEventListeners, getMaxListeners } from 'node:events';
import t from 'tap';
import { Deadline } from '../../process/deadline.js';
import { pause, untilAborted } from '../../process/sleep.js';
import { systemClock } from '../../process/system-clock.js';
import { createFakeClock } from '../kit/fake-clock.js';

const setup = (ms = 2_500) => {
  const [clock, caller] = [createFakeClock(), new AbortController()];
  const deadline = new Deadline(clock, ms, caller);
  /** What of it is left: timers, and listeners of the caller. */
  const left = () => [clock.pending(), getEventListeners(caller.signal, 'abort').length];
  return { clock, caller, deadline, left };
};

t.test('a time that is over aborts its signal, and is expired', async (t) => {
  const { clock, deadline, left } = setup();
  const { signal } = deadline;
  await clock.advance(2_499);
  t.strictSame([signal.aborted, deadline.expired], [false, false]);
  await clock.advance(1);
  t.strictSame([signal.aborted, signal.reason.message, deadline.expired], [true, 'no end within 2.5 s', true]);
  t.strictSame(left(), [0, 0], 'nothing is left of it');
});

t.test('a time starts when its signal is asked for', async (t) => {
  const { clock, deadline, left } = setup();
  await clock.advance(10_000);
  t.strictSame(left(), [0, 0], 'there is nothing before');
  t.notOk(deadline.signal.aborted);
  await clock.advance(2_500);
  t.ok(deadline.expired);
});

t.test('whoever calls ends the time, with their own reason', async (t) => {
  const { clock, caller, deadline, left } = setup();
  const { signal } = deadline;
  caller.abort(new Error('stop'));
  t.strictSame([signal.aborted, signal.reason.message, deadline.expired], [true, 'stop', false]);
  t.strictSame(left(), [0, 0]);
  await clock.advance(10_000);
  t.notOk(deadline.expired, 'it was ended before');

  const late = setup();
  late.caller.abort(new Error('stop'));
  t.strictSame([late.deadline.signal.aborted, late.deadline.signal.reason.message], [true, 'stop']);
  t.strictSame(late.left(), [0, 0], 'who has given up already counts as well');
});

t.test('a time may be ended by hand, before and after it started', async (t) => {
  const { deadline, left } = setup();
  const { signal } = deadline;
  deadline.abort(new Error('nobody waits'));
  t.strictSame([signal.aborted, signal.reason.message, deadline.expired], [true, 'nobody waits', false]);
  t.strictSame(left(), [0, 0]);

  const early = setup();
  early.deadline.abort(new Error('nobody waits'));
  t.strictSame([early.deadline.signal.aborted, early.deadline.signal.reason.message], [true, 'nobody waits']);
  t.strictSame(early.left(), [0, 0]);
});

t.test('many may listen, and fetch() can ask how many', (t) => {
  const { caller, deadline } = setup();
  t.strictSame([deadline.signal, caller.signal].map(getMaxListeners), [
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
  ]);
  t.end();
});

t.test('nothing is left of a time that is released, and nothing ends it', async (t) => {
  const { clock, caller, deadline, left } = setup();
  const { signal } = deadline;
  t.strictSame(left(), [1, 1]);
  deadline.release();
  t.strictSame(left(), [0, 0]);
  await clock.advance(10_000);
  caller.abort();
  t.strictSame([signal.aborted, deadline.expired], [false, false]);

  const before = setup();
  before.deadline.release();
  t.notOk(before.deadline.signal.aborted);
  t.strictSame(before.left(), [0, 0], 'asked for its signal afterwards, it does not start');
});

t.test('work gets the signal, and the time is released however it ends', async (t) => {
  const good = setup();
  t.equal(
    await good.deadline.run(async (signal) => (signal === good.deadline.signal ? 'done' : 'another signal')),
    'done',
  );
  t.strictSame(good.left(), [0, 0]);

  const bad = setup();
  await t.rejects(
    bad.deadline.run(() => Promise.reject(new Error('broken'))),
    new Error('broken'),
  );
  t.strictSame(bad.left(), [0, 0]);

  const slow = setup();
  const work = slow.deadline.run((signal) => slow.clock.sleep(10_000, signal));
  const rejected = t.rejects(work, new Error('no end within 2.5 s'));
  await slow.clock.advance(2_500);
  await rejected;
  t.ok(slow.deadline.expired);
});

t.test('a pause ends by itself or with its signal, and passes on what else goes wrong', async (t) => {
  const { clock, caller } = setup();
  const paused = Promise.all([pause(clock, 10, caller.signal), pause(clock, 1_000_000, caller.signal)]);
  await clock.advance(10);
  t.equal(clock.pending(), 1);
  caller.abort();
  await paused;
  await pause(clock, 10, caller.signal);
  t.equal(clock.pending(), 0);
  const broken = { sleep: () => Promise.reject(new Error('broken')) };
  await t.rejects(pause(broken, 10, new AbortController().signal), new Error('broken'));
});

t.test('the end of a signal can be waited for', async (t) => {
  const controller = new AbortController();
  const ended = untilAborted(controller.signal);
  controller.abort();
  await ended;
  await untilAborted(controller.signal);
  t.equal(getEventListeners(controller.signal, 'abort').length, 0);
});

t.test("the machine's timers come once, unless they are cancelled, however long they are", async (t) => {
  let calls = 0;
  const count = () => {
    calls += 1;
  };
  systemClock.startTimer(2 ** 40, count).cancel();
  systemClock.startTimer(1, count).cancel();
  const longest = systemClock.startTimer(2 ** 31, count);
  await new Promise<void>((resolve) => systemClock.startTimer(5, resolve));
  longest.cancel();
  t.equal(calls, 0, 'Node would let a timer of more than 2^31 - 1 ms come at once');
  systemClock.startTimer(-1, count);
  await systemClock.sleep(5);
  t.equal(calls, 1);
});
