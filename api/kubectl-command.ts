import { RECONCILE_REQUESTED } from './annotations.js';
import type { ObjectRef } from './objects.js';

/** A command that changes the spec of a bundle by a merge patch, to be pasted into a shell. In the patch null takes a field away. */
export const patchCommand = (bundle: ObjectRef, patch: object): string =>
  `kubectl patch ${named(bundle)} --type merge -p ${shellQuoted(JSON.stringify(patch))}`;

/** A command that annotates a bundle. @param annotation - `name=value`, without what a shell would read otherwise */
export const annotateCommand = (bundle: ObjectRef, annotation: string): string =>
  `kubectl annotate ${named(bundle)} --overwrite ${annotation}`;

/** A command that makes the controller look at a bundle at once. Everybody who may change the bundle may use it. */
export const reconcileCommand = (bundle: ObjectRef): string =>
  annotateCommand(bundle, `${RECONCILE_REQUESTED}="$(date)"`);

const named = ({ namespace, name }: ObjectRef): string => `wb ${name} -n ${namespace}`;

/** A word of a command, in quotes where a shell would read it otherwise. */
export const shellWord = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : shellQuoted(text));

const shellQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
