import t from 'tap';
import { Semaphore } from '../../process/semaphore.js';
import { settle } from '../kit/fake-clock.js';

t.test('who finds enough enters at once, the others in the order they came', async (t) => {
  const semaphore = new Semaphore(10);
  const entered: number[] = [];
  for (const amount of [6, 5, 1, 4]) void semaphore.acquire(amount).then(() => entered.push(amount));
  await settle();
  t.strictSame(entered, [6], 'one that is small does not overtake one that waits');
  semaphore.release(6);
  await settle();
  t.strictSame(entered, [6, 5, 1, 4]);
  semaphore.release(5);
  semaphore.release(1);
  semaphore.release(4);
  await semaphore.acquire(10);
  t.pass('all of it is free again');
});

t.test('work takes up one each, and gives it back however it ends', async (t) => {
  const semaphore = new Semaphore(2);
  const ends: (() => void)[] = [];
  let most = 0;
  let running = 0;
  const work = (fails: boolean) => async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise<void>((resolve) => ends.push(resolve));
    running -= 1;
    if (fails) throw new Error('broken');
    return 'done';
  };
  const all = Promise.allSettled([true, false, true, false].map((fails) => semaphore.run(work(fails))));
  for (let at = 0; at < 4; at += 1) {
    await settle();
    ends[at]?.();
  }
  t.strictSame(
    (await all).map((end) => (end.status === 'fulfilled' ? end.value : end.reason.message)),
    ['broken', 'done', 'broken', 'done'],
  );
  t.equal(most, 2);
});
