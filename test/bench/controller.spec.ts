import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { parseArguments } from './controller/arguments.js';
import { CallCounter, readsIn, writesIn } from './controller/calls.js';
import type { Measured } from './controller/measure.js';
import { judge } from './controller/targets.js';

const quiet = { own: { p99Ms: 5, maxMs: 100 }, idle: { p99Ms: 1, maxMs: 10 } };
const good: Measured = {
  bundles: 1_000,
  repositories: 100,
  intervalSeconds: 120,
  starting: quiet,
  deploying: { seconds: 60, cpuMs: 10, writes: 14, reads: 14, delays: quiet },
  steady: { writes: 0, reads: 3_000, scans: 104, cpuMs: 2, delays: quiet },
  memory: { heapUsed: 40e6, rss: 120e6, highestRss: 200e6 },
  newTags: { fromPush: [60], fromListing: [0.1] },
  restart: { readySeconds: 2, firstSeconds: 5, lastSeconds: 90, repeated: 0, highestRss: 180e6 },
  calls: { deploying: {}, steady: {} },
};
const large = (changes: Partial<Measured>): readonly Measured[] => [good, { ...good, bundles: 10_000, ...changes }];

t.test('the targets of the controller’s benchmark', async (t) => {
  const missed = (sizes: readonly Measured[]) =>
    judge(sizes)
      .filter(({ met }) => !met)
      .map(({ measured }) => measured);
  t.strictSame(missed(large({})), []);
  t.equal(judge([good]).length, judge(large({})).length - 1, 'one size alone says nothing of growth');
  const table: readonly { title: string; changes: Partial<Measured>; want: string }[] = [
    {
      title: 'CPU for each bundle grows by more than 1.3',
      changes: { deploying: { ...good.deploying, cpuMs: 13.1 } },
      want: '10.0 → 13.1 ms: 1.31',
    },
    {
      title: 'the RSS was once at the limit, after the restart',
      changes: { restart: { ...good.restart, highestRss: 256e6 } },
      want: '120.0 MB in a steady interval, 256.0 MB at its highest',
    },
    { title: 'one write', changes: { steady: { ...good.steady, writes: 1 } }, want: '1 writes' },
    { title: 'too many scans', changes: { steady: { ...good.steady, scans: 111 } }, want: '111 scans' },
    { title: 'too few scans', changes: { steady: { ...good.steady, scans: 89 } }, want: '89 scans' },
    {
      title: 'late in a steady interval',
      changes: { steady: { ...good.steady, delays: { ...quiet, own: { p99Ms: 51, maxMs: 51 } } } },
      want: '51.0 ms; an idle process 1.0 ms',
    },
    {
      title: 'late at a start',
      changes: { starting: { ...quiet, own: { p99Ms: 51, maxMs: 301 } } },
      want: '301 ms; an idle process 10 ms',
    },
    {
      title: 'slow after a restart',
      changes: { restart: { ...good.restart, firstSeconds: 31 } },
      want: 'ready after 2.0 s, first Job after 31.0 s',
    },
    { title: 'a deployment repeated', changes: { restart: { ...good.restart, repeated: 1 } }, want: '1 repeated' },
  ];
  for (const { title, changes, want } of table) t.strictSame(missed(large(changes)), [want], title);
});

t.test(
  'the controller’s calls are counted from the audit log, each once, also a line that is still being written',
  async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'werfbundle-spec-'));
    t.teardown(() => rmSync(dir, { recursive: true, force: true }));
    const line = (verb: string, objectRef: object) =>
      JSON.stringify({ kind: 'Event', requestURI: '/x', verb, objectRef });
    const patch = line('patch', {
      resource: 'werfbundles',
      namespace: 'a',
      apiGroup: 'werf.io',
      subresource: 'status',
    });
    const get = line('get', { resource: 'secrets', namespace: 'a' });
    writeFileSync(join(dir, 'kube-apiserver.log'), 'not an audit log\n');
    const log = join(dir, 'kube-apiserver-audit.log');
    const watch = line('watch', { resource: 'jobs' });
    writeFileSync(log, `${get}\n${watch}\n${patch}\n${patch.slice(0, 40)}`);
    const counter = new CallCounter(dir);
    const first = await counter.since();
    t.strictSame(Object.fromEntries(first), { 'patch werfbundles/status': 1, 'get secrets': 1, 'watch jobs': 1 });
    t.strictSame([writesIn(first), readsIn(first)], [1, 1]);
    appendFileSync(log, `${patch.slice(40)}\n`);
    t.strictSame(Object.fromEntries(await counter.since()), { 'patch werfbundles/status': 1 });
    t.strictSame(Object.fromEntries(await counter.since()), {});
  },
);

t.test('the arguments of the controller’s benchmark', async (t) => {
  const sizesOf = (...argv: string[]) => {
    const parsed = parseArguments(argv);
    return parsed.kind === 'ok' ? parsed.choice.plan.sizes : parsed.kind;
  };
  t.strictSame(sizesOf(), [100, 1_000, 10_000]);
  t.strictSame(sizesOf('--quick', '--sizes', '7'), [7]);
  for (const wrong of ['', '10,5', '5,5', '0', '1.5', 'many', '1000000'])
    t.equal(sizesOf('--sizes', wrong), 'invalid', `"${wrong}"`);
  t.equal(sizesOf('--fast'), 'invalid');
  t.equal(sizesOf('-h'), 'help');
});
