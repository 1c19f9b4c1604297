import type { ObjectRef } from '../../api/objects.js';

/** The most bundles that a message names. */
export const MAX_NAMED = 3;

export const bundleName = ({ namespace, name }: ObjectRef): string => `${namespace}/${name}`;

/** `WerfBundles ops/a, ops/b use it`. @param names - at least one; one more than a message names stands for any number */
export const usedBy = (names: readonly string[]): string =>
  `${namesOf(names)} ${names.length === 1 ? 'uses' : 'use'} it`;

/** `the charts of WerfBundles ops/a, ops/b refuse it`, of names as {@link usedBy} takes them. */
export const refusedBy = (names: readonly string[]): string =>
  names.length === 1 ? `the chart of ${namesOf(names)} refuses it` : `the charts of ${namesOf(names)} refuse it`;

const namesOf = (names: readonly string[]): string => {
  const named = names.slice(0, MAX_NAMED).join(', ');
  return names.length === 1
    ? `WerfBundle ${named}`
    : `WerfBundles ${named}${names.length > MAX_NAMED ? ' and others' : ''}`;
};
