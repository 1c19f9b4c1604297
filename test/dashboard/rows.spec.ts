import fc from 'fast-check';
import t from 'tap';
import type { Entry } from '../../dashboard/page/rows/entry.js';
import { namespacesOf } from '../../dashboard/page/rows/namespaces.js';
import { viewOf } from '../../dashboard/page/rows/row-filter.js';
import { ORDERS, placeOf, SORT_KEYS } from '../../dashboard/page/rows/row-order.js';
import { RowStore } from '../../dashboard/page/rows/row-store.js';
import { ROW_HEIGHT, rowsOfPage, topToReveal, windowOf } from '../../dashboard/page/rows/row-window.js';
import { isState, STATES, stateWords } from '../../dashboard/page/rows/states.js';
import type { FeedLine, Row } from '../../dashboard/protocol.js';
import { madeUpRow, manyRows } from '../kit/made-up-bundles.js';

const namesOf = (entries: readonly Entry[]): readonly string[] =>
  entries.map(({ row }) => `${row.namespace}/${row.name}`);

const storeOf = (...lines: readonly FeedLine[]): RowStore => {
  const store = new RowStore();
  for (const line of lines) store.take(line);
  return store;
};

const bundles = (...rows: readonly Row[]): FeedLine => ({ kind: 'bundles', rows });

const A = madeUpRow({ namespace: 'shops', name: 'a' });
const B = madeUpRow({ namespace: 'shops', name: 'b', state: 'failed', syncedAt: '2026-01-02T00:00:00Z' });
const C = madeUpRow({ namespace: 'ops', name: 'c', state: 'drifted', syncedAt: '' });

t.test('what needs a person stands first, then it goes by namespace and name', async (t) => {
  const z = madeUpRow({ namespace: 'zoo', name: 'z', state: 'failed' });
  t.same(namesOf(storeOf(bundles(A, z, C, B)).sorted('state')), ['shops/b', 'zoo/z', 'ops/c', 'shops/a']);
  t.same(STATES, ['failed', 'drifted', 'progressing', 'unseen', 'deleting', 'suspended', 'ready']);
  t.equal(new Set(STATES.map((state) => stateWords(state).word)).size, STATES.length, 'each has a word of its own');
  t.same(['failed', 'Failed', 'toString', ''].map(isState), [true, false, false, false]);
});

t.test('the list can be sorted by name, and by the newest deployment', async (t) => {
  const store = storeOf(bundles(B, C, A));
  t.same(namesOf(store.sorted('name')), ['ops/c', 'shops/a', 'shops/b']);
  t.same(namesOf(store.sorted('deployed')), ['shops/a', 'shops/b', 'ops/c'], 'never deployed is last');
});

t.test('a change moves a bundle to its new place', async (t) => {
  const store = storeOf(bundles(A, B, C));
  store.sorted('state');
  store.take(bundles(Object.assign({}, B, { state: 'ready' })));
  t.same(namesOf(store.sorted('state')), ['ops/c', 'shops/a', 'shops/b']);
  t.same([store.count('ready'), store.count('failed'), store.size], [2, 0, 3]);
});

t.test('what a listing does not name is gone, and only at its end', async (t) => {
  const store = storeOf(bundles(A, B, C), { kind: 'listing' }, bundles(B));
  t.equal(store.size, 3, 'it may come yet');
  store.take({ kind: 'listed' });
  t.same(namesOf(store.sorted('state')), ['shops/b']);
  t.equal(store.find('shops', 'a'), undefined);
  t.equal(store.find('shops', 'b'), B);
});

t.test('a listing that breaks off takes nothing away', async (t) => {
  const store = storeOf(bundles(A, B), { kind: 'listing' }, { kind: 'listing' }, bundles(A, B), { kind: 'listed' });
  t.equal(store.size, 2);
  store.take({ kind: 'listed' });
  t.equal(store.size, 2, 'an end without a beginning says nothing');
});

t.test('what is removed is gone; what is not known is no matter', async (t) => {
  const store = storeOf(bundles(A, B), { kind: 'removed', uid: B.uid }, { kind: 'removed', uid: 'unknown' });
  t.same(namesOf(store.sorted('state')), ['shops/a']);
});

t.test('rows of other namespaces are dropped when some are chosen', async (t) => {
  const store = storeOf(bundles(A, B, C));
  store.retain([]);
  t.equal(store.size, 3);
  store.retain(['ops']);
  t.same(namesOf(store.sorted('state')), ['ops/c']);
});

t.test('whatever happens, the list is what sorting all of it makes', async (t) => {
  const row = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    namespace: fc.constantFrom('shops', 'ops'),
    state: fc.constantFrom(...STATES),
    syncedAt: fc.constantFrom('', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
  });
  const line: fc.Arbitrary<FeedLine> = fc.oneof(
    fc.array(row, { maxLength: 70 }).map((rows) => bundles(...rows.map(madeUpRow))),
    row.map((given) => ({ kind: 'removed' as const, uid: madeUpRow(given).uid })),
    fc.constantFrom<FeedLine>({ kind: 'listing' }, { kind: 'listed' }, { kind: 'alive' }),
  );
  fc.assert(
    fc.property(fc.array(line), fc.constantFrom(...SORT_KEYS), (lines, key) => {
      const store = new RowStore();
      for (const one of lines) {
        store.take(one);
        const sorted = [...store.sorted(key)];
        t.equal(sorted.length, store.size);
        t.same(sorted, sorted.toSorted(ORDERS[key]));
      }
    }),
    { numRuns: 60 },
  );
});

t.test('a place in a sorted list is found', async (t) => {
  const sorted = storeOf(bundles(...manyRows(200))).sorted('name');
  t.same(
    sorted.map((entry) => placeOf(sorted, entry, ORDERS.name)),
    sorted.map((_, place) => place),
  );
});

t.test('each word must be found: in namespace, name, tags, repository or reason', async (t) => {
  const store = storeOf(
    bundles(
      madeUpRow({ namespace: 'shops', name: 'cart', tag: 'v1.0.0', nextTag: 'v2.0.0', reason: 'Deploying' }),
      madeUpRow({
        namespace: 'shops',
        name: 'web',
        repository: 'registry.example.com/team/site',
        message: 'secret word',
      }),
    ),
  );
  const found = (text: string) => namesOf(viewOf(store.sorted('name'), { text, states: [] }).entries);
  t.same(found(''), ['shops/cart', 'shops/web']);
  t.same(found('  SHOPS  cart '), ['shops/cart']);
  t.same(found('v2.0'), ['shops/cart']);
  t.same(found('deploying'), ['shops/cart']);
  t.same(found('team/site'), ['shops/web']);
  t.same(found('cart web'), []);
  t.same(found('word'), [], 'not in the message');
});

t.test('counts are of what the words let through, whatever states are chosen', async (t) => {
  const sorted = storeOf(bundles(A, B, C)).sorted('state');
  const none = { failed: 0, drifted: 0, progressing: 0, unseen: 0, deleting: 0, suspended: 0, ready: 0 };
  const view = viewOf(sorted, { text: 'shops', states: ['ready', 'drifted'] });
  t.same(namesOf(view.entries), ['shops/a']);
  t.same(view.counts, Object.assign(none, { failed: 1, ready: 1 }));
  t.equal(view.total, 3);
});

t.test('namespaces are offered with their bundles, the chosen ones always', async (t) => {
  t.same(namespacesOf(storeOf(bundles(A, B, C)).sorted('state'), ['empty', 'ops']), [
    { namespace: 'empty', count: 0 },
    { namespace: 'ops', count: 1 },
    { namespace: 'shops', count: 2 },
  ]);
});

t.test('the rows that stand in the document are those in sight, with some to spare', async (t) => {
  const height = 10 * ROW_HEIGHT;
  t.same(windowOf({ top: 0, height }, 10_000), { first: 0, end: 23 });
  t.same(windowOf({ top: 5_000 * ROW_HEIGHT, height }, 10_000), { first: 4_988, end: 5_023 });
  t.same(windowOf({ top: 9_990 * ROW_HEIGHT, height }, 10_000), { first: 9_978, end: 10_000 });
  t.same(windowOf({ top: 9_990 * ROW_HEIGHT, height }, 5), { first: 0, end: 5 }, 'the list has become shorter');
  t.same(windowOf({ top: 0, height: 0 }, 0), { first: 0, end: 0 });
});

t.test('a list is scrolled no further than a row needs to be seen whole', async (t) => {
  const height = 10 * ROW_HEIGHT;
  t.equal(topToReveal(3, { top: 0, height }), 0);
  t.equal(topToReveal(10, { top: 0, height }), ROW_HEIGHT);
  t.equal(topToReveal(2, { top: 5 * ROW_HEIGHT, height }), 2 * ROW_HEIGHT);
  t.same([rowsOfPage(height), rowsOfPage(0)], [9, 1]);
});
