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

/** Fields of spec.registry that choose a tag. */
const CHOOSING = ['tag', 'versionConstraint', 'tagPattern', 'tagOrder'] as const;

/**
 * What of a spec chooses the tag once nobody has rolled back, for people: `versionConstraint ">=1.0.0"`.
 * @param bundle - any JSON
 */
export const choiceWords = (bundle: unknown): string => {
  const given = CHOOSING.flatMap((name) => {
    const value = valueAt(bundle, 'spec', 'registry', name);
    return typeof value === 'string' && value.trim() !== '' ? [`${name} ${JSON.stringify(value)}`] : [];
  });
  return given.length === 0 ? 'the last tag in the order of text' : given.join(' and ');
};
