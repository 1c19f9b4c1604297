import fc from 'fast-check';
import t from 'tap';
import { validateBundle } from '../../api/validate.js';
import type { WerfBundle } from '../../api/werfbundle.js';

/** The warnings about a bundle with these fields of spec.registry, as the apiserver prints them. */
const warningsOf = (fields: object): readonly string[] => {
  const registry = { url: 'ghcr.io/acme/app', ...fields };
  const bundle = {
    apiVersion: 'werf.io/v1alpha1',
    kind: 'WerfBundle',
    metadata: { name: 'my-app' },
    spec: { registry, converge: { serviceAccountName: 'werf-converge' } },
  };
  return validateBundle(bundle as WerfBundle).warnings.map(({ field, message }) => `${field}: ${message}`);
};

const AS_TEXT =
  'spec.registry.tagPattern: what is compared are digits, as text: 9 comes after 11; set spec.registry.tagOrder to Number, which compares numbers';
const NUMBERS_AS_TEXT =
  'spec.registry.tagPattern: what is compared holds numbers, as text: 9 comes after 11; for versions set spec.registry.versionConstraint, for a number capture it alone as the first group and set spec.registry.tagOrder to Number';
const LEFT_OUT =
  'spec.registry.tagPattern: the first group leaves out what tells some tags apart: those with the same text there are equal, and the last of them in text order is taken (rc9 comes after rc10); capture all that counts';

t.test('a pattern that makes numbers compare as text is warned about', async (t) => {
  const numbers = [
    '^main-(\\d+)$',
    '^main-([0-9]+)$',
    '^main-([[:digit:]]+)$',
    '^main-(\\p{Nd}+)$',
    '^main-([1-9][0-9]*)$',
    '^main-([^a-zA-Z._-]+)$',
    '^main-(?P<build>\\d+)$',
    '^main-(?<build>\\d+)-([a-f0-9]+)$',
    '^(?:main|dev)-((?:\\d)+)$',
    '^main-((\\d+))-[0-9a-f]{7}$',
    '^main-(\\d{1,3})$',
    '^main-(\\d{8}|\\d{10})$',
    '^main-(\\d\\d?)$',
    '(?i)^MAIN-(\\d+?)$',
    '\\d+',
  ];
  for (const tagPattern of numbers) t.strictSame(warningsOf({ tagPattern }), [AS_TEXT], tagPattern);
  const among = [
    '^main-\\d+$',
    '^v(\\d+\\.\\d+)$',
    '^(main-\\d+)$',
    '^v([\\d.]+)$',
    '^(\\d+|latest)$',
    '^(?:\\d+-)*x$',
  ];
  for (const tagPattern of among) t.strictSame(warningsOf({ tagPattern }), [NUMBERS_AS_TEXT], tagPattern);
  const rightAsText = [
    '^v',
    '^main-(\\d{8})$',
    '^main-(\\d{8}|\\d{4}\\d{4})$',
    '^main-([0-9]{4}[0-9]{2}\\d\\d)$',
    '^main-(?P<date>\\d{8})-[0-9a-f]+$',
    '^main-(\\d)$',
    '^main-(\\d?)$',
    '^main-([0-9a-f]+)$',
    '^(.*)-\\w+$',
    '^main-(\\Q\\d+\\E)$',
    '^main-(\\d{4}-\\d{2}-\\d{2})$',
    '^main-[0-9a-f]{7}$',
    '^main-(?:\\d+)-([a-z]+)$',
    'x(y)|\\d+',
  ];
  for (const tagPattern of rightAsText) t.strictSame(warningsOf({ tagPattern }), [], tagPattern);
  for (const tagOrder of ['Number', 'Text'])
    t.strictSame(warningsOf({ tagPattern: '^main-(\\d+)$', tagOrder }), [], `by ${tagOrder}, as was asked for`);
  t.strictSame(warningsOf({ tagPattern: '^v(\\d+)$', versionConstraint: '*' }), [], 'versions');
});

t.test('a pattern whose group leaves out what tells tags apart is warned about', async (t) => {
  const dropped = [
    '^(\\d+\\.\\d+\\.\\d+)-rc\\d+$',
    '^(\\d+\\.\\d+\\.\\d+)(?:-(?:alpha|beta)\\.\\d+)?$',
    '^v?([0-9]+[.][0-9]+)-(.*)$',
    '^v(\\d+\\.\\d+)',
    '^(?:app|web)-(\\d+\\.\\d+)$',
    '^(\\d+\\.\\d+)-(?:debian|alpine)$',
    '^((?:\\d+\\.){2}\\d+)-[0-9a-f]{7}$',
    '^(.*)-[a-z]+$',
  ];
  for (const tagPattern of dropped)
    t.strictSame(warningsOf({ tagPattern, versionConstraint: '*' }), [LEFT_OUT], tagPattern);
  const counted = ['^main-(\\d{8})-\\d+$', '^v(\\d)-rc(\\d+)$'];
  for (const tagPattern of counted) t.strictSame(warningsOf({ tagPattern }), [LEFT_OUT], tagPattern);
  const kept = [
    '^v?(\\d+\\.\\d+\\.\\d+)$',
    '^(\\d+\\.\\d+\\.\\d+(?:-rc\\d+)?)$',
    '^app-(.*)$',
    '^(\\d+\\.\\d+\\.\\d+)-alpine$',
    '^\\d+\\.\\d+-rc\\d+$',
    '\\A(.*)\\z',
  ];
  for (const tagPattern of kept) t.strictSame(warningsOf({ tagPattern, versionConstraint: '*' }), [], tagPattern);
  for (const tagPattern of ['^main-(\\d+)-[0-9a-f]{7}$', '^main-\\d{8}-(\\d+)$'])
    t.strictSame(warningsOf({ tagPattern, tagOrder: 'Number' }), [], tagPattern);
  const both = '^(\\d+\\.\\d+\\.\\d+)-rc\\d+$';
  t.match(warningsOf({ tagPattern: both }), [/holds numbers.*; the first group leaves out/], 'both are said');
});

t.test('no pattern that RE2 takes is too much for the rules', async (t) => {
  const patternChars = '(?:)[^]\\dQEp{}2,|*-P<>i'.split('');
  const tagPattern = fc.array(fc.constantFrom(...patternChars), { maxLength: 12 }).map((chars) => chars.join(''));
  const anyPattern = fc.property(tagPattern, (tagPattern) => {
    warningsOf({ tagPattern });
  });
  t.doesNotThrow(
    () => fc.assert(anyPattern, { numRuns: 5000 }),
    'no pattern that RE2 takes is one that the rules do not',
  );
});
