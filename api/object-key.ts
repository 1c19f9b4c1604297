import type { ObjectRef } from './objects.js';

/** The name of an object as the key of a map, within one kind: `ops/my-app`. Neither part can hold a slash. */
export const objectKey = ({ namespace, name }: ObjectRef): string =>
  // Joined: V8 keeps what a template makes as two parts beside the whole.
  [namespace, name].join('/');
