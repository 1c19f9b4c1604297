import { pathIn } from './path-in.js';
import type { Finding, Result, Unresolved } from './result.js';
import { findingText, type Report, titleOf } from './summary.js';

/**
 * For GitLab, Jenkins and all that read JUnit's XML: a suite for each file, a test case for each bundle, failed if it is refused. Warnings and
 * references that were not checked are its output, which GitLab shows beside a failure.
 * @param root - of the repository, which the files' paths are relative to
 * @see https://docs.gitlab.com/ci/testing/unit_test_reports/
 */
export const asJunit = ({ results }: Report, root: string): string => {
  const files = [...new Set(results.map(({ file }) => file))];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="werfbundle validate" ${countsOf(results)}>`,
    ...files.flatMap((file) =>
      suite(
        pathIn(root, file),
        results.filter((result) => result.file === file),
      ),
    ),
    '</testsuites>',
  ].join('\n');
};

const suite = (file: string, results: readonly Result[]): readonly string[] => [
  `  <testsuite name="${escaped(file)}" ${countsOf(results)}>`,
  ...results.flatMap((result) => testCase(file, result)),
  '  </testsuite>',
];

const countsOf = (results: readonly Result[]): string =>
  `tests="${results.length}" failures="${results.filter(isDenied).length}" errors="0" skipped="0" time="0"`;

const isDenied = ({ verdict }: Result): boolean => verdict === 'deny';

/** Both systems show one failure of a test case, so it has all problems. */
const testCase = (file: string, result: Result): readonly string[] => {
  const errors = result.problems.filter(({ severity }) => severity === 'error');
  const rest = [
    ...result.problems.filter(({ severity }) => severity === 'warning').map((one) => line(file, 'warning', one)),
    ...result.unresolved.map((one) => line(file, 'not checked', one)),
  ];
  const [first] = errors;
  const head = `    <testcase name="${escaped(titleOf(result))}" classname="${escaped(file)}" file="${escaped(file)}" time="0"`;
  if (first === undefined && rest.length === 0) return [`${head}/>`];
  return [
    `${head}>`,
    ...(first === undefined
      ? []
      : [
          `      <failure type="${first.rule}" message="${escaped(sentenceOf(errors))}">${escaped(errors.map((one) => line(file, 'error', one)).join('\n'))}</failure>`,
        ]),
    ...(rest.length === 0 ? [] : [`      <system-out>${escaped(rest.join('\n'))}</system-out>`]),
    '    </testcase>',
  ];
};

const sentenceOf = ([first, ...more]: readonly Finding[]): string => {
  const text = first === undefined ? '' : findingText(first);
  return more.length === 0 ? text : `${text} (and ${more.length} more)`;
};

const line = (file: string, word: string, found: Finding | Unresolved): string => {
  const source = 'source' in found ? ` (see ${found.source.file}:${found.source.line}:${found.source.column})` : '';
  return `${file}:${found.line}:${found.column}: ${word}: ${findingText(found)} [${found.rule}]${source}`;
};

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
/** Letters that XML 1.0 has no form for. */
const NOT_IN_XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

const escaped = (text: string): string =>
  text.replace(NOT_IN_XML, '\uFFFD').replace(/[&<>"]/g, (letter) => ENTITIES[letter] ?? letter);
