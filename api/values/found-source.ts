import { isUtf8 } from 'node:buffer';
import type { ConfigMap, ObjectRef } from '../objects.js';
import type { FoundSource } from './problem.js';

/** The parts of a ConfigMap or a Secret that hold values. */
type Contents = Pick<ConfigMap, 'data' | 'binaryData'>;

/** A ConfigMap or Secret, as `kind` says, as a source of values. */
export const foundSource = (
  { kind, ...ref }: Pick<FoundSource, 'kind' | 'namespace' | 'name'>,
  object: Contents,
): FoundSource => (kind === 'ConfigMap' ? configMapSource(ref, object) : secretSource(ref, object));

const configMapSource = (ref: ObjectRef, { data = {}, binaryData = {} }: Contents): FoundSource => ({
  kind: 'ConfigMap',
  namespace: ref.namespace,
  name: ref.name,
  data,
  binary: Object.keys(binaryData),
});

const secretSource = (ref: ObjectRef, { data = {} }: Contents): FoundSource => {
  const bytes = Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64')] as const);
  const texts = bytes
    .filter(([, content]) => isUtf8(content))
    .map(([key, content]) => [key, content.toString('utf8')] as const);
  const binary = bytes.filter(([, content]) => !isUtf8(content)).map(([key]) => key);
  return { kind: 'Secret', namespace: ref.namespace, name: ref.name, data: Object.fromEntries(texts), binary };
};
