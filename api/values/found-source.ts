import { isUtf8 } from 'node:buffer';
import type { ConfigMap, ObjectRef, Secret } from '../objects.js';
import type { FoundSource } from './problem.js';

/** A ConfigMap or Secret, by the kind that is said, as a source of values. */
export const foundSource = (
  { kind, ...ref }: Pick<FoundSource, 'kind' | 'namespace' | 'name'>,
  object: ConfigMap | Secret,
): FoundSource => (kind === 'ConfigMap' ? configMapSource(ref, object) : secretSource(ref, object));

const configMapSource = (ref: ObjectRef, { data = {}, binaryData = {} }: ConfigMap): FoundSource => ({
  kind: 'ConfigMap',
  namespace: ref.namespace,
  name: ref.name,
  data,
  binary: Object.keys(binaryData),
});

const secretSource = (ref: ObjectRef, { data = {} }: Secret): FoundSource => {
  const bytes = Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64')] as const);
  const texts = bytes
    .filter(([, content]) => isUtf8(content))
    .map(([key, content]) => [key, content.toString('utf8')] as const);
  const binary = bytes.filter(([, content]) => !isUtf8(content)).map(([key]) => key);
  return { kind: 'Secret', namespace: ref.namespace, name: ref.name, data: Object.fromEntries(texts), binary };
};
