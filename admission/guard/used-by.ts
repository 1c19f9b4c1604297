import type { ObjectRef } from '../../api/objects.js';

/** The most bundles that a message names. */
export const MAX_NAMED = 3;

/** Whether the user may know of a bundle. */
export type MaySee = (bundle: ObjectRef) => Promise<boolean>;

export const bundleName = ({ namespace, name }: ObjectRef): string => `${namespace}/${name}`;

/** The names of bundles, as far as a message names them and the user may know them: undefined stands for one without a name. */
export const namesFor = (bundles: readonly ObjectRef[], maySee: MaySee): Promise<readonly (string | undefined)[]> =>
  Promise.all(
    bundles.map(async (bundle, at) => (at < MAX_NAMED && (await maySee(bundle)) ? bundleName(bundle) : undefined)),
  );

/** `WerfBundles ops/a, ops/b use it`. @param names - at least one; one more than a message names stands for any number */
export const usedBy = (names: readonly (string | undefined)[]): string =>
  `${namesOf(names)} ${names.length === 1 ? 'uses' : 'use'} it`;

/** `the charts of WerfBundles ops/a, ops/b refuse it`, of names as {@link usedBy} takes them. */
export const refusedBy = (names: readonly (string | undefined)[]): string =>
  names.length === 1 ? `the chart of ${namesOf(names)} refuses it` : `the charts of ${namesOf(names)} refuse it`;

const namesOf = (names: readonly (string | undefined)[]): string => {
  const named = names.filter((name) => name !== undefined).slice(0, MAX_NAMED);
  if (names.length === 1) return named.length === 0 ? 'a WerfBundle' : `WerfBundle ${named.join('')}`;
  if (named.length === 0) return 'several WerfBundles';
  return `WerfBundles ${named.join(', ')}${names.length > named.length ? ' and others' : ''}`;
};
