import fc from 'fast-check';
import t from 'tap';
import { piecesOf, redact } from '../../controller/deploy/redact.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

t.test('secret texts are replaced wherever they stand in a log', (t) => {
  const pem = '-----BEGIN X-----\nMIIabcdef\nshort\n-----END X-----\n';
  const rows = [
    { title: 'a text', secrets: ['hunter22'], text: 'a hunter22, hunter22!', want: 'a ***, ***!' },
    { title: 'a text of fewer than 6 characters is left', secrets: ['short', ''], text: 'short', want: 'short' },
    { title: 'the longest first', secrets: ['hunter', 'hunter22'], text: 'hunter22 hunter', want: '*** ***' },
    {
      title: 'texts that overlap leave nothing',
      secrets: ['abcdef', 'defghi'],
      text: 'x abcdefghi x',
      want: 'x *** x',
    },
    { title: 'texts side by side', secrets: ['abcdef'], text: 'abcdefabcdef', want: '***' },
    { title: 'each line of a longer text', secrets: [pem], text: '  MIIabcdef\n-----END X-----', want: '  ***\n***' },
    { title: 'as JSON and Go quote it', secrets: ['say "friend"'], text: 'x: "say \\"friend\\""', want: 'x: "***"' },
    { title: 'in base64', secrets: ['hunter22'], text: base64('hunter22'), want: '***=' },
    {
      title: 'in base64 of something longer',
      secrets: ['hunter22'],
      text: base64('user:hunter22'),
      want: 'dXNlcjp***==',
    },
    { title: 'in base64 for URLs', secrets: ['>>>???>>>'], text: 'Pj4-Pz8_Pj4-', want: '***' },
    {
      title: 'with a colour in its middle',
      secrets: ['hunter22'],
      text: 'a hun\u001b[31mter22\u001b[0m',
      want: 'a ***',
    },
    { title: 'at the very end', secrets: ['hunter22'], text: 'hunter22', want: '***' },
    {
      title: 'what expressions would take otherwise',
      secrets: ['a.b*c$&'],
      text: 'a.b*c$& axbbbc',
      want: '*** axbbbc',
    },
    { title: 'nothing secret', secrets: [], text: 'hunter22', want: 'hunter22' },
  ];
  for (const { title, secrets, text, want } of rows) t.equal(redact(text, secrets), want, title);
  for (const prefix of ['', 'a', 'ab', 'abc']) {
    const encoded = base64(`${prefix}correct horse battery staple${prefix}`);
    t.notMatch(
      Buffer.from(redact(encoded, ['correct horse battery staple']), 'base64').toString(),
      /orrect|horse|battery|stapl/,
      `in base64 after ${prefix.length} bytes`,
    );
  }
  t.end();
});

t.test('whatever stands around secret texts, none of them is left', (t) => {
  const secretText = fc.stringMatching(/^[ab.\\"]{6,9}$/);
  const law = fc.property(
    fc.array(secretText, { minLength: 1, maxLength: 4 }),
    fc.array(fc.string(), { maxLength: 6 }),
    (secrets, words) => {
      const log = words.flatMap((word, n) => [word, secrets[n % secrets.length] ?? '']).join('');
      const redacted = redact(log, secrets);
      return secrets.every((text) => !redacted.includes(text));
    },
  );
  t.doesNotThrow(() => fc.assert(law, { numRuns: 300 }));
  t.end();
});

t.test('a place in a log is looked up as often for thousands of secrets as for a few, however alike they are', (t) => {
  const alike = (count: number): readonly string[] =>
    Array.from({ length: count }, (_, n) => `password-number-${n}-${'x'.repeat(40)}`);
  const log = 'password-number- and more words of an ordinary log line\n'.repeat(18_000);
  t.equal(redact(`${log}${alike(1_000)[999]}`, alike(1_000)), `${log}***`, 'a megabyte of log');
  const most = (count: number): number =>
    Math.max(...[...piecesOf(alike(count)).lengths.values()].map((lengths) => lengths.length));
  t.same([most(10), most(1_000), most(8_000)], [1, 3, 4], 'look-ups: one for each length that a piece has');
  const long = Array.from({ length: 1_000 }, (_, n) => `password-${'x'.repeat(n)}`);
  const lengths = [...piecesOf(long).lengths.values()].map((some) => some.length);
  t.ok(Math.max(...lengths) <= 64, 'of which there are few, for long secrets are looked for piece by piece');
  t.end();
});

t.test('of a long secret every piece of 64 characters is hidden', (t) => {
  const long = Array.from({ length: 50 }, (_, n) => `part ${n};`).join('');
  t.equal(redact(`before ${long} after`, [long]), 'before *** after', 'and all of it at once');
  t.equal(redact(`x${long.slice(0, 130)}`, [long]), `x***${long.slice(128, 130)}`, 'if it is cut off as well');
  t.equal(redact(`x${long.slice(0, 63)}`, [long]), `x${long.slice(0, 63)}`, 'less of it is not known again');
  const blanks = `${' '.repeat(70)}hunter22`;
  t.equal(redact(' '.repeat(80), [blanks]), ' '.repeat(80), 'a piece of nothing but blanks is none');
  t.end();
});
