import { isUtf8 } from 'node:buffer';
import type { ConfigMap, ObjectRef, Secret } from '../objects.js';
import type { FoundSource } from './problem.js';

/** A ConfigMap as a source of values. */
export const configMapSource = (
  ref: ObjectRef,
  { data = {}, binaryData = {} }: Pick<ConfigMap, 'data' | 'binaryData'>,
): FoundSource => ({
  kind: 'ConfigMap',
  namespace: ref.namespace,
  name: ref.name,
  data,
  binary: Object.keys(binaryData),
});

/** A Secret as a source of values. */
export const secretSource = (ref: ObjectRef, { data = {} }: Pick<Secret, 'data'>): FoundSource => {
  const bytes = Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64')] as const);
  const texts = bytes
    .filter(([, content]) => isUtf8(content))
    .map(([key, content]) => [key, content.toString('utf8')] as const);
  const binary = bytes.filter(([, content]) => !isUtf8(content)).map(([key]) => key);
  return { kind: 'Secret', namespace: ref.namespace, name: ref.name, data: Object.fromEntries(texts), binary };
};
