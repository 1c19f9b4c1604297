import t from 'tap';
import { KubeError } from '../../kube/client.js';
import { getOnce } from '../../kube/get-once.js';
import { CONFIGMAPS, NAMESPACES, SECRETS } from '../../kube/resources.js';

const { signal } = new AbortController();

/** Reads that find an object by whatever name but `none`, and fail for `broken`; `calls` says what was asked for. */
const setup = () => {
  const calls: string[] = [];
  const reads = getOnce({
    // The only object there is has the shape of all types.
    get: async ({ kind }, { namespace = '', name }) => {
      calls.push(`${kind} ${namespace}/${name}`);
      if (name === 'broken') throw new KubeError('unavailable', 'get');
      return name === 'none' ? undefined : ({ metadata: { namespace, name, uid: `${calls.length}` } } as never);
    },
  });
  return { calls, get: reads.get };
};

t.test('an object is asked for once, now and later', async (t) => {
  const { calls, get } = setup();
  const ref = { namespace: 'ops', name: 'a' };
  const both = await Promise.all([get(SECRETS, ref, signal), get(SECRETS, ref, signal)]);
  t.equal(both[0]?.metadata.uid, '1');
  t.strictSame([...both, await get(SECRETS, ref, signal)], [both[0], both[0], both[0]]);
  t.strictSame(calls, ['Secret ops/a']);
});

t.test('what is not there is asked for once as well', async (t) => {
  const { calls, get } = setup();
  const ref = { namespace: 'ops', name: 'none' };
  t.strictSame([await get(SECRETS, ref, signal), await get(SECRETS, ref, signal)], [undefined, undefined]);
  t.strictSame(calls, ['Secret ops/none']);
});

t.test('a failure is an answer like any other: it is not asked again', async (t) => {
  const { calls, get } = setup();
  const ref = { namespace: 'ops', name: 'broken' };
  for (const _ of [1, 2]) await t.rejects(get(SECRETS, ref, signal), { code: 'unavailable' });
  t.strictSame(calls, ['Secret ops/broken']);
});

t.test('kinds, namespaces and names are told apart', async (t) => {
  const { calls, get } = setup();
  await get(SECRETS, { namespace: 'ops', name: 'a' }, signal);
  await get(CONFIGMAPS, { namespace: 'ops', name: 'a' }, signal);
  await get(SECRETS, { namespace: 'dev', name: 'a' }, signal);
  await get(SECRETS, { namespace: 'ops', name: 'b' }, signal);
  await get(NAMESPACES, { name: 'ops' }, signal);
  t.equal(new Set(calls).size, 5);
});
