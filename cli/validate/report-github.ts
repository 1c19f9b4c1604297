import { relative, resolve } from 'node:path';
import { STDIN } from './inputs.js';
import type { FilePosition, Result } from './result.js';
import { printable, summaryOf, titleOf } from './summary.js';

/**
 * For GitHub Actions: a workflow command for each finding, which shows it beside the line in the change, and a sum for the log. A fault
 * of values is shown at its own position, not at that of the reference.
 * @param root - of the repository, which GitHub's paths are relative to
 * @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
export const asGithub = (results: readonly Result[], root: string): string => {
  const commands = results.flatMap((result) => {
    const { file, problems, unresolved } = result;
    const line = (command: string, place: FilePosition, text: string): string =>
      `::${command} ${propertiesOf(place, { title: titleOf(result), root })}::${data(printable(text))}`;
    return [
      ...problems.map(({ severity, field, message, source, line: at, column }) =>
        line(severity, source ?? { file, line: at, column }, field === '' ? message : `${field}: ${message}`),
      ),
      ...unresolved.map(({ field, message, line: at, column }) =>
        line('notice', { file, line: at, column }, `${field}: not checked: ${message}`),
      ),
    ];
  });
  return [...commands, summaryOf(results)].join('\n');
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

const pathIn = (root: string, file: string): string => {
  const path = relative(root, resolve(file));
  return path.startsWith('..') ? file : path;
};

const data = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
