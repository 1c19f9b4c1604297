import t from 'tap';
import { validateBundle } from '../../api/validate.js';
import type { WerfBundle } from '../../api/werfbundle.js';

const url = 'ghcr.io/acme/app';
const registry = { url, tag: 'v1' };
const withRegistry = (fields: object) => ({ registry: { url, ...fields } });
const withConverge = (fields: object) => ({ registry, converge: fields });
const withLimits = (fields: object) => withConverge({ resourceLimits: fields });
const bundle = (spec: object): WerfBundle =>
  ({
    apiVersion: 'werf.io/v1alpha1',
    kind: 'WerfBundle',
    metadata: { name: 'my-app', namespace: 'ops' },
    spec,
  }) as WerfBundle;

const NO_ACCOUNT =
  'none is named: the Job runs as ServiceAccount default of namespace ops, which may deploy nothing in most clusters; manifests/samples/werf-converge.yaml shows one with its Role';
const warningsOf = (given: WerfBundle, old: WerfBundle) =>
  validateBundle(given, old).warnings.filter(({ message }) => message !== NO_ACCOUNT);

t.test('a bundle without a ServiceAccount is warned about', async (t) => {
  const field = 'spec.converge.serviceAccountName';
  const told = (spec: object, old?: object) =>
    validateBundle(bundle(spec), old && bundle(old)).warnings.filter((warning) => warning.field === field);
  t.strictSame(told({ registry }), [{ rule: 'default-service-account', field, message: NO_ACCOUNT }]);
  t.strictSame(told(withConverge({ targetNamespace: 'ops' })), [
    { rule: 'default-service-account', field, message: NO_ACCOUNT },
  ]);
  t.strictSame(told(withConverge({ serviceAccountName: 'a' })), []);
  t.strictSame(told(withConverge({ targetNamespace: 'production' })), [], 'elsewhere it is a problem');
  t.strictSame(told({ registry, suspend: true }, { registry }), [], 'once');
  t.strictSame(told({ registry }, withConverge({ serviceAccountName: 'a' })), [
    { rule: 'default-service-account', field, message: NO_ACCOUNT },
  ]);
});

t.test('a warning is given when its cause begins or changes, and not with each update', async (t) => {
  const insecure = withRegistry({ tag: 'v1', insecure: true });
  const rows: readonly { title: string; old: object; now: object; count: number }[] = [
    { title: 'plain HTTP that was there', old: insecure, now: { ...insecure, suspend: true }, count: 0 },
    { title: 'plain HTTP that begins', old: withRegistry({ tag: 'v1' }), now: insecure, count: 1 },
    { title: 'text order that was there', old: withRegistry({}), now: withRegistry({ pollInterval: '5m' }), count: 0 },
    { title: 'text order that begins', old: withRegistry({ tag: 'v1' }), now: withRegistry({}), count: 1 },
    {
      title: 'another pattern of the same kind',
      old: withRegistry({ tagPattern: '^main-(\\d+)$' }),
      now: withRegistry({ tagPattern: '^dev-(\\d+)$' }),
      count: 0,
    },
    {
      title: 'little memory',
      old: withLimits({ memory: '8Mi' }),
      now: withLimits({ memory: '8Mi', cpu: 1 }),
      count: 0,
    },
    { title: 'less memory', old: withLimits({ memory: '8Mi' }), now: withLimits({ memory: '4Mi' }), count: 1 },
    {
      title: 'one that begins beside one that was there',
      old: insecure,
      now: withRegistry({ tag: 'latest', insecure: true }),
      count: 1,
    },
  ];
  for (const { title, old, now, count } of rows) t.equal(warningsOf(bundle(now), bundle(old)).length, count, title);
});
