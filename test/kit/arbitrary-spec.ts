import fc from 'fast-check';
import { isMap } from '../../api/json-map.js';

/** Values for each field of spec, good and bad ones; a `[]` step is the first item of a list. */
const CANDIDATES: Readonly<Record<string, readonly unknown[]>> = {
  'registry.url': [
    'localhost/a',
    'oci://ghcr.io/a/b',
    '[::1]:5000/a',
    'https://ghcr.io/a',
    'ghcr.io/a:v1',
    'ghcr.io/A',
    'app',
    '',
  ],
  'registry.secretRef.name': ['a', 'a.b-c', 'A', '', '-a', 'a..b'],
  'registry.pollInterval': [
    '1m',
    '24h',
    '59.999999999s',
    '24h0m0.000000001s',
    '90',
    '1d',
    '+5m',
    '.5h',
    '1h.5m',
    '99999999999h',
    '',
  ],
  'registry.versionConstraint': ['', '^1.2', '>=1 <2', 'x'.repeat(256), '😀'.repeat(257)],
  'registry.tagPattern': ['', '^v', '(', '(?=a)'],
  'registry.tagOrder': ['Text', 'Number', 'text', ''],
  'registry.tag': ['v1', 'latest', '-v1', '', 'a b', 'a'.repeat(128), 'a'.repeat(129)],
  'registry.insecure': [true, false, 'true', 1],
  'registry.caSecretRef.name': ['ca', 'C', 5],
  'converge.targetNamespace': ['prod', 'a.b', '', 'a'.repeat(63), 'a'.repeat(64), 'a\n'],
  'converge.releaseName': ['app', 'a.b', 'a'.repeat(53), 'a'.repeat(54), 'App'],
  'converge.serviceAccountName': ['werf-converge', 'a.b', '_'],
  'converge.resourceLimits.cpu': [
    1,
    0,
    -1,
    1.5,
    '1',
    '500m',
    '0',
    '-1',
    '1e3',
    '1e999',
    'x',
    '',
    '1Gi',
    '+1',
    '.5',
    '5.',
    1e30,
  ],
  'converge.resourceLimits.memory': [
    1073741824,
    '1Gi',
    '1g',
    '1 Gi',
    '0.0000000001n',
    '1E',
    '1e',
    '9'.repeat(65),
    '1.5Gi',
    '1e-5',
    'Gi',
  ],
  'converge.logRetentionDays': [1, 365, 0, 366, 1.5, '7'],
  'converge.timeout': ['1m', '30m', '25h', '1ns', '1e3s'],
  'converge.retries': [0, 10, 11, -1, '0'],
  'converge.image': ['ghcr.io/werf/werf:2', 'a b', '', 'é', 'a'.repeat(513)],
  'converge.environment': ['prod', '-', '', 'a_b.c', 'a'.repeat(64)],
  'converge.werfSecretKeyRef.name': ['keys', 'K'],
  'converge.werfSecretKeyRef.key': ['key', 'a/b', '', '.dot'],
  'converge.rollbackOnFailure': [true, 'yes'],
  'converge.plan': ['Never', 'Show', 'Always'],
  'converge.onFailure': ['Stay', 'Return', 'Keep'],
  'converge.deletions': ['Allow', 'Hold', 'Deny'],
  'converge.valuesFrom[].configMapRef.name': ['app-config', 'App', ''],
  'converge.valuesFrom[].secretRef.name': ['app-secret', ' '],
  'converge.valuesFrom[].key': ['values.yaml', 'a b', ''],
  'converge.valuesFrom[].optional': [true, 0],
  'converge.valuesFrom[].from': ['Bundle', 'Target', 'Either', 'Nowhere', 1],
  'converge.values': [{ a: { b: null } }, {}],
  'converge.driftDetection.enabled': [true, 'on'],
  'converge.driftDetection.interval': ['15m', '30s'],
  'converge.driftDetection.correct': [false, ''],
  'converge.driftDetection.maxRetries': [1, 0, 2 ** 31 - 1, 2 ** 31, 1e30],
  deletionPolicy: ['Orphan', 'Dismiss', 'Keep'],
  suspend: [true, false, 'no'],
  // The maps and lists themselves: whatever is not what they should be.
  registry: [],
  'registry.secretRef': [{}],
  converge: [{}],
  'converge.resourceLimits': [{}],
  'converge.werfSecretKeyRef': [{}],
  'converge.valuesFrom': [[], [{}], [null], Array.from({ length: 65 }, () => ({ secretRef: { name: 'a' } }))],
  'converge.valuesFrom[].configMapRef': [{}],
  'converge.driftDetection': [{}],
};
const OF_WRONG_TYPE: readonly unknown[] = [null, 'text', 5, true, [], {}];

type Fault = readonly [path: string, value: unknown];

const fault: fc.Arbitrary<Fault> = fc
  .constantFrom(...Object.keys(CANDIDATES))
  .chain((path) =>
    fc.tuple(
      fc.constant(path),
      fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...(CANDIDATES[path] ?? []), null) },
        { weight: 1, arbitrary: fc.constantFrom(...OF_WRONG_TYPE) },
        { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
        { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
      ),
    ),
  );

/** As a server reads it: no object stands in two places, and there is no -0. */
const asReceived = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** Any JSON at all. */
export const arbitraryJson: fc.Arbitrary<unknown> = fc.jsonValue().map(asReceived);

/** Specs as people write them: a good one in which up to four fields have another value, good or bad. */
export const arbitrarySpec: fc.Arbitrary<unknown> = fc
  .array(fault, { maxLength: 4 })
  .map((faults) => asReceived(faults.reduce(withValue, { registry: { url: 'ghcr.io/acme/app' } } as unknown)));

const withValue = (spec: unknown, [path, value]: Fault): unknown => set(spec, path.split(/\.|(?=\[\])/), value);

const set = (target: unknown, [step, ...rest]: readonly string[], value: unknown): unknown => {
  if (step === undefined) return value;
  if (step === '[]')
    return Array.isArray(target) ? [set(target[0], rest, value), ...target.slice(1)] : [set({}, rest, value)];
  const map = isMap(target) ? target : {};
  return { ...map, [step]: set(map[step], rest, value) };
};
