import { patchCommand } from '../../api/kubectl-command.js';
import { refOf } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { asYamlText } from '../output/format.js';
import { patchOfSelection, selectionOf } from './target.js';

/**
 * What to change where the manifest of a bundle is kept, as a diff of its spec.registry.
 * @param bundle - before it was pinned
 */
export const manifestDiff = ({ spec }: StoredBundle, tag: string): string => {
  const lines = (mark: string, fields: object): readonly string[] =>
    Object.keys(fields).length === 0
      ? []
      : asYamlText(fields)
          .trimEnd()
          .split('\n')
          .map((line) => `${mark}    ${line}`);
  return [
    ' spec:',
    '   registry:',
    ...lines(' ', { url: spec.registry.url }),
    ...lines('-', selectionOf(spec)),
    ...lines('+', { tag }),
  ]
    .map((line) => `${line}\n`)
    .join('');
};

/** The command that lets a pinned bundle choose its tag as it did before. @param before - the bundle before it was pinned */
export const followAgain = (before: StoredBundle, tag: string): string => {
  const registry = patchOfSelection({ tag }, selectionOf(before.spec));
  return patchCommand(refOf(before), { spec: { registry } });
};
