import { patchCommand } from '../../api/kubectl-command.js';
import { refOf } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { asYamlText } from '../output/format.js';
import { unpinnedSelection } from './origin.js';
import { patchOfSelection, type Selection, selectionOf } from './target.js';

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

/** How a pinned bundle is made to choose its tag as it did before, in lines with the commands. @param before - the bundle before it was pinned */
export const waysBack = (before: StoredBundle, tag: string): readonly string[] => {
  const command = (selection: Selection): string => {
    const registry = patchOfSelection({ tag }, selection);
    return `  ${patchCommand(refOf(before), { spec: { registry } })}`;
  };
  const followed = unpinnedSelection(before);
  if (followed !== undefined) return ['To follow the registry again:', command(followed)];
  return [
    `It was pinned before, to ${before.spec.registry.tag}; to go back to that:`,
    command(selectionOf(before.spec)),
    'What chose its tag before somebody pinned one is not known; to follow the registry, add its versionConstraint or tagPattern to:',
    command({}),
  ];
};
