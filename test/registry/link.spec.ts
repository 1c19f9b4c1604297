import fc from 'fast-check';
import t, { type Test } from 'tap';
import { nextPage } from '../../registry/link.js';

const current = new URL('http://registry.example:5000/v2/acme/app/tags/list');
const at = (path: string): string => `http://registry.example:5000${path}`;
const LIST = '/v2/acme/app/tags/list?last=a';

/** The URL of the next page, `last`, or `refused: …`. */
const read = (...headers: readonly string[]): string => {
  const page = nextPage(current, headers);
  return page.kind === 'next' ? page.url.href : page.kind === 'last' ? 'last' : `refused: ${page.message}`;
};

const unreadable = (header: string): string =>
  `refused: the list of tags may have more pages, but the registry's Link header can't be read: ${JSON.stringify(header)}`;

interface Row {
  readonly title: string;
  readonly given: readonly string[];
  readonly want: string;
}

const check = (t: Test, rows: readonly Row[]): void => {
  for (const { title, given, want } of rows) t.equal(read(...given), want, title);
};

t.test('the next page is named by a Link with the relation next', async (t) => {
  check(t, [
    { title: 'no Link is the last page', given: [], want: 'last' },
    { title: 'an empty Link, too', given: [''], want: 'last' },
    { title: 'a Link of another relation, too', given: ['</v2/x>; rel="prev"'], want: 'last' },
    { title: 'relative to the host', given: [`<${LIST}&n=2>; rel="next"`], want: at(`${LIST}&n=2`) },
    { title: 'relative to the page', given: ['<list?last=a>;rel=next'], want: at(LIST) },
    { title: 'absolute', given: ['<http://registry.example:5000/v2/p>; rel="next"'], want: at('/v2/p') },
    {
      title: 'without the port and with the wrong scheme, as behind a proxy',
      given: ['<https://registry.example/v2/p>; rel="next"'],
      want: at('/v2/p'),
    },
  ]);
});

t.test('every form that RFC 8288 allows, and the ones that old registries write', async (t) => {
  check(t, [
    {
      title: 'in the second header line',
      given: ['</style.css>; rel=preload', `<${LIST}>; rel="next"`],
      want: at(LIST),
    },
    { title: 'second in one line', given: [`</style.css>; rel=preload, <${LIST}>; rel="next"`], want: at(LIST) },
    {
      title: 'with a comma in a parameter before it and in its URL',
      given: ['<a>; rel="prev", </b?x=1,2>; title="x, <y>; rel=no"; REL="last next"'],
      want: at('/b?x=1,2'),
    },
    { title: 'with an escaped quote', given: [`<${LIST}>; title="a\\"; rel=\\"prev"; rel="next"`], want: at(LIST) },
    { title: 'with parameters before and after', given: [`<${LIST}>;x;y=;rel=next;type="text/html"`], want: at(LIST) },
    { title: 'with blanks wherever there may be some', given: [` <${LIST}> ;  rel = "next" `], want: at(LIST) },
    { title: 'with the first rel of two', given: [`<${LIST}>; rel=next; rel=prev`], want: at(LIST) },
    { title: 'and not with the second', given: [`<${LIST}>; rel=prev; rel=next`], want: 'last' },
    { title: 'with empty elements in the list', given: [`, ,<${LIST}>; rel=next, ,`], want: at(LIST) },
    { title: 'with a semicolon too many', given: [`<${LIST}>; rel="next";`], want: at(LIST) },
    { title: 'in single quotes', given: [`<${LIST}>; rel='next'`], want: at(LIST) },
    { title: 'in capitals', given: [`<${LIST}>; REL="NEXT"`], want: at(LIST) },
    { title: 'without angle brackets', given: [`${LIST}; rel="next"`], want: at(LIST) },
    { title: 'without angle brackets, second', given: [`/x; rel="prev", ${LIST}; rel="next"`], want: at(LIST) },
    { title: 'without rel, where it is the only one', given: [`<${LIST}>`], want: at(LIST) },
    { title: 'without rel, beside another relation', given: [`</x>; rel=preload, <${LIST}>`], want: at(LIST) },
    { title: 'with neither', given: [LIST], want: at(LIST) },
  ]);
});

t.test('what is not followed is said, with what the registry has named', async (t) => {
  const other = 'refused: the registry names a next page of tags on another host, evil.example, which is not followed';
  const noUrl = (text: string) => `refused: the registry names a next page of tags that is no URL: "${text}"`;
  check(t, [
    { title: 'another host', given: ['<http://evil.example/v2/p>; rel="next"'], want: other },
    { title: 'another host, without a scheme', given: ['<//evil.example/p>; rel="next"'], want: other },
    { title: 'another host, without angle brackets', given: ['//evil.example/p; rel="next"'], want: other },
    { title: 'another scheme', given: ['<file:///etc/passwd>; rel="next"'], want: noUrl('file:///etc/passwd') },
    { title: 'no URL', given: ['<http://[>; rel="next"'], want: noUrl('http://[') },
  ]);
});

t.test('a Link that can not be read is never taken for the end of the list', async (t) => {
  const headers = [
    '>;<,;rel=next',
    `<${LIST}`,
    `<${LIST}>; rel="next`,
    `<${LIST}>; rel='next`,
    `<${LIST}>; rel=next prev`,
    `<${LIST}> rel="next"`,
    `<${LIST}>; "next"`,
    `rel="next"; <${LIST}>`,
    '<a>, <b>',
    `<a>; rel=prev, <${LIST}`,
    'next = /v2',
  ];
  for (const header of headers) t.equal(read(header), unreadable(header), header);
  t.equal(read('</x>; rel=preload', '<broken'), unreadable('<broken'), 'in one line of several');
  t.match(read(`<${'x'.repeat(5000)}`), /: "<x{99}…"$/, 'and shown as far as a message goes');
});

t.test('of 2,000 lists of links in any form, the next page is found in each', async (t) => {
  const blanks = fc.constantFrom('', ' ', '  ', '\t');
  const relation = (rel: string) =>
    fc.constantFrom(
      `rel="${rel}"`,
      `rel=${rel}`,
      `rel='${rel}'`,
      `REL="${rel}"`,
      `rel="x-${rel} ${rel}"`,
      `rel = "${rel}"`,
    );
  const more = fc.array(fc.constantFrom('title="a, b; c"', 'x', "type='text/html'", 'hreflang=de', 'title="\\""'), {
    maxLength: 2,
  });
  const link = (rel: string, target: string, bare: boolean) =>
    fc
      .tuple(relation(rel), more, more, blanks, bare ? fc.boolean() : fc.constant(true))
      .map(([name, before, after, blank, brackets]) =>
        [brackets ? `<${target}>` : target, ...before, name, ...after].join(`${blank};${blank}`),
      );
  const others = fc.array(
    fc.nat(9).chain((at) => link('prev', `/other/${at},x`, false)),
    { maxLength: 2 },
  );
  const header = fc
    .tuple(others, link('next', LIST, true), others, blanks, fc.boolean())
    .map(([before, next, after, blank, apart]) =>
      apart ? [...before, next, ...after] : [[...before, next, ...after].join(`${blank},${blank}`)],
    );
  fc.assert(
    fc.property(header, (lines) => read(...lines) === at(LIST)),
    { numRuns: 2000 },
  );
  t.pass('each is found');
});

t.test('no text makes it throw, or follow to another host', async (t) => {
  const piece = fc.oneof(
    fc.constantFrom('<', '>', ';', ',', '"', "'", 'rel=next', '/v2', '//evil.example', '\\', ' '),
    fc.string(),
  );
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(text, (header) => {
      const page = nextPage(current, [header]);
      return page.kind !== 'next' || page.url.origin === current.origin;
    }),
    { numRuns: 5000 },
  );
  t.pass('none does');
});
