import { ROLLBACK_TO } from './annotations.js';
import { valueAt } from './json-map.js';

/**
 * The tag that a person has rolled a bundle back to, by annotation: it is deployed whatever spec.registry chooses.
 * @param bundle - any JSON
 * @returns undefined: nobody has; an empty annotation is none
 */
export const rollbackOf = (bundle: unknown): string | undefined => {
  const tag = valueAt(bundle, 'metadata', 'annotations', ROLLBACK_TO);
  return typeof tag === 'string' && tag !== '' ? tag : undefined;
};
