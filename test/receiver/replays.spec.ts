import t from 'tap';
import { Replays } from '../../receiver/replays.js';

const MINUTE = 60_000;

t.test('calls are remembered for as long as they could pass again, each receiver by itself', (t) => {
  let now = 0;
  const replays = new Replays(() => now);
  replays.add('ci', 'a');
  now = 10 * MINUTE - 1;
  t.strictSame([replays.has('ci', 'a'), replays.has('ci', 'b'), replays.has('harbor', 'a')], [true, false, false]);
  now += 1;
  t.notOk(replays.has('ci', 'a'));
  t.end();
});

t.test('what is kept grows with the calls that are still remembered, and with nothing else', (t) => {
  let now = 0;
  const replays = new Replays(() => now);
  for (let receiver = 0; receiver < 5_000; receiver++) replays.add(`r${receiver}`, 'a');
  t.equal(replays.size, 5_000);
  for (let call = 0; call < 100_000; call++) {
    now += 50;
    replays.add('ci', `${call}`);
  }
  t.ok(replays.size <= 5_000 + 12_001, `${replays.size}`);
  replays.remove('ci', '99999');
  t.notOk(replays.has('ci', '99999'));
  for (let call = 0; call < 50_000; call++) replays.add('ci', `at once ${call}`);
  t.ok(replays.size <= 5_000 + 20_000, `${replays.size}`);
  t.end();
});
