import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { isServiceTag, rankTags, type TagPolicy, type TagRanking } from '../../api/tag-choice.js';
import { parseTagPattern } from '../../api/tag-pattern.js';
import { canMatchNothing, parseVersion, parseVersionConstraint } from '../../api/version-constraint.js';

const VERSIONS = [
  '0.2.5',
  '0.3.0',
  '1.2.0',
  '1.2',
  'v1.2.3-rc.1',
  'v1.2.3',
  '1.3.0',
  '1.9.9',
  '2.0.0-rc.1',
  '2.0.0',
] as const;

/** constraint → those of VERSIONS that satisfy it, as Masterminds decides it. */
const CONSTRAINTS: readonly { readonly given: string; readonly want: string }[] = [
  { given: '>=1.0,<2.0', want: '1.2.0 1.2 v1.2.3 1.3.0 1.9.9' },
  { given: '>=1.0 <2.0', want: '1.2.0 1.2 v1.2.3 1.3.0 1.9.9' },
  { given: '>= 1.0.0 , < 2.0.0', want: '1.2.0 1.2 v1.2.3 1.3.0 1.9.9' },
  { given: '^1', want: '1.2.0 1.2 v1.2.3 1.3.0 1.9.9' },
  { given: '^v1.3', want: '1.3.0 1.9.9' },
  { given: '^0.2', want: '0.2.5' },
  { given: '~1.2', want: '1.2.0 1.2 v1.2.3' },
  { given: '~>1.2.1', want: 'v1.2.3' },
  { given: '1.2', want: '1.2.0 1.2 v1.2.3' },
  { given: '=1.2.0', want: '1.2.0 1.2' },
  { given: 'v1.2.3', want: 'v1.2.3' },
  { given: '01.02.3', want: 'v1.2.3' },
  { given: '1.2.x', want: '1.2.0 1.2 v1.2.3' },
  { given: '1.X', want: '1.2.0 1.2 v1.2.3 1.3.0 1.9.9' },
  { given: '*', want: '0.2.5 0.3.0 1.2.0 1.2 v1.2.3 1.3.0 1.9.9 2.0.0' },
  { given: '1.2 - 1.3', want: '1.2.0 1.2 v1.2.3 1.3.0' },
  { given: '0.3.0 - 1.2.0, !=1.2.0', want: '0.3.0' },
  { given: '>1', want: '2.0.0' },
  { given: '>1.2', want: '1.3.0 1.9.9 2.0.0' },
  { given: '<=1.2', want: '0.2.5 0.3.0 1.2.0 1.2 v1.2.3' },
  { given: '=>1.3 =<2', want: '1.3.0 1.9.9 2.0.0' },
  { given: '>=1 !=1.2', want: '1.3.0 1.9.9 2.0.0' },
  { given: '!=1.2.3, <2', want: '0.2.5 0.3.0 1.2.0 1.2 1.3.0 1.9.9' },
  { given: '~0.2 || 2.x', want: '0.2.5 2.0.0' },
  // Pre-releases: only where the alternative names one, then all of its range.
  { given: '>=1.2.3-0 <2', want: 'v1.2.3-rc.1 v1.2.3 1.3.0 1.9.9 2.0.0-rc.1' },
  { given: '>=1.9-0', want: '1.9.9 2.0.0-rc.1 2.0.0' },
  { given: '~1-0', want: '1.2.0 1.2 v1.2.3-rc.1 v1.2.3 1.3.0 1.9.9' },
  { given: '^1.3 || 2.0.0-rc.1', want: '1.3.0 1.9.9 2.0.0-rc.1' },
  { given: '>1.2.3-alpha <1.2.3', want: 'v1.2.3-rc.1' },
];

t.test('a constraint means to us what it means to Helm and Flux', (t) => {
  for (const { given, want } of CONSTRAINTS) {
    const constraint = parseVersionConstraint(given);
    const got =
      constraint.kind === 'range' ? VERSIONS.filter((version) => constraint.satisfies(version)).join(' ') : constraint;
    t.equal(got, want, `${JSON.stringify(given)} is satisfied by ${want}`);
  }
  for (const blank of ['', '  ']) t.same(parseVersionConstraint(blank), { kind: 'none' }, 'blank means none');
  t.end();
});

/** constraint: versions that satisfy it, and after `not` some that do not; each is so in Masterminds' own tests. */
const CASES: readonly string[] = [
  '=2.0: 2.0.0 not 1.2.3',
  '!=4.1: 5.1.0 not 4.1.0',
  '!=4.2.x: 4.1.0 not 4.2.3',
  '<1.1: 0.1.0 not 1.1.0 1.1.1',
  '<1.x: 0.1.1 not 1.1.1 2.0.0',
  '<1.1.x: 1.0.500 not 1.1.500 1.2.1',
  '<0-z: 0.0.0-alpha',
  '<=1.1: 0.1.0 1.1.0 1.1.1 not 0.1.0-alpha',
  '<=1.1-a: 0.1.0-alpha',
  '<=1.1.x: 1.1.9 not 1.2.500',
  '>0: 1 not 0 0.0.1-alpha',
  '>0-0: not 0.0.1-alpha 0.0.0-alpha',
  '>0.0.0-0: 0.0.0-alpha',
  '>1.2.3-alpha.1: 1.2.3-alpha.2 1.3.3-alpha.2',
  '>11: not 11.1.0',
  '>11.1: 11.2.1 not 11.1.0 11.1.1',
  '>=1.1: 4.1.0 1.1.0 not 0.0.9 4.1.0-beta',
  '>=0-0: 0.0.1-alpha 0.0.0-alpha',
  '*-0: 1.2.3-alpha.1',
  '2.1.*: 2.1.1 not 2.2.1',
  '1.1-3: not 4.3.2',
  '1.5.0 - 4.5: 3.7.0',
  '~1: 1.3.5 1.4 not 2.1.1 1.3.5-beta',
  '~1.2.3: 1.2.5 not 1.2.2 1.3.2',
  '~1.1.1-beta: 1.1.1 not 1.1.1-alpha',
  '~1.2.3-beta.2: 1.2.3-beta.4 1.2.4-beta.2 not 1.3.4-beta.2',
  '~*: 2.1.1',
  '~0.0.0: 1.2.3',
  '^1.x: 1.1.1 not 2.1.1 1.1.1-beta1',
  '^1.1.2-alpha: 1.2.1-beta1',
  '^1.2.0-alpha.2: not 1.2.0-alpha.1',
  '^0: 0.2.3 not 1.1.4',
  '^0.0: 0.0.3 not 0.1.4 1.0.4',
  '^0.0.3: 0.0.3 not 0.0.4',
  '^0.2.3: 0.2.5 not 0.5.6',
  '^0.2.3-beta.2: 0.2.3-beta.4 0.2.4-beta.2 not 0.3.4-beta.2',
  '>=1.1, <2, !=1.2.3 || >= 3: 3.0.0 4.1.2 not 1.2.3',
  '>=1.1    < 2    != 1.2.3: 1.2.4 not 1.2.3',
  '>= 1.2.3 < 2.0 || => 3.0 < 4: 3.5.0 not 2.5.0',
];

t.test('and at the edges what Masterminds has in its tests', (t) => {
  for (const row of CASES) {
    const [given = '', versions = ''] = row.split(': ');
    const [fit = '', unfit = ''] = versions.split(/ ?not /);
    const constraint = parseVersionConstraint(given);
    const satisfied = (text: string) =>
      text
        .split(' ')
        .filter((version) => version !== '' && constraint.kind === 'range' && constraint.satisfies(version))
        .join(' ');
    t.strictSame([constraint.kind, satisfied(fit), satisfied(unfit)], ['range', fit, ''], row);
  }
  t.end();
});

t.test('a constraint that is none is refused with the reason', (t) => {
  const example = 'for example ">=1.2.0 <2.0.0", "^1.4" or "~1.2 || 2.x"';
  const rows = [
    ['abc', `"abc" is no version range; ${example}`],
    ['1.2.3.4', `"1.2.3.4" is no version range; ${example}`],
    ['==1', `"==1" is no version range; ${example}`],
    ['>=1.0<2.0', `">=1.0<2.0" is no version range; ${example}`],
    ['>= ', 'a version is missing after ">="'],
    ['>=1.0,', 'a range is missing after the last comma'],
    ['>=1.0 ||', 'a range is missing beside "||"'],
    ['>99999999999999999999', '">99999999999999999999" is no version'],
  ] as const;
  for (const [given, reason] of rows) {
    t.same(parseVersionConstraint(given), { kind: 'invalid', reason }, `${given}: ${reason}`);
  }
  t.end();
});

t.test('a constraint that nothing can satisfy is known as such, and no other', (t) => {
  const nothing = ['>2 <1', '>1.2.3 <1.2.4', '=1.2.3 !=1.2.3', '>=1.2 <1.4 !=1.2 !=1.3', '<0', '!=*', '>2 <1 || <0'];
  const something = [
    '>2 <1 || 1.x',
    '>=1.2 <1.5 !=1.2 !=1.3',
    '>1.2.3-a <1.2.3',
    '<1',
    '*',
    '!=0.0.0',
    '>=2 !=2.0.0',
    '',
    'abc',
  ];
  for (const given of nothing) t.ok(canMatchNothing(parseVersionConstraint(given)), given);
  for (const given of something) t.notOk(canMatchNothing(parseVersionConstraint(given)), given);
  t.end();
});

t.test('a tag is read as a version as leniently as Helm reads it', (t) => {
  const rows = [
    ['v1.2.3', '1.2.3'],
    ['1.2', '1.2.0'],
    ['1', '1.0.0'],
    ['01.02.03', '1.2.3'],
    ['1.2-rc.1', '1.2.0-rc.1'],
    ['1.0.0_build.5', '1.0.0+build.5'],
    ['20240101123456', '20240101123456.0.0'],
    ['latest', undefined],
    ['1.2.3.4', undefined],
    ['1.2.3-01', undefined],
    ['=1.2.3', undefined],
    [' 1.2.3', undefined],
    ['V1.2.3', undefined],
    ['99999999999999999999.0.0', undefined],
  ] as const;
  for (const [given, want] of rows)
    t.equal(parseVersion(given)?.raw, want, `${JSON.stringify(given)} is ${want ?? 'no version'}`);
  t.end();
});

t.test('a pattern is searched for anywhere in the tag, and its first group is what is compared', (t) => {
  const rows = [
    { pattern: '1', tag: 'v1.2.3', want: 'v1.2.3' },
    { pattern: '^1', tag: 'v1.2.3', want: undefined },
    { pattern: '^main-([0-9]+)-[0-9a-f]+$', tag: 'main-42-abc', want: '42' },
    { pattern: '^(?P<name>[a-z]+)-(.*)$', tag: 'main-42', want: 'main' },
    { pattern: '(?:a|b)$', tag: 'xa', want: 'xa' },
    { pattern: 'x|(y)', tag: 'x', want: undefined },
    { pattern: 'v(x*)', tag: 'v1', want: '' },
  ];
  for (const { pattern, tag, want } of rows) {
    const parsed = parseTagPattern(pattern);
    t.equal(parsed.kind === 'ok' ? parsed.match(tag) : parsed.reason, want, `${pattern} of ${tag} gives ${want}`);
  }
  const refused = [
    ['(', 'missing closing ): "("'],
    ['a**', 'invalid nested repetition operator: "**"'],
    ['(?<=v)1', 'RE2 has no look-ahead and no look-behind: "(?<=v)1"'],
    ['(?!v)', 'RE2 has no look-ahead and no look-behind: "(?!"'],
    ['(a)\\1', 'RE2 has no back-references: "\\\\1"'],
    ['[z-a]', 'invalid character class range: "z-a"'],
    ['a\\', 'trailing backslash at end of expression'],
  ] as const;
  for (const [given, reason] of refused)
    t.same(parseTagPattern(given), { kind: 'invalid', reason }, `${given}: ${reason}`);
  const slow = parseTagPattern('^(a+)+$');
  t.equal(slow.kind === 'ok' ? slow.match(`${'a'.repeat(127)}!`) : slow.reason, undefined, 'no pattern takes for ever');
  t.end();
});

const HEX64 = '0123456789abcdef'.repeat(4);

t.test("werf's and cosign's own tags are known by their shape", (t) => {
  const theirs = [
    `${HEX64.slice(0, 56)}-1700000000000`,
    HEX64.slice(0, 56),
    `${HEX64.slice(0, 56)}-1700000000000-rejected`,
    `${HEX64}-1700000000000`,
    'managed-image-app',
    'import-metadata-1234',
    'client-id-5678',
    'custom-tag-meta-abc',
    'image-metadata-by-commit-app-abc',
    `meta-2c26b46b68ff_${HEX64.slice(0, 40)}_x`,
    `sha256-${HEX64}.sig`,
    `sha256-${HEX64}`,
  ];
  for (const tag of theirs) t.ok(isServiceTag(tag), tag);
  for (const tag of ['v1.0.0', 'latest', 'meta-1.0', 'main-42-abcdef0', HEX64.slice(0, 40), 'sha256-abc'])
    t.notOk(isServiceTag(tag), tag);
  t.end();
});

const ranked = (...tags: string[]): TagRanking => ({ kind: 'ranked', tags });
const none = (message: string): TagRanking => ({ kind: 'none', message });

const RANKINGS: readonly {
  readonly title: string;
  readonly tags: string[];
  readonly policy: TagPolicy;
  readonly want: TagRanking;
}[] = [
  {
    title: 'with a constraint the highest version comes first, and what is no version or outside is left out',
    tags: ['v1.9.0', 'latest', 'v1.10.0', '2.0.0', 'v1.10.0-rc.1', `sha256-${HEX64}.sig`],
    policy: { versionConstraint: '^1' },
    want: ranked('v1.10.0', 'v1.9.0'),
  },
  {
    title: 'equal versions have an order, whatever the order in which they are listed',
    tags: ['1.0.0', '1.0', 'v1.0.0', '1.0.0_2', '1.0.0_10'],
    policy: { versionConstraint: '*' },
    want: ranked('1.0.0_10', '1.0.0_2', 'v1.0.0', '1.0.0', '1.0'),
  },
  {
    title: 'without a constraint the last in byte order comes first: v1.9.0 before v1.10.0',
    tags: ['v1.10.0', 'V2', 'v1.9.0'],
    policy: {},
    want: ranked('v1.9.0', 'v1.10.0', 'V2'),
  },
  {
    title: 'the group of the pattern is what is compared, and the whole tag is the result',
    tags: ['main-9-fff', 'main-10-aaa', 'dev-99-bbb'],
    policy: { tagPattern: '^main-([0-9]+)-', tagOrder: 'Number' },
    want: ranked('main-10-aaa', 'main-9-fff'),
  },
  {
    title: 'what the group makes equal comes in text order of the whole tags',
    tags: ['1.2.0-rc9', '1.2.0-rc10', '1.2.0-rc1', '1.1.0-rc3'],
    policy: { tagPattern: '^(\\d+\\.\\d+\\.\\d+)-rc\\d+$', versionConstraint: '*' },
    want: ranked('1.2.0-rc9', '1.2.0-rc10', '1.2.0-rc1', '1.1.0-rc3'),
  },
  {
    title: 'numbers compare exactly, however large, and what is no number is skipped',
    tags: ['9007199254740993', '9007199254740992', '1.5', '1.45', '-3', 'latest', '1e9', '007'],
    policy: { tagOrder: 'Number' },
    want: ranked('9007199254740993', '9007199254740992', '007', '1.5', '1.45', '-3'),
  },
  {
    title: 'so do the numbers of pre-releases and of builds',
    tags: [
      '1.0.0-9007199254740992',
      '1.0.0-9007199254740993',
      '1.0.0-9007199254740992.1',
      '1.0.0-rc_9007199254740992',
      '1.0.0-rc_9007199254740993',
    ],
    policy: { versionConstraint: '>=1.0.0-0' },
    want: ranked(
      '1.0.0-rc_9007199254740993',
      '1.0.0-rc_9007199254740992',
      '1.0.0-9007199254740993',
      '1.0.0-9007199254740992.1',
      '1.0.0-9007199254740992',
    ),
  },
  {
    title: 'and those of the constraint',
    tags: ['1.0.0-9007199254740992', '1.0.0-9007199254740993', '1.0.0-9007199254740994'],
    policy: { versionConstraint: '>1.0.0-9007199254740992 <1.0.0-9007199254740994' },
    want: ranked('1.0.0-9007199254740993'),
  },
  {
    title: 'the group of the pattern may be the version',
    tags: ['app-1.2.0', 'app-1.10.0', 'web-3.0.0'],
    policy: { tagPattern: '^app-(.*)$', versionConstraint: '>=1' },
    want: ranked('app-1.10.0', 'app-1.2.0'),
  },
  { title: 'a fixed tag is it, if it is listed', tags: ['b', 'a'], policy: { tag: 'a' }, want: ranked('a') },
  {
    title: 'a fixed tag that is not listed is said to be missing',
    tags: ['b'],
    policy: { tag: 'a' },
    want: none('tag "a" is not among the repository\'s 1 tag'),
  },
  { title: 'no tags at all', tags: [], policy: {}, want: none('the repository has no tags') },
  {
    title: "only werf's own tags",
    tags: ['managed-image-a', 'client-id-b'],
    policy: {},
    want: none("none of the repository's 2 tags can be a bundle's: all are werf's or cosign's own"),
  },
  {
    title: 'nothing satisfies the constraint: the highest version is named',
    tags: ['v1.9.0', 'v1.10.0', 'latest'],
    policy: { versionConstraint: '>=2.0.0' },
    want: none('no tag satisfies versionConstraint ">=2.0.0": 3 tags, the highest version is v1.10.0'),
  },
  {
    title: 'only pre-releases: the reason is said',
    tags: ['v2.0.0-rc.1'],
    policy: { versionConstraint: '>=1' },
    want: none(
      'no tag satisfies versionConstraint ">=1": 1 tag, the highest version is v2.0.0-rc.1 (a pre-release, which matches only if the constraint names one, such as ">=1.0.0-0")',
    ),
  },
  {
    title: 'no tag is a version',
    tags: ['main', 'latest'],
    policy: { versionConstraint: '>=1', tagPattern: 'a' },
    want: none('no tag that matches tagPattern "a" satisfies versionConstraint ">=1": 2 tags, none is a version'),
  },
  {
    title: 'no tag matches the pattern',
    tags: ['main', 'latest'],
    policy: { tagPattern: '^v' },
    want: none('no tag matches tagPattern "^v": 2 tags, the last in text order is main'),
  },
  {
    title: 'no tag is a number',
    tags: ['main', 'latest'],
    policy: { tagOrder: 'Number' },
    want: none('no tag is a number (tagOrder Number): 2 tags, for example main'),
  },
  {
    title: 'a constraint that validation refuses',
    tags: ['v1'],
    policy: { versionConstraint: '>=' },
    want: none('versionConstraint ">=": a version is missing after ">="'),
  },
  {
    title: 'a pattern that validation refuses',
    tags: ['v1'],
    policy: { tagPattern: '(' },
    want: none('tagPattern "(": missing closing ): "("'),
  },
];

t.test('tags are ranked by what the policy asks for', (t) => {
  for (const { title, tags, policy, want } of RANKINGS) {
    const given = Object.freeze([...tags]);
    t.strictSame(rankTags(given, policy), want, title);
    t.strictSame(rankTags(given.toReversed(), policy), want, `${title} (listed backwards)`);
  }
  t.end();
});

t.test('the ranking does not depend on the order of the listing', (t) => {
  const tag = fc.stringMatching(/^v?[0-3](\.[0-3]){0,2}(-rc\.[0-2])?(_[ab])?$/);
  const selection = fc.constantFrom<TagPolicy>({}, { versionConstraint: '>=0-0' }, { tagOrder: 'Number' });
  const tagPattern = fc.constantFrom('v', '^v?(\\d)', '^v?(\\d(?:\\.\\d)*)', '(?:rc\\.)(\\d)', '()');
  const policy = fc.oneof(
    selection,
    fc.tuple(selection, tagPattern).map(([fields, tagPattern]) => ({ ...fields, tagPattern })),
  );
  const law = fc.property(fc.array(tag, { minLength: 1, maxLength: 12 }), policy, (tags, policy) =>
    isDeepStrictEqual(rankTags(tags, policy), rankTags([...tags].sort(), policy)),
  );
  t.doesNotThrow(() => fc.assert(law, { numRuns: 500 }));
  t.end();
});
