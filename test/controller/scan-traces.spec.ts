import t from 'tap';
import { board, MINUTE, ref, SECOND, TIMEOUT } from '../kit/scan-board.js';

const PUSH = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), isSampled: true };
const REPOSITORY = { name: 'ghcr.io/acme/app', below: false, trace: PUSH };
const interval = { due: { kind: 'interval' } } as const;

t.test('a poll is told of only if something follows from it, once, and as it was', async (t) => {
  const { clock, scans, want, tracer, log } = board(t, { isTraced: true });
  const begun = clock.now();
  want('a');
  await clock.advance(MINUTE);
  const { sequence = 0 } = scans.pending(ref('a')) ?? {};
  t.strictSame(tracer.ended, []);
  const scan = scans.traced(sequence);
  scan?.tell();
  scan?.tell();
  t.strictSame(tracer.ended, [
    {
      name: 'scan repository',
      traceId: scan?.context.traceId,
      spanId: scan?.context.spanId,
      parentId: undefined,
      at: begun,
      until: begun,
      attributes: { 'werfbundle.repository': 'ghcr.io/acme/app' },
      failure: undefined,
    },
  ]);
  t.match(log.entries.at(-1), { message: 'polled registry', fields: { trace_id: scan?.context.traceId } });
  t.equal(scans.traced(sequence + 1), undefined);
});

t.test('a scan for a push is a part of its trace, whatever it finds', async (t) => {
  const { registry, clock, scans, want, tracer } = board(t, { isTraced: true });
  want('a', interval);
  await clock.advance(15 * MINUTE);
  scans.pushed(REPOSITORY);
  await clock.advance(SECOND);
  const found = { name: 'scan repository', traceId: PUSH.traceId, parentId: PUSH.spanId };
  t.match(tracer.ended, [{ ...found, failure: undefined }]);
  registry.failure = TIMEOUT;
  scans.pushed(REPOSITORY);
  await clock.advance(SECOND);
  t.match(tracer.ended.slice(1), [{ ...found, failure: 'timeout' }]);
  registry.failure = undefined;
  await clock.advance(MINUTE);
  t.match(tracer.ended.slice(2), [{ ...found, failure: undefined }], 'and so are those that make up for it');
});

t.test('so is a scan for a push that came before its bundle', async (t) => {
  const { clock, want, tracer } = board(t, { isTraced: true, lastPush: () => REPOSITORY });
  want('a', interval);
  await clock.advance(SECOND);
  t.match(tracer.ended, [{ traceId: PUSH.traceId, parentId: PUSH.spanId }]);
});

t.test('as long as a bundle may take to look at it, a scan is known; not for ever', async (t) => {
  const { clock, scans, want } = board(t, { isTraced: true });
  want('a', { pollIntervalMs: 10 * SECOND });
  await clock.advance(SECOND);
  const { sequence: first = 0 } = scans.pending(ref('a')) ?? {};
  for (let push = 0; push < 1_001; push += 1) {
    scans.pushed({ name: REPOSITORY.name, below: false });
    await clock.advance(2 * SECOND);
  }
  const { sequence: last = 0 } = scans.pending(ref('a')) ?? {};
  t.ok(last - first >= 1_000, `${last}`);
  t.strictSame([scans.traced(first), scans.traced(last) === undefined], [undefined, false]);
});
