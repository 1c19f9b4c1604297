import fc from 'fast-check';
import t from 'tap';
import { DueHeap } from '../../process/due-heap.js';

t.test('a heap gives keys in the order of their times, moved and removed ones too', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.option(fc.integer({ min: 0, max: 99 })))),
      (sets) => {
        const heap = new DueHeap<string>();
        const model = new Map<string, number>();
        for (const [key, at] of sets) {
          heap.set(`${key}`, at ?? undefined);
          if (at === null) model.delete(`${key}`);
          else model.set(`${key}`, at);
        }
        const want = [...model.values()].toSorted((a, b) => a - b);
        const got: number[] = [];
        for (let at = heap.nextAt; at !== Number.POSITIVE_INFINITY; at = heap.nextAt) {
          const key = heap.takeDue(at);
          if (key === undefined || model.get(key) !== at) throw new Error('not the key of that time');
          got.push(at);
        }
        t.strictSame(got, want);
        return heap.size === 0;
      },
    ),
  );
});
