import fc from 'fast-check';
import { createColors } from 'picocolors';
import t from 'tap';
import { parse } from 'yaml';
import { folded } from '../../cli/output/fold.js';
import { asYamlText } from '../../cli/output/format.js';
import { harmless } from '../../cli/output/harmless.js';
import { humanDuration } from '../../cli/output/human-duration.js';
import { Table } from '../../cli/output/table.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

t.test('how long ago something was is said as kubectl says it', (t) => {
  const cases: readonly [number, string][] = [
    [-5 * SECOND, '0s'],
    [999, '0s'],
    [119 * SECOND, '119s'],
    [2 * MINUTE, '2m'],
    [9 * MINUTE + 59 * SECOND, '9m59s'],
    [10 * MINUTE + 30 * SECOND, '10m'],
    [179 * MINUTE, '179m'],
    [3 * HOUR, '3h'],
    [7 * HOUR + 59 * MINUTE, '7h59m'],
    [47 * HOUR, '47h'],
    [2 * DAY, '2d'],
    [7 * DAY + 23 * HOUR, '7d23h'],
    [8 * DAY + HOUR, '8d'],
    [729 * DAY, '729d'],
    [731 * DAY, '2y1d'],
    [10 * 365 * DAY, '10y'],
  ];
  for (const [ms, text] of cases) t.equal(humanDuration(ms), text, text);
  t.end();
});

const COLUMNS = [
  { name: 'NAME', of: ([name = '']: readonly string[]) => name },
  { name: 'MESSAGE', of: ([, message = '']: readonly string[]) => message },
];

t.test('a table is aligned, the rows that come later too', (t) => {
  const table = new Table(COLUMNS, { headers: true });
  const rows = [
    ['shop', 'deployed'],
    ['a-long-name', ''],
  ];
  t.equal(table.print(rows), 'NAME          MESSAGE\nshop          deployed\na-long-name\n');
  t.equal(table.print([['web', 'failed']]), 'web           failed\n', 'below the headers that stand there');
  t.equal(table.print([['a-still-longer-name', 'x']]), 'a-still-longer-name   x\n', 'and what does not fit is not cut');
  t.end();
});

t.test('on a terminal the last column is cut at its width, elsewhere nothing is', (t) => {
  const row = [['shop', 'x'.repeat(100)]];
  const cut = new Table(COLUMNS, { headers: false, columns: 40 }).print(row);
  t.equal(cut, `shop   ${'x'.repeat(32)}…\n`);
  t.equal(new Table(COLUMNS, { headers: false }).print(row), `shop   ${'x'.repeat(100)}\n`);
  t.equal(
    new Table(COLUMNS, { headers: false, columns: 5 }).print(row),
    `shop   ${'x'.repeat(19)}…\n`,
    'but never to nothing',
  );
  t.end();
});

t.test('what others wrote cannot move the cursor, nor begin a line', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (message) => {
      const text = new Table(COLUMNS, { headers: false }).print([['a', message]]);
      return !/[^\P{Cc}\n]/u.test(text) && text.indexOf('\n') === text.length - 1;
    }),
  );
  t.end();
});

t.test('a colour takes no room', (t) => {
  const { red } = createColors(true);
  const columns = [{ name: 'A', of: ([a = '']: readonly string[]) => a, color: red }, COLUMNS[1] ?? COLUMNS[0]];
  const table = new Table(columns as typeof COLUMNS, { headers: false });
  t.equal(table.print([['x', 'y']]), `${red('x')}   y\n`);
  t.end();
});

t.test('YAML that is printed is read back as it was, and has no anchors', (t) => {
  const shared = { a: 'on', b: '0123', c: '1e3', d: 'x'.repeat(200) };
  const text = asYamlText({ one: shared, other: shared });
  t.notMatch(text, /[&*]a/);
  t.strictSame(parse(text), { one: shared, other: shared });
  t.end();
});

t.test('on a terminal nothing that others wrote moves the cursor, hides a text or turns it around', (t) => {
  const { red, bold } = createColors(true);
  const own = `${bold(red('failed'))}\tand so on\n`;
  t.equal(harmless(own), own, 'colours of ours, tabs and line ends stay');
  t.equal(
    harmless('a\u001b[2Jb\u001b[8mc\rd\u202ee\u009b1mf\u0007'),
    'a\uFFFD[2Jb\uFFFD[8mc\uFFFDd\uFFFDe\uFFFD1mf\uFFFD',
  );
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      (text) => !/[^\P{Cc}\t\n]|\u202e/u.test(harmless(text.replaceAll('\u001b', '\r'))),
    ),
  );
  t.end();
});

t.test('a message is broken between words on a terminal only, and no command in it is', (t) => {
  const text = "it's over: kubectl patch wb a -p '{\"a\": 1, b}', then look at werfbundle status shop -n demo; or wait";
  t.equal(folded(text, { columns: undefined, indent: 2 }), text, 'in a pipe');
  t.equal(folded('one  two\nthree', { columns: undefined, indent: 2, first: 2 }), '  one  two\nthree');
  t.strictSame(folded(text, { columns: 24, indent: 2 }).split('\n'), [
    "it's over:",
    `  kubectl patch wb a -p '{"a": 1, b}',`,
    '  then look at',
    '  werfbundle status shop -n demo;',
    '  or wait',
  ]);
  const red = createColors(true).red('one two three');
  t.equal(folded(`${red} four five six`, { columns: 25, indent: 4, first: 2 }), `  ${red} four five\n    six`);
  t.equal(folded('one\n  two', { columns: 25, indent: 2 }), 'one\n  two', 'lines stay lines');
  t.end();
});
