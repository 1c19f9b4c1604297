const NAME =
  'a name has lower-case letters, digits, "-" and ".", begins and ends with a letter or digit, and has at most 253 characters';

/**
 * What a field of text may look like, where the schema has only a pattern. By the field's path below spec, `[]` for any index.
 */
export const FORMATS: Readonly<Record<string, string>> = {
  'registry.secretRef.name': NAME,
  'registry.caSecretRef.name': NAME,
  'registry.tag': 'a tag has 1 to 128 letters, digits, "_", "." and "-", and begins with a letter, a digit or "_"',
  'converge.targetNamespace':
    'a namespace has lower-case letters, digits and "-", begins and ends with a letter or digit, and has at most 63 characters',
  'converge.releaseName':
    'a release has lower-case letters, digits, "-" and ".", begins and ends with a letter or digit, and has at most 53 characters',
  'converge.serviceAccountName': NAME,
  'converge.image': 'an image has no white space and only ASCII characters, for example "ghcr.io/werf/werf:3.2.0"',
  'converge.environment':
    'an environment has at most 63 letters, digits, "-", "_" and ".", and begins and ends with a letter or digit',
  'converge.werfSecretKeyRef.name': NAME,
  'converge.werfSecretKeyRef.key': 'a key has letters, digits, "-", "_" and "."',
  'converge.valuesFrom[].configMapRef.name': NAME,
  'converge.valuesFrom[].secretRef.name': NAME,
  'converge.valuesFrom[].key': 'a key has letters, digits, "-", "_" and "."',
};

/** What to write where something is missing. */
export const MISSING: Readonly<Record<string, string>> = {
  '': 'with spec.registry.url at least, for example "ghcr.io/acme/app"',
  registry: 'with spec.registry.url at least, for example "ghcr.io/acme/app"',
  'registry.url': 'the repository of the bundle, for example "ghcr.io/acme/app"',
  'registry.secretRef.name': 'the name of a Secret in the namespace of the bundle',
  'registry.caSecretRef.name': 'the name of a Secret in the namespace of the bundle',
  'converge.werfSecretKeyRef.name': 'the name of a Secret in the namespace of the bundle',
  'converge.valuesFrom[].configMapRef.name': 'the name of a ConfigMap',
  'converge.valuesFrom[].secretRef.name': 'the name of a Secret',
};

/** A field's path without spec and indexes, as the tables above have it: `converge.valuesFrom[].key`. */
export const genericPath = (field: string): string => field.replace(/^spec\.?/, '').replace(/\[\d+\]/g, '[]');
