import { patchCommand } from '../../api/kubectl-command.js';
import { refOf } from '../../api/objects.js';
import { rollbackOf } from '../../api/rollback.js';
import { parseVersion } from '../../api/version-constraint.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { asYamlText } from '../output/format.js';
import { unpinnedSelection } from './origin.js';
import { patchOfSelection, type Selection, selectionOf } from './target.js';

/**
 * What to change where the manifest of a bundle is kept, in lines: a diff of its spec.registry.
 * @param given.manifest - how it chooses a tag there; @param given.intro - the line before
 */
export const manifestChange = (
  { spec }: StoredBundle,
  { manifest, tag, intro }: { readonly manifest: Selection; readonly tag: string; readonly intro: string },
): readonly string[] => {
  if (manifest.tag === tag) return [`Where its manifest is kept it has tag: ${tag} already.`];
  const lines = (mark: string, fields: object): readonly string[] =>
    Object.keys(fields).length === 0
      ? []
      : asYamlText(fields)
          .trimEnd()
          .split('\n')
          .map((line) => `${mark}    ${line}`);
  return [
    intro,
    ' spec:',
    '   registry:',
    ...lines(' ', { url: spec.registry.url }),
    ...lines('-', manifest),
    ...lines('+', { tag }),
  ];
};

/** What was done with a bundle, in a word that does not call it back what goes forward. @param before - the bundle before it was pinned */
export const wordFor = (bundle: StoredBundle, tag: string): string => {
  const { spec, status } = bundle;
  const from = rollbackOf(bundle) ?? spec.registry.tag ?? status?.deployment?.tag ?? status?.lastAppliedTag;
  const [to, last] = [parseVersion(tag), parseVersion(from ?? '')];
  if (to !== undefined && last !== undefined) return to.compare(last) < 0 ? 'rolled back to' : 'set to';
  // The newest stands first.
  const tags = (status?.history ?? []).map((entry) => entry.tag);
  return tags.lastIndexOf(tag) > tags.lastIndexOf(from ?? '') ? 'rolled back to' : 'set to';
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
