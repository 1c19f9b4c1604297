import t from 'tap';
import { createScans } from '../../controller/scans/scans.js';
import { NO_TRACER } from '../../process/tracer.js';
import { createFakeClock, settle } from '../kit/fake-clock.js';
import { MemoryRegistry } from '../kit/memory-registry.js';
import { recordLog } from '../kit/record-log.js';
import { board, MINUTE, ref, SECOND, TIMEOUT, UNAUTHORIZED } from '../kit/scan-board.js';

t.test('scans run side by side, within bounds of number and time', async (t) => {
  t.test('ten scans of a host and fifty in all are under way at most', async (t) => {
    const { want, registry } = board(t);
    registry.hold();
    for (let index = 0; index < 100; index += 1) {
      const host = `r${index % 10}.example`;
      want(index % 2 === 0 ? `b${index}` : `other/b${index}`, {
        target: { host, repository: `acme/${index}`, insecure: false },
      });
    }
    for (let index = 0; index < 20; index += 1) {
      want(`c${index}`, { target: { host: 'r0.example', repository: `shop/${index}`, insecure: false } });
    }
    await settle();
    t.equal(registry.calls.length, 50);
    registry.release();
    await settle();
    t.equal(new Set(registry.calls).size, 120, 'and the others follow');
  });
  t.test('a bundle of another tenant does not wait for one whose registries hang', async (t) => {
    const { scans, registry, clock, delivered } = board(t);
    registry.hold();
    const interest = (namespace: string, name: string, host: string) => ({
      bundle: { namespace, name, uid: name },
      policy: {},
      pollIntervalMs: MINUTE,
      target: { host, repository: 'acme/app', insecure: false },
      due: { kind: 'at', time: clock.now() } as const,
    });
    for (let index = 0; index < 1_000; index += 1) scans.subscribe(interest('bad', `b${index}`, `h${index}.example`));
    await settle();
    t.equal(registry.calls.length, 25);
    scans.subscribe(interest('good', 'g', 'ghcr.io'));
    await settle();
    t.equal(registry.calls.at(-1), 'list ghcr.io/acme/app');
    registry.release();
    await settle();
    t.equal(delivered[0], 'b0');
  });
  t.test('a scan ends after a quarter of an hour, whatever the registry does', async (t) => {
    const { want, registry, clock, outcomeOf, results } = board(t);
    registry.hold();
    want('a');
    await clock.advance(15 * MINUTE - 1);
    t.equal(outcomeOf('a'), undefined);
    await clock.advance(1);
    t.strictSame(outcomeOf('a'), { kind: 'failed', failure: TIMEOUT });
    t.strictSame(results, ['timeout']);
    t.equal(clock.pending(), 1, 'and leaves nothing behind but the board’s own alarm');
  });
  t.test('an abort ends a scan under way; it has served nobody, and another start does it again', async (t) => {
    const { want, registry, stop, stopped, scans, delivered, log, clock, results } = board(t);
    registry.hold();
    want('a');
    await settle();
    stop.abort();
    await stopped;
    t.equal(clock.pending(), 0);
    t.strictSame([delivered, results], [[], []]);
    registry.release();
    const again = new AbortController();
    const ended = scans.start(again.signal);
    await clock.advance(SECOND);
    t.strictSame(delivered, ['a']);
    again.abort();
    await ended;
    t.notOk(log.entries.some(({ level }) => level === 'error'));
  });
  t.test('wishes made before the start are kept', async (t) => {
    const registry = new MemoryRegistry();
    registry.publish('acme/app', { v1: 'sha256:1' });
    const clock = createFakeClock();
    const delivered: string[] = [];
    const scans = createScans({
      tracer: NO_TRACER,
      registry,
      clock,
      random: { uniform: () => 0 },
      log: recordLog(),
      timeScale: 1,
      onDelivery: ({ name }) => delivered.push(name),
    });
    scans.subscribe({
      bundle: ref('a'),
      target: { host: 'ghcr.io', repository: 'acme/app', insecure: false },
      policy: {},
      pollIntervalMs: MINUTE,
      due: { kind: 'at', time: 0 },
    });
    await clock.advance(MINUTE);
    t.strictSame(delivered, []);
    const stop = new AbortController();
    const stopped = scans.start(stop.signal);
    await settle();
    t.strictSame(delivered, ['a']);
    stop.abort();
    await stopped;
  });
  t.test('a registry client with a fault does not stop the board, and the bundles hear of it', async (t) => {
    const { want, registry, outcomeOf, log, clock } = board(t);
    const listTags = registry.listTags.bind(registry);
    registry.listTags = () => Promise.reject(new Error('fault'));
    want('a');
    await settle();
    t.match(outcomeOf('a'), { kind: 'failed', failure: { code: 'protocol' } });
    t.equal(log.entries.filter(({ level }) => level === 'error').length, 1);
    registry.listTags = listTags;
    want('a', { due: { kind: 'at', time: clock.now() + MINUTE } });
    await clock.advance(MINUTE);
    t.match(outcomeOf('a'), { kind: 'selected' });
  });
  t.test('the log says what is polled and what failed, in the guide’s words, and never a credential', async (t) => {
    const { want, registry, log } = board(t);
    registry.failure = UNAUTHORIZED;
    const credential = { kind: 'basic', username: 'robot-name', password: 'canary-secret' } as const;
    want('a', { target: { host: 'ghcr.io', repository: 'acme/app', insecure: false, ca: 'PEM', credential } });
    await settle();
    const fields = { registry: 'ghcr.io/acme/app', bundles: ['shop/a'], waiting: 1, members: 1 };
    t.strictSame(log.entries, [
      { level: 'debug', message: 'polling registry', fields },
      {
        level: 'warn',
        message: 'polling registry failed',
        fields: { ...fields, error: 'error polling registry: 401 unauthorized' },
      },
    ]);
    t.notMatch(JSON.stringify(log.entries), /canary|robot|PEM/);
  });
  t.test('the log tells of each poll what the registry had, and whether it answered 304 Not Modified', async (t) => {
    const { want, registry, log, clock } = board(t);
    registry.etag = '"abc"';
    want('a');
    await settle();
    registry.unchanged = true;
    await clock.advance(15 * MINUTE);
    const fields = { registry: 'ghcr.io/acme/app', bundles: ['shop/a'], waiting: 1, members: 1 };
    const found = { ...fields, etag: '"abc"', tags: 1 };
    t.strictSame(log.entries, [
      { level: 'debug', message: 'polling registry', fields },
      { level: 'debug', message: 'polled registry', fields: found },
      { level: 'debug', message: 'polling registry', fields },
      { level: 'debug', message: 'polled registry', fields: { ...found, answer: '304 Not Modified' } },
    ]);
  });
});
