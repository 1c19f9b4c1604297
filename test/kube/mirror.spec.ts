import t from 'tap';
import type { ConfigMap, ObjectRef, Stored } from '../../api/objects.js';
import { errorOfAnswer, type FailedAnswer } from '../../kube/answer-error.js';
import { ChangeFeed } from '../../kube/change-feed.js';
import { KubeError } from '../../kube/client.js';
import { type Change, createReflector } from '../../kube/reflector.js';
import { type ReflectorEvent, type ReflectorState, stepReflector } from '../../kube/reflector-step.js';
import { CONFIGMAPS } from '../../kube/resources.js';
import { warningsIn } from '../../kube/warning-header.js';
import { linesOf, parseWatchLine } from '../../kube/watch-stream.js';
import { kubeContract } from '../contract/kube.contract.js';
import { createFakeClock, settle } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { recordLog } from '../kit/record-log.js';

t.test('the fake cluster keeps the contract', async (t) => {
  await kubeContract(t, async () => ({ client: createFakeKube(), namespace: 'contract' }));
});

t.test('a step of a reflector', async (t) => {
  const listing: ReflectorState = { kind: 'listing', failures: 0 };
  const watching: ReflectorState = { kind: 'watching', failures: 0, resourceVersion: '7' };
  const failed = (code: KubeError['code'], retryAfterMs?: number): ReflectorEvent => ({
    kind: 'failed',
    code,
    retryAfterMs,
  });
  const rows: readonly {
    readonly title: string;
    readonly state: ReflectorState;
    readonly event: ReflectorEvent;
    readonly want: readonly [ReflectorState, number];
  }[] = [
    {
      title: 'watches from the version of the list',
      state: listing,
      event: { kind: 'listed', resourceVersion: '9' },
      want: [{ kind: 'watching', failures: 0, resourceVersion: '9' }, 0],
    },
    {
      title: 'remembers failures over a list, so that a refused watch is not tried in a tight loop',
      state: { kind: 'listing', failures: 2 },
      event: { kind: 'listed', resourceVersion: '9' },
      want: [{ kind: 'watching', failures: 2, resourceVersion: '9' }, 0],
    },
    {
      title: 'goes on from the version of the last event, its failures forgotten',
      state: { ...watching, failures: 4 },
      event: { kind: 'progressed', resourceVersion: '8' },
      want: [{ kind: 'watching', failures: 0, resourceVersion: '8' }, 0],
    },
    {
      title: 'watches on at once when the server ended a watch after its time',
      state: watching,
      event: { kind: 'watch-ended', livedMs: 300_000 },
      want: [watching, 0],
    },
    {
      title: 'waits after a watch that ended as soon as it began',
      state: watching,
      event: { kind: 'watch-ended', livedMs: 10 },
      want: [{ ...watching, failures: 1 }, 500],
    },
    {
      title: 'lists again, after a pause, when the version is gone',
      state: watching,
      event: failed('gone'),
      want: [{ kind: 'listing', failures: 1 }, 500],
    },
    {
      title: 'retries from the same version after a lost connection',
      state: { ...watching, failures: 1 },
      event: failed('unavailable'),
      want: [{ ...watching, failures: 2 }, 1000],
    },
    {
      title: 'waits 30 s at the most, and never gives up',
      state: { ...watching, failures: 50 },
      event: failed('unavailable'),
      want: [{ ...watching, failures: 51 }, 30_000],
    },
    {
      title: 'waits as long as the server asked for',
      state: listing,
      event: failed('too-many-requests', 90_000),
      want: [{ kind: 'listing', failures: 1 }, 90_000],
    },
    {
      title: 'lists again after ten refusals: a version from before a restore never works',
      state: { ...watching, failures: 9 },
      event: failed('timeout'),
      want: [{ kind: 'listing', failures: 10 }, 30_000],
    },
    {
      title: 'watches on at once after a watch that was silent for too long',
      state: { ...watching, failures: 3 },
      event: { kind: 'watch-silent' },
      want: [watching, 0],
    },
  ];
  for (const { title, state, event, want } of rows) {
    const step = stepReflector(state, event, 1);
    t.strictSame(
      [{ ...step.state }, step.delayMs],
      want.map((part) => part),
      title,
    );
  }
});

t.test('a reflector', async (t) => {
  const ref = (name: string): ObjectRef => ({ namespace: 'ops', name });
  const object = (name: string, value: string): ConfigMap => ({ metadata: ref(name), data: { value } });
  const setup = (onChange: (change: Change<string>) => void = () => undefined) => {
    const kube = createFakeKube();
    const clock = createFakeClock();
    const log = recordLog();
    const changes: string[] = [];
    const stop = new AbortController();
    const reflector = createReflector<Stored<ConfigMap>, string>({
      client: kube,
      type: CONFIGMAPS,
      project: ({ data }) => data?.['value'] ?? '',
      clock,
      random: { uniform: () => 1 },
      log,
      onChange: (change) => {
        changes.push(`${change.ref.name}: ${change.before ?? '-'} > ${change.after ?? '-'}`);
        onChange(change);
      },
    });
    const done = reflector.start(stop.signal);
    const drain = async (): Promise<readonly string[]> => {
      await settle();
      return changes.splice(0);
    };
    const put = (name: string, value: string): void => void kube.seed(CONFIGMAPS, object(name, value));
    return { kube, clock, log, stop, reflector, done, drain, put };
  };

  t.test('mirrors what is there and what comes, and ends with its signal', async (t) => {
    const { kube, reflector, drain, put, stop, done, clock } = setup();
    t.equal(reflector.synced(), false);
    const synced = reflector.whenSynced(AbortSignal.timeout(10_000));
    put('a', '1');
    await settle();
    await synced;
    t.equal(reflector.synced(), true);
    t.strictSame(await drain(), ['a: - > 1']);
    put('b', '1');
    put('a', '2');
    kube.vanish(CONFIGMAPS, ref('b'));
    t.strictSame(await drain(), ['b: - > 1', 'a: 1 > 2', 'b: 1 > -']);
    t.equal(reflector.get(ref('a')), '2');
    t.equal(reflector.get(ref('b')), undefined);
    t.strictSame([...reflector.values()], ['2']);
    stop.abort();
    await done;
    t.equal(kube.openWatches(), 0);
    t.equal(clock.pending(), 0, 'no timer is left behind');
  });

  t.test('waiting for the first sync ends with the signal', async (t) => {
    const { kube, reflector, stop, done } = setup();
    kube.failNext({ verb: 'list' }, new KubeError('unavailable', 'list: unavailable'), 1);
    await t.rejects(reflector.whenSynced(AbortSignal.abort(new Error('enough'))), { message: 'enough' });
    stop.abort();
    await done;
  });

  t.test('after an expired version it announces only the differences', async (t) => {
    const { kube, reflector, drain, put, clock, stop, done } = setup();
    for (const name of ['same', 'changed', 'gone']) put(name, '1');
    await drain();
    kube.failNext({ verb: 'watch' }, () => new KubeError('unavailable', 'watch: unavailable'), 1);
    kube.endWatches();
    await settle();
    put('changed', '2');
    kube.vanish(CONFIGMAPS, ref('gone'));
    put('new', '1');
    kube.expire();
    t.equal(reflector.get(ref('gone')), '1', 'old data until the new is whole');
    await clock.advance(10_000);
    t.strictSame(await drain(), ['changed: 1 > 2', 'new: - > 1', 'gone: 1 > -']);
    put('same', '2');
    t.strictSame(await drain(), ['same: 1 > 2']);
    stop.abort();
    await done;
  });

  t.test('after a dropped watch it misses nothing and lists nothing', async (t) => {
    const { kube, drain, put, clock, stop, done } = setup();
    put('a', '1');
    await drain();
    kube.failNext({ verb: 'list' }, () => new KubeError('other', 'no list is expected'), 1000);
    kube.failNext(
      { verb: 'watch' },
      () => new KubeError('too-many-requests', 'watch: 429', { retryAfterMs: 7_000 }),
      1,
    );
    kube.endWatches(new KubeError('unavailable', 'watch: reset'));
    await settle();
    put('a', '2');
    await clock.advance(7_400);
    t.strictSame(await drain(), [], 'waits as long as the server asked for');
    await clock.advance(200);
    t.strictSame(await drain(), ['a: 1 > 2']);
    stop.abort();
    await done;
  });

  t.test(
    'drops a watch that is silent for three minutes, without a warning; a bookmark is a sign of life',
    async (t) => {
      const { kube, clock, log, drain, stop, done } = setup();
      await drain();
      const lines = () => log.entries.map(({ level, message }) => `${level}: ${message}`);
      await clock.advance(170_000);
      kube.bookmark();
      await clock.advance(170_000);
      t.strictSame(lines(), []);
      await clock.advance(10_000);
      t.strictSame(lines(), ['debug: watch begins again: nothing was heard of it']);
      t.equal(kube.openWatches(), 1, 'and opens another');
      stop.abort();
      await done;
    },
  );

  t.test('contains the faults of its handlers', async (t) => {
    const { log, drain, put, stop, done, reflector } = setup(() => {
      throw new Error('handler is broken');
    });
    put('a', '1');
    await drain();
    put('a', '2');
    t.strictSame(await drain(), ['a: 1 > 2']);
    t.equal(reflector.get(ref('a')), '2');
    t.strictSame(
      log.entries.map(({ level, message, fields }) => [level, message, fields['object']]),
      [
        ['error', 'handler of a change failed', 'ops/a'],
        ['error', 'handler of a change failed', 'ops/a'],
      ],
    );
    stop.abort();
    await done;
  });
});

t.test('a feed of changes', async (t) => {
  const setup = () => {
    const kube = createFakeKube();
    const clock = createFakeClock();
    const told: string[] = [];
    const stop = new AbortController();
    const feed = new ChangeFeed({
      client: kube,
      type: CONFIGMAPS,
      clock,
      random: { uniform: () => 1 },
      log: recordLog(),
      onChange: ({ namespace, name }) => told.push(`${namespace}/${name}`),
      onGap: () => told.push('gap'),
    });
    const done = feed.start(stop.signal);
    t.teardown(async () => {
      stop.abort();
      await done;
    });
    return { kube, clock, told };
  };
  const object = (name: string, value: string): ConfigMap => ({
    metadata: { namespace: 'ops', name },
    data: { value },
  });

  await t.test('reports each change by name, and no objects that existed before', async (t) => {
    const { kube, clock, told } = setup();
    kube.seed(CONFIGMAPS, object('before', '1'));
    await clock.advance(0);
    kube.seed(CONFIGMAPS, object('a', '1'));
    kube.seed(CONFIGMAPS, object('before', '2'));
    kube.vanish(CONFIGMAPS, { namespace: 'ops', name: 'a' });
    await clock.advance(0);
    t.same(told, ['ops/a', 'ops/before', 'ops/a']);
  });

  await t.test('resumes after a dropped watch without a gap, or reports one if it can not', async (t) => {
    const { kube, clock, told } = setup();
    await clock.advance(0);
    kube.endWatches(new KubeError('unavailable', 'watch: connection reset'));
    await clock.advance(0);
    kube.seed(CONFIGMAPS, object('a', '1'));
    await clock.advance(1_000);
    t.same(told, ['ops/a']);
    kube.expire();
    await clock.advance(0);
    kube.seed(CONFIGMAPS, object('b', '1'));
    await clock.advance(5_000);
    t.same(told, ['ops/a', 'gap'], 'who cares has to look');
    kube.seed(CONFIGMAPS, object('c', '1'));
    await clock.advance(0);
    t.same(told.slice(2), ['ops/c']);
  });
});

t.test('an answer that is no success becomes an error for people', async (t) => {
  const status = (fields: object): string => JSON.stringify({ kind: 'Status', status: 'Failure', ...fields });
  const rows: readonly { title: string; given: Partial<FailedAnswer>; want: object }[] = [
    {
      title: 'forbidden, in the words of the apiserver',
      given: { status: 403, body: status({ reason: 'Forbidden', message: 'jobs is forbidden: no quota' }) },
      want: { code: 'forbidden', message: 'create x: forbidden: jobs is forbidden: no quota' },
    },
    {
      title: 'a name that is taken is no conflict',
      given: { status: 409, body: status({ reason: 'AlreadyExists', message: 'x already exists' }) },
      want: { code: 'already-exists', message: 'create x: already exists: x already exists' },
    },
    {
      title: 'a kind that is not served is not an absent object',
      given: { status: 404, body: '404 page not found' },
      want: { code: 'other', message: 'create x: failed: the apiserver does not serve this kind' },
    },
    {
      title: 'Retry-After in seconds',
      given: { status: 429, retryAfter: '3', body: 'Too many requests' },
      want: { code: 'too-many-requests', retryAfterMs: 3000, message: 'create x: too many requests' },
    },
    {
      title: 'Retry-After as a date',
      given: { status: 503, retryAfter: 'Thu, 01 Jan 1970 00:00:10 GMT', now: 4000, body: '<html>' },
      want: { code: 'unavailable', retryAfterMs: 6000, message: 'create x: unavailable' },
    },
    {
      title: 'a time-out of the apiserver that says when to come back',
      given: { status: 504, body: status({ reason: 'Timeout', details: { retryAfterSeconds: 1 } }) },
      want: { code: 'timeout', retryAfterMs: 1000, message: 'create x: timed out' },
    },
    {
      title: "etcd's limit",
      given: { status: 500, body: status({ message: 'etcdserver: request is too large' }) },
      want: { code: 'too-large', message: 'create x: too large: etcdserver: request is too large' },
    },
    {
      title: 'what the apiserver quotes of a body is cut off',
      given: {
        status: 400,
        body: status({ message: 'v1.ConfigMap.Data: expects ", error found in #10 byte of ...|"k":4}}|...' }),
      },
      want: { code: 'invalid', message: 'create x: invalid: v1.ConfigMap.Data: expects "' },
    },
    {
      title: 'of an object that is refused all faults are told, however long',
      given: {
        status: 422,
        body: status({
          reason: 'Invalid',
          message: `X "x" is invalid: spec.a: ${'a'.repeat(2000)}`,
          details: {
            causes: [
              { field: 'spec.a', message: 'a'.repeat(2000) },
              { field: 'spec.b', message: 'b' },
            ],
          },
        }),
      },
      want: {
        code: 'invalid',
        message: `create x: invalid: X "x" is invalid: spec.a: ${'a'.repeat(2000)}`.slice(
          0,
          'create x: invalid: '.length + 1024,
        ),
        causes: [
          { field: 'spec.a', message: 'a'.repeat(2000) },
          { field: 'spec.b', message: 'b' },
        ],
      },
    },
    {
      title: 'of a Secret that is refused only the fields are named',
      given: {
        status: 422,
        confidential: true,
        body: status({
          message: 'Secret "x" is invalid: data[k]: Invalid value: "hunter2"',
          details: { causes: [{ field: 'data[k]', message: 'Invalid value: "hunter2"' }] },
        }),
      },
      want: { code: 'invalid', message: 'create x: invalid: see data[k]' },
    },
  ];
  for (const { title, given, want } of rows) {
    const answer = { action: 'create x', status: 0, body: '', confidential: false, now: 0, ...given };
    const { code, message, retryAfterMs, causes } = errorOfAnswer(answer);
    const more = { ...(retryAfterMs !== undefined && { retryAfterMs }), ...(causes.length > 0 && { causes }) };
    t.strictSame(Object.assign({ code, message }, more), want, title);
  }
});

t.test('warnings of an answer are its own words', (t) => {
  t.strictSame(warningsIn(undefined), []);
  t.strictSame(warningsIn('299 - "spec.registry: \\"latest\\" moves, and so on", 299 - "another"'), [
    'spec.registry: "latest" moves, and so on',
    'another',
  ]);
  t.strictSame(warningsIn(['299 - "one"', '299 - "two"']), ['one', 'two']);
  t.strictSame(warningsIn('nonsense'), []);
  t.end();
});

t.test('the stream of a watch', async (t) => {
  const bytes = new TextEncoder().encode('{"a":"é"}\n\n{"b":1}\n{"cut');
  for (const size of [1, 2, 5, 1000]) {
    const chunks = async function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    };
    const lines: string[] = [];
    for await (const line of linesOf(chunks())) lines.push(line);
    t.strictSame(lines, ['{"a":"é"}', '', '{"b":1}'], `is split into lines, whatever the chunks (${size})`);
  }
  const line = (event: object): string => JSON.stringify(event);
  const object = { metadata: { name: 'a', resourceVersion: '5', managedFields: [{}] } };
  t.strictSame(parseWatchLine(line({ type: 'ADDED', object }), 'watch x'), {
    type: 'ADDED',
    object: { metadata: { name: 'a', resourceVersion: '5' } },
  });
  t.strictSame(parseWatchLine(line({ type: 'BOOKMARK', object }), 'watch x'), {
    type: 'BOOKMARK',
    resourceVersion: '5',
  });
  const gone = line({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } });
  t.throws(() => parseWatchLine(gone, 'watch x'), { code: 'gone', message: 'watch x: gone: too old' });
  t.throws(() => parseWatchLine('{"hunter2', 'watch x'), { code: 'other', message: 'watch x: a line is no JSON' });
});
