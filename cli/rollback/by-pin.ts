import { ROLLBACK_TO } from '../../api/annotations.js';
import { rollbackOf } from '../../api/rollback.js';
import { wordsOfManagers } from '../cluster/manager-words.js';
import { managersOf } from '../cluster/managers.js';
import { rollbackAnnotations } from './origin.js';
import { patchOfSelection, selectionOf } from './target.js';
import type { RollbackWay } from './way.js';
import { manifestChange, waysBack } from './words.js';

/** spec.registry.tag takes the place of all that chooses a tag, and of a rollback by annotation, which would come before it. */
export const BY_PIN: RollbackWay = {
  patchFor: (now, tag) => {
    const annotations = {
      ...rollbackAnnotations(now, tag),
      ...(rollbackOf(now) !== undefined && { [ROLLBACK_TO]: null }),
    };
    return {
      ...(Object.keys(annotations).length > 0 && { metadata: { annotations } }),
      spec: { registry: patchOfSelection(selectionOf(now.spec), { tag }) },
    };
  },
  notesOn: ({ before, owners, manifest, tag }) => {
    if (manifest.tag === tag) return [];
    const live = Object.keys(selectionOf(before.spec));
    const fields = [...new Set(['tag', ...live, ...Object.keys(manifest)])];
    const paths = fields.map((field) => ['spec', 'registry', field]);
    const dotted = (names: readonly string[]) => names.map((field) => `spec.registry.${field}`);
    const excludes = dotted(fields.filter((field) => field !== 'tag'));
    const taken = dotted(Object.keys(manifest).filter((field) => !live.includes(field)));
    const change = { paths, taken, inGit: 'change it as shown below', excludes };
    return wordsOfManagers(managersOf(before, owners, change), change);
  },
  adviceOn: ({ before, manifest, tag }) => [
    ...manifestChange(before, { manifest, tag, intro: 'Where its manifest is kept:' }),
    ...waysBack(before, tag),
  ],
  request: 'spec',
};
