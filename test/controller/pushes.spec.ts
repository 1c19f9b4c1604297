import t, { type Test } from 'tap';
import { encodePush, PUSHES_CONFIGMAP, type PushRecord, pushKey } from '../../api/push-record.js';
import { Pushes } from '../../controller/cache/pushes.js';
import { CONFIGMAPS } from '../../kube/resources.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { recordLog } from '../kit/record-log.js';

const REF = { namespace: 'operator', name: PUSHES_CONFIGMAP };
const MINUTE = 60_000;

const setup = async (test: Test) => {
  const clock = createFakeClock();
  const client = createFakeKube({ clock });
  const told: string[] = [];
  const stop = new AbortController();
  const log = recordLog();
  const pushes = new Pushes({
    client,
    clock,
    random: { uniform: () => 0.5 },
    log,
    namespace: 'operator',
    onPush: ({ name, below }) => told.push(below ? `${name}/…` : name),
  });
  const running = pushes.start(stop.signal);
  test.teardown(async () => {
    stop.abort();
    await running;
  });
  const write = async (data: Readonly<Record<string, string>>) => {
    client.seed(CONFIGMAPS, { metadata: REF, data });
    await clock.advance(100);
    return told.splice(0);
  };
  const push = (name: string, changes: Partial<PushRecord> = {}): Readonly<Record<string, string>> => {
    const record = { name, below: false, at: clock.now(), ...changes };
    return { [pushKey(record)]: encodePush(record) };
  };
  await clock.advance(100);
  return { clock, pushes, write, push, log };
};

t.test('each push is told of once, and again when it is pushed again', async (t) => {
  const { clock, write, push } = await setup(t);
  const first = push('ghcr.io/acme/shop');
  t.strictSame(await write(first), ['ghcr.io/acme/shop']);
  t.strictSame(await write({ ...first, ...push('ghcr.io/acme', { below: true }) }), ['ghcr.io/acme/…']);
  t.strictSame(await write(first), []);
  await clock.advance(MINUTE);
  t.strictSame(await write(push('ghcr.io/acme/shop')), ['ghcr.io/acme/shop']);
});

t.test('a push counts for five minutes', async (t) => {
  const { clock, pushes, write, push } = await setup(t);
  await write({ ...push('ghcr.io/acme/shop'), ...push('ghcr.io/group', { below: true }) });
  t.strictSame(
    ['ghcr.io/acme/shop', 'ghcr.io/group/a/b', 'ghcr.io/acme/other', 'ghcr.io/groups'].map(
      (name) => pushes.lastPush(name)?.name,
    ),
    ['ghcr.io/acme/shop', 'ghcr.io/group', undefined, undefined],
  );
  await clock.advance(6 * MINUTE);
  t.notOk(pushes.lastPush('ghcr.io/acme/shop'));
});

t.test('what no receiver could have written is as if it were not there', async (t) => {
  const { clock, pushes, write, push } = await setup(t);
  const [key = '', text = ''] = Object.entries(push('ghcr.io/acme/shop'))[0] ?? [];
  const wrong: readonly Readonly<Record<string, string>>[] = [
    { [key]: 'no json' },
    { [key]: '[]' },
    { [key]: `${text.slice(0, -1)}${' '.repeat(600)}}` },
    { other: text },
    { [key]: text.replace('shop', 'web') },
    push('ghcr.io', { below: true }),
    push('a b/../c'),
    push('ghcr.io/acme/shop', { at: clock.now() + 6 * MINUTE }),
    push('ghcr.io/acme/shop', { at: clock.now() - 6 * MINUTE }),
  ];
  for (const data of wrong) t.strictSame(await write(data), [], JSON.stringify(data).slice(0, 100));
  t.notOk(pushes.lastPush('ghcr.io/acme/shop'));
});

t.test('a receiver whose clock differs is told of, once an hour', async (t) => {
  const { clock, write, push, log } = await setup(t);
  const warned = () => log.entries.filter(({ level }) => level === 'warn');
  const told = () => warned().map(({ fields }) => fields['repository']);
  const [name, late] = ['ghcr.io/acme/shop', () => clock.now() - 6 * MINUTE] as const;
  await write(push('ghcr.io/acme/older', { at: late() }));
  t.strictSame(told(), [], 'it may have stood there for long');
  const now = push(name);
  await write(now);
  await clock.advance(10 * MINUTE);
  await write({ ...now, ...push('ghcr.io/acme/web') });
  t.strictSame(told(), [], 'what has grown old is no fault of a clock');
  await write(push(name, { at: late() }));
  t.match(warned(), [
    {
      level: 'warn',
      message: /^pushes are passed over: .* more than five minutes apart$/,
      fields: { repository: name, received: /^\d{4}-.*Z$/, now: /^\d{4}-.*Z$/ },
    },
  ]);
  for (let minute = 0; minute < 58; minute++) {
    await clock.advance(MINUTE);
    await write(push(name, { at: late() }));
  }
  t.strictSame(told(), [name], 'and no more for an hour');
  await clock.advance(2 * MINUTE);
  await write(push('ghcr.io/acme/ahead', { at: clock.now() + 6 * MINUTE }));
  t.strictSame(told(), [name, 'ghcr.io/acme/ahead']);
});

t.test('a push that lies ahead is told of even where it is the first that is seen', async (t) => {
  const { clock, write, push, log } = await setup(t);
  await write(push('ghcr.io/acme/shop', { at: clock.now() + 6 * MINUTE }));
  t.match(log.entries, [{ level: 'warn', fields: { repository: 'ghcr.io/acme/shop' } }]);
});

t.test(
  'a push says where in a trace it was received; what is no place in a trace makes it no less a push',
  async (t) => {
    const { pushes, write, push } = await setup(t);
    const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), isSampled: true };
    const [[key, text] = ['', '']] = Object.entries(push('ghcr.io/acme/shop', { trace }));
    t.match(text, `"traceparent":"00-${trace.traceId}-${trace.spanId}-01"`);
    await write({ [key]: text });
    t.match(pushes.lastPush('ghcr.io/acme/shop'), { trace });
    t.strictSame(await write({ [key]: text.replace('"00-', '"01-') }), [], 'the time is the same');
    t.notOk(pushes.lastPush('ghcr.io/acme/shop')?.trace);
  },
);

t.test('however much stands there, little of it is read', async (t) => {
  const { write, push } = await setup(t);
  const many = Array.from({ length: 20_000 }, (_, index) => push(`ghcr.io/acme/shop-${index}`));
  const told = await write(Object.assign({}, ...many));
  t.ok(told.length <= 256, `${told.length}`);
});
