import { createHash } from 'node:crypto';
import t from 'tap';
import { TextStore } from '../../kube/text-store.js';

const noise = (seed: number, bytes: number): string => {
  let text = '';
  for (let part = 0; text.length < bytes; part += 1)
    text += createHash('sha512').update(`${seed} ${part}`).digest('base64');
  return text.slice(0, bytes);
};
/** As a bundle is: names and times of its own in what all of them have. */
const like = (seed: number): string =>
  JSON.stringify({ metadata: { name: `app-${seed}`, uid: noise(seed, 36) }, shared: noise(0, 2_000) });

t.test('texts are read as they were kept', async (t) => {
  const texts = new TextStore();
  const all = [
    '',
    '{}',
    'ж日本語 🚀 \u0000\u00ff',
    like(1),
    like(2),
    noise(3, 100_000),
    like(3),
    noise(4, 9_000),
    like(4),
  ];
  const kept = all.map((text) => texts.keep(text));
  t.strictSame(
    kept.map((one) => texts.read(one)),
    all,
  );
});

t.test('texts that are alike take a fifth, also when the first ones were not', async (t) => {
  const texts = new TextStore();
  for (let seed = 10; seed < 14; seed += 1) texts.keep(noise(seed, 2_000));
  const shares = Array.from({ length: 200 }, (_, index) => texts.keep(like(index)).length / like(index).length);
  const sizes = shares.slice(100);
  t.ok(Math.max(...sizes) < 0.2, `${Math.max(...sizes)} of a text`);
});

t.test('odd ones among texts that are alike leave these as small as they were', async (t) => {
  const texts = new TextStore();
  const shareOf = (text: string): number => texts.keep(text).length / text.length;
  const shares: number[] = [];
  for (let seed = 0; seed < 2_000; seed += 1) {
    const share = shareOf(like(seed));
    if (seed > 0) shares.push(share);
    if (seed % 10 === 0) texts.keep(noise(seed, 2_000));
  }
  t.ok(Math.max(...shares) < 0.2, `${Math.max(...shares)} of a text`);
});

t.test('of texts that have nothing in common a few become dictionaries, and all are read', async (t) => {
  const texts = new TextStore();
  const all = Array.from({ length: 5_000 }, (_, seed) => noise(seed, 300));
  const kept = all.map((text) => texts.keep(text));
  const dictionaries = new Set(kept.map((one) => one.charCodeAt(0)));
  t.ok(dictionaries.size <= 14, `${dictionaries.size} dictionaries`);
  t.strictSame(
    kept.map((one) => texts.read(one)),
    all,
  );
});
