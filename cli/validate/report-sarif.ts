import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Rule } from '../../api/rules/rule.js';
import { RULES } from '../../api/rules.js';
import { documentUrl, HOME } from '../documentation.js';
import { STDIN } from './inputs.js';
import { pathIn } from './path-in.js';
import type { FilePosition, Finding, Result, Unresolved } from './result.js';
import { findingText, type Report, titleOf } from './summary.js';

/** The rules in the order of their ids, as results refer to them. */
const ROWS = Object.entries(RULES).toSorted(([, one], [, other]) => (one.id < other.id ? -1 : 1));

/**
 * SARIF 2.1.0, for GitHub's code scanning and all that reads it: a result for each finding, at its field; the cause in another object is
 * a related location. Each rule says what is wrong and how to mend it.
 * @param tool.version - of the program
 * @param tool.root - of the repository, which the files' paths are relative to
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export const asSarif = ({ results }: Report, tool: { readonly version: string; readonly root: string }): string =>
  JSON.stringify({
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'werfbundle',
            semanticVersion: tool.version,
            informationUri: HOME,
            rules: ROWS.map(descriptorOf),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: results.flatMap((result) => [
          ...result.problems.map((problem) => resultOf(result, problem, { root: tool.root, level: problem.severity })),
          ...result.unresolved.map((open) => resultOf(result, open, { root: tool.root, level: 'note' })),
        ]),
      },
    ],
  });

const descriptorOf = ([name, { id, severity, what, mend }]: readonly [string, Rule]): object => ({
  id,
  name: pascalCase(name),
  shortDescription: { text: what },
  fullDescription: { text: what },
  helpUri: documentUrl(`docs/rules.md#${id.toLowerCase()}`),
  help: { text: `${what} ${mend}`, markdown: `${what}\n\n${mend}` },
  defaultConfiguration: { level: severity },
});

const pascalCase = (name: string): string =>
  name.replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase());

type Level = 'error' | 'warning' | 'note';

const resultOf = (
  result: Result,
  found: Finding | Unresolved,
  { root, level }: { readonly root: string; readonly level: Level },
): object => {
  const { file } = result;
  const { rule, line, column } = found;
  const text = level === 'note' ? `not checked: ${findingText(found)}` : findingText(found);
  const logical = { fullyQualifiedName: titleOf(result), kind: 'object' };
  const source = 'source' in found ? found.source : undefined;
  return {
    ruleId: rule,
    ruleIndex: ROWS.findIndex(([, { id }]) => id === rule),
    level,
    message: { text },
    locations: [{ ...physical({ file, line, column }, root), logicalLocations: [logical] }],
    ...(source !== undefined && {
      relatedLocations: [{ id: 1, ...physical(source, root), message: { text: 'the cause' } }],
    }),
  };
};

/** Standard input is no file that anybody could open. */
const physical = ({ file, line, column }: FilePosition, root: string): object =>
  file === STDIN
    ? {}
    : {
        physicalLocation: {
          artifactLocation: uriOf(pathIn(root, file)),
          region: { startLine: line, startColumn: column },
        },
      };

const uriOf = (path: string): object =>
  isAbsolute(path)
    ? { uri: pathToFileURL(path).href }
    : { uri: path.split('/').map(encodeURIComponent).join('/'), uriBaseId: '%SRCROOT%' };
