import t from 'tap';
import { mergePatchOf } from '../../controller/decide/status-patch.js';
import { bundle, delivery, jobInputs, observation, selected, syncedStatus } from '../kit/builders.js';
import { decided } from '../kit/decided.js';

t.test('a status is patched as little as possible', async (t) => {
  const rows: readonly { title: string; before: object; after: object; want: object | undefined }[] = [
    {
      title: 'equal statuses need no patch',
      before: { a: 1, b: { c: [1] } },
      after: { b: { c: [1] }, a: 1 },
      want: undefined,
    },
    { title: 'a field that goes is null', before: { a: 1, b: 2 }, after: { a: 1 }, want: { b: null } },
    {
      title: 'a map is patched inside',
      before: { a: { b: 1, c: 2 } },
      after: { a: { b: 1, c: 3 } },
      want: { a: { c: 3 } },
    },
    { title: 'a list is replaced whole', before: { a: [1, 2] }, after: { a: [1] }, want: { a: [1] } },
    { title: 'undefined is the same as absent', before: { a: undefined }, after: {}, want: undefined },
    { title: 'the other way round, too', before: {}, after: { a: undefined }, want: undefined },
    { title: 'within a map', before: { a: { b: 1 } }, after: { a: { b: 1, c: undefined } }, want: undefined },
    { title: 'of a map that had it', before: { a: { b: 1, c: undefined } }, after: { a: { b: 1 } }, want: undefined },
    { title: 'deeper', before: { a: { b: {} } }, after: { a: { b: { c: undefined } } }, want: undefined },
    { title: 'within a list', before: { a: [{ b: 1 }] }, after: { a: [{ b: 1, c: undefined }] }, want: undefined },
    {
      title: 'and it is not written beside what changes',
      before: { a: { b: 1 } },
      after: { a: { b: 2, c: undefined }, d: { e: undefined } },
      want: { a: { b: 2 }, d: {} },
    },
    {
      title: 'a field that becomes undefined goes',
      before: { a: { b: 1 } },
      after: { a: { b: undefined } },
      want: { a: { b: null } },
    },
  ];
  for (const { title, before, after, want } of rows) t.strictSame(mergePatchOf(before, after), want, title);
  const quiet = observation(bundle(syncedStatus()), { delivery: delivery(selected()), jobInputs: jobInputs() });
  t.equal(
    mergePatchOf(quiet.bundle.status ?? {}, decided(quiet).status),
    undefined,
    'an unchanged scan writes nothing',
  );
});
