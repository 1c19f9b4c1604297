import fc from 'fast-check';
import t from 'tap';
import { ENCODINGS } from '../../controller/deploy/encodings.js';
import { readingsOfLog } from '../../controller/deploy/log-readings.js';
import { piecesOf, redact, redactor } from '../../controller/deploy/redact.js';

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

const json = (text: string): string => JSON.stringify(text).slice(1, -1);
const base64url = (text: string): string => Buffer.from(text).toString('base64url');
const fourDigits = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
/** As Go's encoding/json writes a text by default. */
const goJson = (text: string): string => json(text).replace(/[<>&\u2028\u2029]/g, fourDigits);
const form = (text: string): string => new URLSearchParams({ k: text }).toString().slice(2);
const bytes = (text: string, write: (code: number) => string): string => Array.from(Buffer.from(text), write).join('');
const goHtml = (text: string): string =>
  text.replace(
    /["'&<>+]/g,
    (character) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;' })[character] ?? `&#${character.charCodeAt(0)};`,
  );
const goAscii = (text: string): string =>
  Array.from(json(text), (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) return character;
    return code < 0x10000 ? fourDigits(character) : `\\U${code.toString(16).padStart(8, '0')}`;
  }).join('');

/** What a secret becomes, for each encoding: several encoders where they differ. */
const ENCODERS: Readonly<Record<string, Readonly<Record<string, (text: string) => string>>>> = {
  'escapes with a backslash, as JSON, Go, YAML, Python and shells have them': {
    'JSON.stringify': json,
    "Go's encoding/json": goJson,
    "Python's json.dumps": (text) => json(text).replace(/[^ -~]/g, fourDigits),
    "PHP's json_encode": (text) => json(text).replaceAll('/', '\\/'),
    "Go's strconv.QuoteToASCII": goAscii,
    'bytes in hexadecimal': (text) => bytes(text, (code) => `\\x${code.toString(16).padStart(2, '0')}`),
    'bytes in octal': (text) => bytes(text, (code) => `\\${code.toString(8).padStart(3, '0')}`),
    'printf %q': (text) => text.replace(/[^A-Za-z0-9\u0080-\uffff]/g, '\\$&'),
    'a long line of YAML in double quotes': (text) => `${json(text.slice(0, 5))}\\\n    ${json(text.slice(5))}`,
  },
  'percent-encoding, as in URLs': {
    encodeURIComponent,
    'in lower case': (text) => encodeURIComponent(text).replace(/%../g, (code) => code.toLowerCase()),
    'of every byte': (text) => bytes(text, (code) => `%${code.toString(16).padStart(2, '0')}`),
  },
  'percent-encoding of forms, where a plus is a blank': { URLSearchParams: form },
  'entities of HTML and XML': {
    'html/template of Go': goHtml,
    'in hexadecimal': (text) =>
      Array.from(text, (character) => `&#x${(character.codePointAt(0) ?? 0).toString(16)};`).join(''),
  },
  'quotes that are doubled, as in YAML and SQL': {
    'YAML and SQL': (text) => text.replaceAll("'", "''"),
    CSV: (text) => text.replaceAll('"', '""'),
    'a shell, in single quotes': (text) => text.replaceAll("'", "'\\''"),
  },
  'base64 and base64url': {
    base64,
    'base64url, without padding': base64url,
    'in lines of 12': (text) => base64(`${text}${text}`).replace(/.{12}/g, '$&\n  '),
    'after one byte': (text) => base64(`x${text}`),
    'after two bytes, and with more behind': (text) => base64(`xy${text}, and more`),
  },
  'hexadecimal digits': {
    'in lower case': (text) => Buffer.from(text).toString('hex'),
    'in upper case, after an odd digit': (text) => `A${Buffer.from(text).toString('hex').toUpperCase()}`,
  },
  'a list of bytes, as Go prints one': {
    Go: (text) => `[${Buffer.from(text).join(' ')}]`,
    JSON: (text) => `[${Buffer.from(text).join(', ')}]`,
    'JSON without blanks': (text) => `[${Buffer.from(text).join(',')}]`,
  },
  'lines that were folded at a blank, as in YAML': { YAML: (text) => text.replace(' ', '\n      ') },
};

/** What encoders treat otherwise: quotes, markup, a plus, a percent sign, a slash, blanks, line separators, letters beyond ASCII. */
const HARD = [
  'a<b&c>d-0123456789',
  `say "it's" 100%+1 a/b\\c ü€🚀 \u2028 end`,
  '%41dmin&lt;\\u003c+pass',
  "'begins-and-ends'",
  '????>>>>~~~~',
];
/** Of a secret nothing may be left; around it, the rest of a line of digits, brackets, a quote. */
const HIDDEN = /^[\w=[-]{0,8}\*\*\*[\w=\]\n\\' %*-]{0,16}$/;

t.test('secret texts are replaced in each of the encodings', (t) => {
  const names = ENCODINGS.map(({ name }) => name);
  t.strictSame(Object.keys(ENCODERS), names, 'each has its encoders here');
  for (const [encoding, encoders] of Object.entries(ENCODERS)) {
    for (const [encoder, encode] of Object.entries(encoders)) {
      for (const secret of HARD) {
        const encoded = encode(secret);
        t.match(redact(encoded, [secret]), HIDDEN, `${encoding}: ${encoder}: ${JSON.stringify(secret.slice(0, 6))}`);
        t.equal(redact(encoded, ['another secret']), encoded, 'and nothing else');
      }
    }
  }
  t.end();
});

t.test('secret texts are replaced in encodings of encodings', (t) => {
  const chains: Readonly<Record<string, readonly ((text: string) => string)[]>> = {
    'JSON in JSON': [json, json],
    'JSON in JSON in JSON, by Go': [goJson, goJson, goJson],
    'JSON four times': [json, goJson, json, goJson],
    'a URL in JSON': [encodeURIComponent, goJson],
    'JSON in a URL': [goJson, encodeURIComponent],
    'base64 in a URL': [base64, encodeURIComponent],
    'JSON in base64': [goJson, base64],
    'base64 of base64': [base64, base64],
    'base64 of base64 of base64url': [base64url, base64, base64],
    'JSON in HTML': [json, goHtml],
    'a form in JSON in base64': [form, json, base64],
    'base64 in hexadecimal in JSON': [base64, (text) => Buffer.from(text).toString('hex'), json],
  };
  const around = ['user logged in: {"x":"\\n ', ` "}, 100% of 'all' &amp; done\nnext ''`] as const;
  for (const [title, encoders] of Object.entries(chains)) {
    for (const secret of HARD) {
      const encoded = encoders.reduce((text, encode) => encode(text), secret);
      const redacted = redact(around.join(encoded), [secret]);
      t.ok(redacted.startsWith(around[0]) && redacted.endsWith(around[1]), `${title}: what is around it stays`);
      t.match(
        redacted.slice(around[0].length, -around[1].length),
        HIDDEN,
        `${title}: ${JSON.stringify(secret.slice(0, 6))}`,
      );
    }
  }
  t.end();
});

t.test('all of a character is hidden, though a piece of a secret ends in its middle', (t) => {
  const secret = `x${'ü'.repeat(70)}`;
  t.equal(redact(`a ${secret.slice(0, 33)} b`, [secret]), 'a *** b');
  t.equal(redact(`ü ${secret} ü`, [secret]), 'ü *** ü');
  t.end();
});

t.test('what is looked at of a log is bounded, whatever stands in it', (t) => {
  const nasty = [
    '\\\\',
    '%2525',
    '&amp;amp;',
    "''''",
    '\n  ',
    'QUJDREVGR0hJSktM',
    '414243444546',
    '[65, 66, 67, 68, 69, 70]',
  ];
  const log = Array.from({ length: 8_192 }, (_, n) => nasty[(n * 7 + (n >> 4)) % nasty.length]).join('+');
  const looked = (text: string) => readingsOfLog(text).reduce((sum, reading) => sum + reading.bytes.length, 0);
  t.ok(looked(log) <= log.length * 25, `${looked(log)} bytes are looked at for ${log.length}`);
  const ordinary = 'time="2026-11-29" level=info msg="\\"ok\\" 100%" url="https://a/b?c=d%20e"\n'.repeat(900);
  t.ok(looked(ordinary) <= ordinary.length * 12, `${looked(ordinary)} bytes for ${ordinary.length} of an ordinary log`);
  const secrets = Array.from({ length: 16 }, (_, n) => `${n}`.repeat(65_536));
  const started = process.hrtime.bigint();
  t.equal(redactor(secrets)(log), log);
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  t.ok(ms < 10_000, `a megabyte of secrets and a log made for it took ${ms.toFixed()} ms`);
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
