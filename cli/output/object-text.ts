import { API_VERSION, KIND, type StoredBundle } from '../../api/werfbundle.js';
import { asJsonText, asYamlText, type Format } from './format.js';

/** A bundle as an object that kubectl would apply: with what a list's items leave out. */
const objectOf = (bundle: StoredBundle): object => ({ apiVersion: API_VERSION, kind: KIND, ...bundle });

/** `werfbundle.werf.io/shop`, which kubectl takes as an argument. */
export const fullName = (bundle: StoredBundle): string => `${KIND.toLowerCase()}.werf.io/${bundle.metadata.name}`;

/** Bundles as kubectl prints them with `-o json`, `yaml` or `name`: one object if one was asked for, else a List. */
export const objectsText = (
  format: Extract<Format, 'json' | 'yaml' | 'name'>,
  bundles: readonly StoredBundle[],
  isSingle: boolean,
): string => {
  if (format === 'name') return bundles.map((bundle) => `${fullName(bundle)}\n`).join('');
  const items = bundles.map(objectOf);
  const value = isSingle && items.length === 1 ? items[0] : { apiVersion: 'v1', kind: 'List', metadata: {}, items };
  return format === 'json' ? asJsonText(value) : asYamlText(value);
};
