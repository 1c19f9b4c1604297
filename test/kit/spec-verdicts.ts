const url = 'ghcr.io/acme/app';
/** With a tag, so that nothing is warned about. */
const registry = { url, tag: 'v1' };
const NAME =
  'a name has lower-case letters, digits, "-" and ".", begins and ends with a letter or digit, and has at most 253 characters';
const EXAMPLE = 'for example "ghcr.io/acme/app"';
const BETWEEN = 'durations from "1m" to "24h", for example';

const withRegistry = (fields: object) => ({ registry: { url, ...fields } });
const withConverge = (fields: object) => ({ registry, converge: fields });
const withLimits = (fields: object) => withConverge({ resourceLimits: fields });

/** What the rules say of a spec alone, of bundle my-app in namespace ops: each problem as the apiserver prints it, `field: message`. */
export const SPEC_VERDICTS: readonly { readonly spec: unknown; readonly want: readonly string[] }[] = [
  { spec: { registry }, want: [] },
  { spec: undefined, want: [`spec: Required value: with spec.registry.url at least, ${EXAMPLE}`] },
  { spec: null, want: [`spec: Required value: with spec.registry.url at least, ${EXAMPLE}`] },
  { spec: 'x', want: ['spec: Invalid value: "string": must be a map, not a string'] },
  { spec: [], want: ['spec: Invalid value: "array": must be a map, not a list'] },
  { spec: {}, want: [`spec.registry: Required value: with spec.registry.url at least, ${EXAMPLE}`] },
  { spec: { registry: null }, want: [`spec.registry: Required value: with spec.registry.url at least, ${EXAMPLE}`] },
  { spec: { registry: {} }, want: [`spec.registry.url: Required value: the repository of the bundle, ${EXAMPLE}`] },
  { spec: withRegistry({ url: 5 }), want: ['spec.registry.url: Invalid value: 5: must be a string, not a number'] },
  {
    spec: withRegistry({ url: 'https://ghcr.io/acme/app:v1' }),
    want: [
      'spec.registry.url: Invalid value: "https://ghcr.io/acme/app:v1": a repository without scheme and tag is needed; did you mean "ghcr.io/acme/app" with spec.registry.tag "v1"?',
    ],
  },
  {
    spec: withRegistry({ url: 'http://localhost:5000/app' }),
    want: [
      'spec.registry.url: Invalid value: "http://localhost:5000/app": a repository without scheme is needed; did you mean "localhost:5000/app" with spec.registry.insecure true?',
    ],
  },
  {
    spec: withRegistry({ url: 'http://localhost:5000/app:v1', insecure: true, tag: 'v1' }),
    want: [
      'spec.registry.url: Invalid value: "http://localhost:5000/app:v1": a repository without scheme and tag is needed; did you mean "localhost:5000/app"?',
    ],
  },
  {
    spec: withRegistry({ url: 'https://me:secret@ghcr.io/app' }),
    want: [
      'spec.registry.url: Invalid value: "https://***@ghcr.io/app": a repository without scheme and credentials is needed; did you mean "ghcr.io/app"?',
    ],
  },
  {
    spec: withRegistry({ url: `ghcr.io/${'a'.repeat(248)}` }),
    want: ['spec.registry.url: Too long: may not be more than 255 characters'],
  },
  {
    spec: withRegistry({ url: `ghcr.io/${'A'.repeat(300)}` }),
    want: ['spec.registry.url: Too long: may not be more than 255 characters'],
  },
  {
    spec: withRegistry({ secretRef: {} }),
    want: ['spec.registry.secretRef.name: Required value: the name of a Secret in the namespace of the bundle'],
  },
  {
    spec: withRegistry({ secretRef: { name: 'A_b' } }),
    want: [`spec.registry.secretRef.name: Invalid value: "A_b": ${NAME}`],
  },
  {
    spec: withRegistry({ secretRef: { name: '' } }),
    want: [`spec.registry.secretRef.name: Invalid value: "": ${NAME}`],
  },
  { spec: withRegistry({ secretRef: { name: `${'a.'.repeat(126)}a` }, pollInterval: '1m' }), want: [] },
  {
    spec: withRegistry({ pollInterval: '15' }),
    want: [`spec.registry.pollInterval: Invalid value: "15": a unit is missing; ${BETWEEN} "15m"`],
  },
  {
    spec: withRegistry({ pollInterval: '1d' }),
    want: [`spec.registry.pollInterval: Invalid value: "1d": "d" is no unit: 1d is written "24h"; ${BETWEEN} "15m"`],
  },
  {
    spec: withRegistry({ pollInterval: '59.9s' }),
    want: [`spec.registry.pollInterval: Invalid value: "59.9s": is too short; ${BETWEEN} "15m"`],
  },
  {
    spec: withRegistry({ pollInterval: 15 }),
    want: [
      `spec.registry.pollInterval: Invalid value: 15: must be a string, not a number: a unit is missing; ${BETWEEN} "15m"`,
    ],
  },
  {
    spec: withConverge({ timeout: '24h1s' }),
    want: [`spec.converge.timeout: Invalid value: "24h1s": is too long; ${BETWEEN} "30m"`],
  },
  { spec: withConverge({ timeout: '24h' }), want: [] },
  {
    spec: withConverge({ driftDetection: { interval: '' } }),
    want: [`spec.converge.driftDetection.interval: Invalid value: "": is empty; ${BETWEEN} "15m"`],
  },
  { spec: withRegistry({ versionConstraint: '>=1.0, <2.0' }), want: [] },
  { spec: withRegistry({ versionConstraint: '' }), want: [] },
  {
    spec: withRegistry({ versionConstraint: 'newest' }),
    want: [
      'spec.registry.versionConstraint: Invalid value: "newest": "newest" is no version range; for example ">=1.2.0 <2.0.0", "^1.4" or "~1.2 || 2.x"',
    ],
  },
  {
    spec: withRegistry({ versionConstraint: '^'.repeat(600) }),
    want: ['spec.registry.versionConstraint: Too long: may not be more than 256 characters'],
  },
  {
    spec: withRegistry({ tagPattern: '' }),
    want: ['spec.registry.tagPattern: Invalid value: "": must not be empty; leave it out to look at all tags'],
  },
  {
    spec: withRegistry({ tagPattern: '(?=v)' }),
    want: ['spec.registry.tagPattern: Invalid value: "(?=v)": RE2 has no look-ahead and no look-behind: "(?="'],
  },
  {
    spec: withRegistry({ tagOrder: 'Semver' }),
    want: ['spec.registry.tagOrder: Unsupported value: "Semver": supported values: "Text", "Number"'],
  },
  {
    spec: withRegistry({ tagOrder: 5 }),
    want: ['spec.registry.tagOrder: Invalid value: 5: must be a string, not a number'],
  },
  {
    spec: withRegistry({ tag: 'v1', versionConstraint: '^1', tagPattern: 'v', tagOrder: 'Text' }),
    want: [
      'spec.registry.tag: Invalid value: "v1": exactly this tag is deployed, which excludes versionConstraint, tagPattern, tagOrder; remove one or the other',
    ],
  },
  { spec: withRegistry({ tag: 'v1', versionConstraint: '', tagPattern: null }), want: [] },
  {
    spec: withRegistry({ tag: '' }),
    want: [
      'spec.registry.tag: Invalid value: "": a tag has 1 to 128 letters, digits, "_", "." and "-", and begins with a letter, a digit or "_"',
    ],
  },
  {
    spec: withRegistry({ insecure: 'yes' }),
    want: ['spec.registry.insecure: Invalid value: "yes": must be true or false, not a string'],
  },
  {
    spec: { registry, converge: 'x' },
    want: ['spec.converge: Invalid value: "string": must be a map, not a string'],
  },
  { spec: { registry, converge: null }, want: [] },
  {
    spec: withConverge({ targetNamespace: 'production' }),
    want: [
      'spec.converge.serviceAccountName: Required value: the ServiceAccount in namespace "production" that the deploy runs as; it may only be left out for a deploy into the bundle\'s own namespace "ops"',
    ],
  },
  { spec: withConverge({ targetNamespace: 'production', serviceAccountName: 'werf-converge' }), want: [] },
  { spec: withConverge({ targetNamespace: 'ops' }), want: [] },
  {
    spec: withConverge({ targetNamespace: 'a.b', serviceAccountName: 'a' }),
    want: [
      'spec.converge.targetNamespace: Invalid value: "a.b": a namespace has lower-case letters, digits and "-", begins and ends with a letter or digit, and has at most 63 characters',
    ],
  },
  {
    spec: withConverge({ releaseName: 'a'.repeat(54) }),
    want: ['spec.converge.releaseName: Too long: may not be more than 53 characters'],
  },
  { spec: withLimits({ cpu: 1, memory: '1Gi' }), want: [] },
  {
    spec: withLimits({ cpu: '0' }),
    want: ['spec.converge.resourceLimits.cpu: Invalid value: "0": must be greater than zero'],
  },
  {
    spec: withLimits({ cpu: '500 m' }),
    want: ['spec.converge.resourceLimits.cpu: Invalid value: "500 m": is no quantity; did you mean "500m"?'],
  },
  {
    spec: withLimits({ cpu: '0,5' }),
    want: ['spec.converge.resourceLimits.cpu: Invalid value: "0,5": is no quantity; did you mean "0.5"?'],
  },
  {
    spec: withLimits({ cpu: true }),
    want: [
      'spec.converge.resourceLimits.cpu: Invalid value: true: must be a quantity (a whole number or a string), not true or false',
    ],
  },
  {
    spec: withLimits({ memory: '1g' }),
    want: ['spec.converge.resourceLimits.memory: Invalid value: "1g": is no quantity; did you mean "1Gi"?'],
  },
  {
    spec: withLimits({ memory: '512 MB' }),
    want: ['spec.converge.resourceLimits.memory: Invalid value: "512 MB": is no quantity; did you mean "512Mi"?'],
  },
  {
    spec: withLimits({ memory: 'much' }),
    want: ['spec.converge.resourceLimits.memory: Invalid value: "much": is no quantity; write for example "1Gi"'],
  },
  {
    spec: withLimits({ memory: 1.5 }),
    want: [
      'spec.converge.resourceLimits.memory: Invalid value: 1.5: a number must be whole; put others in quotes; write for example "1Gi"',
    ],
  },
  {
    spec: withLimits({ memory: '1e99999999' }),
    want: [
      'spec.converge.resourceLimits.memory: Invalid value: "1e99999999": an exponent has at most 2 digits; write for example "1Gi"',
    ],
  },
  {
    spec: withLimits({ memory: '1'.repeat(65) }),
    want: ['spec.converge.resourceLimits.memory: Too long: may not be more than 64 characters'],
  },
  {
    spec: withConverge({ logRetentionDays: 0 }),
    want: ['spec.converge.logRetentionDays: Invalid value: 0: must be greater than or equal to 1'],
  },
  {
    spec: withConverge({ retries: 11 }),
    want: ['spec.converge.retries: Invalid value: 11: must be less than or equal to 10'],
  },
  {
    spec: withConverge({ retries: 1.5 }),
    want: ['spec.converge.retries: Invalid value: 1.5: must be a whole number, not a fraction'],
  },
  {
    spec: withConverge({ image: 'a b' }),
    want: [
      'spec.converge.image: Invalid value: "a b": an image has no white space and only ASCII characters, for example "ghcr.io/werf/werf:3.2.0"',
    ],
  },
  {
    spec: withConverge({ values: 'password' }),
    want: ['spec.converge.values: Invalid value: "string": must be a map, not a string'],
  },
  {
    spec: withConverge({ valuesFrom: [{ secretRef: { name: 'a' }, from: 'Nowhere' }] }),
    want: [
      'spec.converge.valuesFrom[0].from: Unsupported value: "Nowhere": supported values: "Bundle", "Target", "Either"',
    ],
  },
  {
    spec: withConverge({ valuesFrom: {} }),
    want: ['spec.converge.valuesFrom: Invalid value: "object": must be a list, not a map'],
  },
  {
    spec: withConverge({ valuesFrom: Array(65).fill({ secretRef: { name: 'a' } }) }),
    want: ['spec.converge.valuesFrom: Too many: 65: must have at most 64 items'],
  },
  {
    spec: withConverge({
      valuesFrom: [
        { configMapRef: { name: 'a' }, secretRef: null },
        {},
        { configMapRef: { name: 'a' }, secretRef: { name: 'a' } },
        null,
        { configMapRef: { name: 'A' }, key: 'a/b' },
      ],
    }),
    want: [
      'spec.converge.valuesFrom[1]: Required value: exactly one of configMapRef and secretRef',
      'spec.converge.valuesFrom[2]: Forbidden: exactly one of configMapRef and secretRef may be given; make two items of it',
      'spec.converge.valuesFrom[3]: Invalid value: "null": must be a map, not null',
      `spec.converge.valuesFrom[4].configMapRef.name: Invalid value: "A": ${NAME}`,
      'spec.converge.valuesFrom[4].key: Invalid value: "a/b": a key has letters, digits, "-", "_" and "."',
    ],
  },
  {
    spec: withConverge({ plan: 'Always' }),
    want: ['spec.converge.plan: Unsupported value: "Always": supported values: "Never", "Show"'],
  },
  {
    spec: withConverge({ onFailure: 'Rollback' }),
    want: ['spec.converge.onFailure: Unsupported value: "Rollback": supported values: "Stay", "Return"'],
  },
  {
    spec: withConverge({ deletions: 'Deny' }),
    want: ['spec.converge.deletions: Unsupported value: "Deny": supported values: "Allow", "Hold"'],
  },
  {
    spec: { registry, deletionPolicy: 'Keep' },
    want: ['spec.deletionPolicy: Unsupported value: "Keep": supported values: "Orphan", "Dismiss"'],
  },
  {
    spec: { registry: { url: 'app', pollInterval: '1s' }, converge: { retries: -1, values: [] }, suspend: 1 },
    want: [
      'spec.registry.url: Invalid value: "app": the host of the registry is missing; a repository is written host[:port]/path, for example "ghcr.io/acme/app"',
      `spec.registry.pollInterval: Invalid value: "1s": is too short; ${BETWEEN} "15m"`,
      'spec.converge.retries: Invalid value: -1: must be greater than or equal to 0',
      'spec.converge.values: Invalid value: "array": must be a map, not a list',
      'spec.suspend: Invalid value: 1: must be true or false, not a number',
    ],
  },
];
