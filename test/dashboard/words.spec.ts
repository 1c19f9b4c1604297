import fc from 'fast-check';
import t from 'tap';
import { parseHarmless } from '../../dashboard/page/live/harmless-json.js';
import { ageText, spanText } from '../../dashboard/page/look/age.js';
import { codeParts } from '../../dashboard/page/look/code-parts.js';
import { safeLink } from '../../dashboard/page/look/safe-link.js';
import { SORT_KEYS } from '../../dashboard/page/rows/row-order.js';
import { STATES } from '../../dashboard/page/rows/states.js';
import {
  type Address,
  addressText,
  bundlePath,
  DETAIL_VIEWS,
  parseAddress,
  withOpen,
} from '../../dashboard/page/shell/address.js';
import { actionOf } from '../../dashboard/page/shell/keys.js';
import { canICommand, rightInWords } from '../../dashboard/page/shell/missing-right.js';

const LIST: Address = { text: '', states: [], namespaces: [], sort: 'state' };

const parsed = (link: string): Address => {
  const { pathname, search } = new URL(link, 'http://page');
  return parseAddress(pathname, search);
};

t.test('an address says what is shown', async (t) => {
  t.same(parsed('/'), LIST);
  t.same(parsed('/?q=cart+v2&state=failed,drifted&namespace=shops&namespace=ops&sort=deployed'), {
    text: 'cart v2',
    states: ['failed', 'drifted'],
    namespaces: ['shops', 'ops'],
    sort: 'deployed',
  });
  t.same(parsed('/bundles/shops/cart?view=log&number=41'), {
    open: { namespace: 'shops', name: 'cart', view: 'log', number: 41 },
    ...LIST,
  });
});

t.test('what an address says amiss is left out', async (t) => {
  t.same(parsed('/?state=broken,failed&sort=colour&namespace='), Object.assign({}, LIST, { states: ['failed'] }));
  t.same(parsed('/bundles/shops'), LIST);
  t.same(parsed('/bundles/shops/%E0%A4%A?view=what&number=-1').open, {
    namespace: 'shops',
    name: '%E0%A4%A',
    view: 'overview',
  });
});

t.test('whatever is shown, its address leads there again', async (t) => {
  const word = fc.string({ minLength: 1 });
  const open = fc.record(
    {
      namespace: word,
      name: word,
      view: fc.constantFrom(...DETAIL_VIEWS),
      number: fc.integer({ min: 1, max: 99_999 }),
    },
    { requiredKeys: ['namespace', 'name', 'view'] },
  );
  const address: fc.Arbitrary<Address> = fc.record(
    {
      open: open.filter(({ namespace, name }) => ![namespace, name].some((part) => /^\.{1,2}$/.test(part))),
      text: fc.string(),
      states: fc.uniqueArray(fc.constantFrom(...STATES)),
      namespaces: fc.array(word),
      sort: fc.constantFrom(...SORT_KEYS),
    },
    { requiredKeys: ['text', 'states', 'namespaces', 'sort'] },
  );
  fc.assert(
    fc.property(address, (given) => {
      t.same(parsed(addressText(given)), given);
    }),
    { numRuns: 200 },
  );
});

t.test('a bundle is opened in its overview, under the same filter', async (t) => {
  const filtered = Object.assign({}, LIST, { text: 'cart' });
  const open = withOpen(filtered, { namespace: 'shops', name: 'cart' });
  t.equal(addressText(open), '/bundles/shops/cart?q=cart');
  t.same(withOpen(open, undefined), filtered);
  t.equal(bundlePath({ namespace: 'a/b', name: '?' }), '/bundles/a%2Fb/%3F');
});

t.test('keys mean what they mean where the focus is', async (t) => {
  const down = { kind: 'move', by: 'row', direction: 1 };
  t.same(actionOf('j', 'list'), down);
  t.same(actionOf('j', 'elsewhere'), down);
  t.equal(actionOf('j', 'field'), undefined, 'who writes, writes');
  t.same(actionOf('ArrowDown', 'list'), down);
  t.equal(actionOf('ArrowDown', 'elsewhere'), undefined, 'it scrolls there');
  t.same(actionOf('Enter', 'list'), { kind: 'open' });
  t.equal(actionOf('Enter', 'elsewhere'), undefined, 'it presses a button there');
  t.same(actionOf('2', 'elsewhere'), { kind: 'view', place: 1 });
  t.same(
    ['constructor', 'toString', 'x', 'F5'].map((key) => actionOf(key, 'list')),
    [undefined, undefined, undefined, undefined],
  );
});

t.test('a missing right is said as people and kubectl say it', async (t) => {
  const cases = [
    [
      { verb: 'list', group: 'events.k8s.io', resource: 'events', namespace: 'ops' },
      'list events.events.k8s.io in namespace ops',
      'kubectl auth can-i list events.events.k8s.io -n ops',
    ],
    [
      { verb: 'watch', group: 'werf.io', resource: 'werfbundles' },
      'watch werfbundles.werf.io in all namespaces',
      'kubectl auth can-i watch werfbundles.werf.io --all-namespaces',
    ],
    [
      { verb: 'get', group: '', resource: 'pods/log', namespace: 'ops' },
      'get pods/log in namespace ops',
      'kubectl auth can-i get pods --subresource=log -n ops',
    ],
  ] as const;
  for (const [right, words, command] of cases) {
    t.equal(rightInWords(right), words);
    t.equal(canICommand(right), command);
  }
});

t.test('ages are in their largest unit', async (t) => {
  const now = Date.parse('2026-06-01T12:00:00Z');
  const cases: readonly [string, string][] = [
    ['2026-06-01T11:59:18Z', '42s'],
    ['2026-06-01T11:55:01Z', '4m'],
    ['2026-06-01T05:00:00Z', '7h'],
    ['2026-05-30T12:00:01Z', '47h'],
    ['2026-05-20T12:00:00Z', '12d'],
    ['2023-01-01T00:00:00Z', '3y'],
    ['2026-06-01T12:00:09Z', '0s'],
    ['', ''],
    ['soon', ''],
  ];
  for (const [time, text] of cases) t.equal(ageText(time, now), text, time);
});

t.test('how long something took is said to the second', async (t) => {
  const from = '2026-06-01T12:00:00Z';
  t.equal(spanText(from, '2026-06-01T12:00:42Z'), '42s');
  t.equal(spanText(from, '2026-06-01T12:01:05Z'), '1m 05s');
  t.equal(spanText(from, '2026-06-01T14:03:59Z'), '2h 03m');
  t.equal(spanText(from, ''), '', 'it has not ended');
  t.equal(spanText(from, '2026-06-01T11:00:00Z'), '0s', 'an end has whole seconds, and clocks differ');
});

t.test('code in a sentence is told from its words, and it begins with a capital', async (t) => {
  t.same(codeParts('ask for `kubectl get wb`, then wait'), [
    { text: 'Ask for ', isCode: false },
    { text: 'kubectl get wb', isCode: true },
    { text: ', then wait', isCode: false },
  ]);
  t.same(codeParts('`spec.suspend` is set'), [
    { text: 'spec.suspend', isCode: true },
    { text: ' is set', isCode: false },
  ]);
  t.same(codeParts('one ` alone'), [{ text: 'One ` alone', isCode: false }]);
  t.same(codeParts(''), []);
});

t.test('only links of the web are followed', async (t) => {
  t.equal(safeLink('https://docs.example.com/a#b'), 'https://docs.example.com/a#b');
  t.equal(safeLink('http://docs.example.com/'), 'http://docs.example.com/');
  const others = ['javascript:alert(1)', ' JavaScript:alert(1)', 'data:text/html,x', '/relative', '//host/x', ''];
  t.same(
    others.map(safeLink),
    others.map(() => undefined),
  );
});

t.test('texts of strangers are harmless as soon as they are read', async (t) => {
  const json = JSON.stringify({
    name: 'pay\u202egnp.exe',
    tags: ['v1\u200b.2', 'v1\u061c.2', '\ufeffv1', '\u{1f468}\u200d\u{1f469}'],
    log: ['\u001b[31mred\u001b[0m and \u001b[2Jcleared', 'with a return\r', 'a\r\nb', 'tab\tand\nline'],
    nul: '\u0000',
    count: 3,
  });
  t.same(parseHarmless(json), {
    name: 'pay\uFFFDgnp.exe',
    tags: ['v1\uFFFD.2', 'v1\uFFFD.2', '\uFFFDv1', '\u{1f468}\u200d\u{1f469}'],
    log: ['red and \uFFFD[2Jcleared', 'with a return', 'a\nb', 'tab\tand\nline'],
    nul: '\uFFFD',
    count: 3,
  });
  t.same(parseHarmless('{"a":"<b>&amp;"}'), { a: '<b>&amp;' }, 'markup is text, and stays it');
  t.throws(() => parseHarmless('<html>'));
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      t.notMatch(parseHarmless(JSON.stringify(text)), /[^\P{Cc}\t\n]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});
