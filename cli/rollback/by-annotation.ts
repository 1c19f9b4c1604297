import { ROLLBACK_TO } from '../../api/annotations.js';
import { wordsOfManagers } from '../cluster/manager-words.js';
import { managersOf } from '../cluster/managers.js';
import type { RollbackWay } from './way.js';
import { manifestChange } from './words.js';

const PATH = ['metadata', 'annotations', ROLLBACK_TO];

/** An annotation that git does not have, so that nobody who applies the manifest takes it for drift. */
export const BY_ANNOTATION: RollbackWay = {
  patchFor: (_, tag) => ({ metadata: { annotations: { [ROLLBACK_TO]: tag } } }),
  notesOn: ({ before, owners, tag }) => {
    const change = { paths: [PATH], inGit: `set annotation ${ROLLBACK_TO}: ${tag}` };
    // Who leaves it open lets it be, and nothing is to change in git: that is what it is for.
    const holders = managersOf(before, owners, change).filter(({ hold }) => hold !== 'leaves-open');
    return wordsOfManagers(holders, change);
  },
  adviceOn: ({ before, manifest, tag }) => {
    const { namespace, name } = before.metadata;
    return [
      'No poll undoes it, and nothing has to change where its manifest is kept. To follow the registry again:',
      `  werfbundle release-hold ${name} -n ${namespace}`,
      ...manifestChange(before, { manifest, tag, intro: 'To keep it for good, where its manifest is kept:' }),
    ];
  },
  request: 'rollback',
};
