import { isMap } from '../json-map.js';

/** A place in a document, as JSON Pointer writes it: '' is the whole, `/properties/a~1b` the field `a/b` of its field `properties`. */
export type Pointer = string;

/** The place below another one. */
export const below = (pointer: Pointer, ...steps: readonly (string | number)[]): Pointer =>
  steps.reduce<string>((path, step) => `${path}/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`, pointer);

/** What is at a place; undefined if there is nothing, or if the pointer is none. */
export const lookUp = (document: unknown, pointer: Pointer): unknown => {
  let here = document;
  for (const step of pointer.split('/').slice(1)) {
    if (/~(?![01])/.test(step)) return undefined;
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (isMap(here)) here = Object.hasOwn(here, name) ? here[name] : undefined;
    else if (Array.isArray(here) && /^[+-]?\d+$/.test(name)) here = here[Number(name)];
    else return undefined;
  }
  return here;
};
