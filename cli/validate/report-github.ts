import { STDIN } from './inputs.js';
import { pathIn } from './path-in.js';
import type { FilePosition, Finding, Unresolved } from './result.js';
import { findingText, type Report, summaryText, titleOf } from './summary.js';

/**
 * For GitHub Actions: a workflow command for each finding, which shows it beside the line in the change, and a sum for the log. A fault
 * of values is shown at its own position, not at that of the reference.
 * @param root - of the repository, which GitHub's paths are relative to
 * @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
export const asGithub = (report: Report, root: string): string => {
  const commands = report.results.flatMap((result) => {
    const { file, problems, unresolved } = result;
    const command = (name: string, found: Finding | Unresolved, text: string): string => {
      const place = ('source' in found ? found.source : undefined) ?? { file, line: found.line, column: found.column };
      const properties = propertiesOf(place, { title: `${found.rule} ${titleOf(result)}`, root });
      return `::${name} ${properties}::${data(text)}`;
    };
    return [
      ...problems.map((problem) => command(problem.severity, problem, findingText(problem))),
      ...unresolved.map((open) =>
        command('notice', open, findingText({ field: open.field, message: `not checked: ${open.message}` })),
      ),
    ];
  });
  return [...commands, summaryText(report)].join('\n');
};

const propertiesOf = (
  { file, line, column }: FilePosition,
  { title, root }: { readonly title: string; readonly root: string },
): string => {
  // Standard input is no file that GitHub could show.
  const where = file === STDIN ? {} : { file: pathIn(root, file), line, col: column };
  return Object.entries({ ...where, title })
    .map(([name, value]) => `${name}=${property(String(value))}`)
    .join(',');
};

const data = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
