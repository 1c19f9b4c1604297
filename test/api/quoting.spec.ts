import t from 'tap';
import { validateBundle } from '../../api/validate.js';
import type { WerfBundle } from '../../api/werfbundle.js';

const url = 'ghcr.io/acme/app';
const account = { serviceAccountName: 'werf-converge' };
const withRegistry = (fields: object) => ({ registry: { url, ...fields }, converge: account });
const withConverge = (fields: object) => ({ registry: { url, tag: 'v1' }, converge: { ...account, ...fields } });

/** All that is said of a spec, problems and warnings, as the apiserver prints it. */
const said = (spec: object, old?: object): readonly string[] => {
  const bundleOf = (json: object): WerfBundle =>
    ({
      apiVersion: 'werf.io/v1alpha1',
      kind: 'WerfBundle',
      metadata: { name: 'my-app', namespace: 'ops' },
      spec: json,
      status: { lastAppliedTag: 'v1' },
    }) as unknown as WerfBundle;
  const { problems, warnings } = validateBundle(bundleOf(spec), old && bundleOf(old));
  return [...problems, ...warnings].map(({ field, message }) => `${field}: ${message}`);
};

const UNIT = 'a unit is missing; durations from "1m" to "24h", for example';

t.test('a text that YAML has read as a number, or as true or false, is told once, and what to do', (t) => {
  const rows: readonly { spec: object; want: string }[] = [
    {
      spec: withRegistry({ tag: 9765483 }),
      want: 'spec.registry.tag: Invalid value: 9765483: must be a string, not a number: quote it as it was written: "9765483", unless it had other digits',
    },
    {
      spec: withRegistry({ tag: 6.063e28 }),
      want: 'spec.registry.tag: Invalid value: 6.063e+28: must be a string, not a number: quote it as it was written, which a number does not tell',
    },
    {
      spec: withRegistry({ tag: 1.1 }),
      want: 'spec.registry.tag: Invalid value: 1.1: must be a string, not a fraction: quote it as it was written, which a number does not tell',
    },
    {
      spec: withRegistry({ tag: true }),
      want: 'spec.registry.tag: Invalid value: true: must be a string, not true or false: quote it as it was written, "true" or "yes"',
    },
    {
      spec: withRegistry({ versionConstraint: 1.1 }),
      want: 'spec.registry.versionConstraint: Invalid value: 1.1: must be a string, not a fraction: quote it as it was written, which a number does not tell',
    },
    {
      spec: withRegistry({ versionConstraint: 1 }),
      want: 'spec.registry.versionConstraint: Invalid value: 1: must be a string, not a number: quote it as it was written: "1", unless it had other digits',
    },
    {
      spec: withRegistry({ tagPattern: 20240131 }),
      want: 'spec.registry.tagPattern: Invalid value: 20240131: must be a string, not a number: quote it as it was written: "20240131", unless it had other digits',
    },
    {
      spec: withRegistry({ tag: 'v1', secretRef: { name: 5 } }),
      want: 'spec.registry.secretRef.name: Invalid value: 5: must be a string, not a number: quote it as it was written: "5", unless it had other digits',
    },
    {
      spec: withRegistry({ tag: 'v1', pollInterval: 60 }),
      want: `spec.registry.pollInterval: Invalid value: 60: must be a string, not a number: ${UNIT} "15m"`,
    },
    {
      spec: withConverge({ timeout: 1.5 }),
      want: `spec.converge.timeout: Invalid value: 1.5: must be a string, not a fraction: ${UNIT} "30m"`,
    },
    {
      spec: withConverge({ driftDetection: { interval: 5 } }),
      want: `spec.converge.driftDetection.interval: Invalid value: 5: must be a string, not a number: ${UNIT} "15m"`,
    },
    {
      spec: withConverge({ serviceAccountName: 12, targetNamespace: 'production' }),
      want: 'spec.converge.serviceAccountName: Invalid value: 12: must be a string, not a number: quote it as it was written: "12", unless it had other digits',
    },
    {
      spec: withConverge({ environment: false }),
      want: 'spec.converge.environment: Invalid value: false: must be a string, not true or false: quote it as it was written, "false" or "no"',
    },
    {
      spec: withConverge({ valuesFrom: [{ configMapRef: { name: 'a' }, key: 1 }] }),
      want: 'spec.converge.valuesFrom[0].key: Invalid value: 1: must be a string, not a number: quote it as it was written: "1", unless it had other digits',
    },
    {
      spec: withRegistry({ tag: 'v1', url: 5 }),
      want: 'spec.registry.url: Invalid value: 5: must be a string, not a number',
    },
    {
      spec: withRegistry({ tag: ['v1'] }),
      want: 'spec.registry.tag: Invalid value: "array": must be a string, not a list',
    },
    {
      spec: withRegistry({ tag: 'v1', insecure: 'true' }),
      want: 'spec.registry.insecure: Invalid value: "true": must be true or false, not a string: take the quotes away',
    },
    {
      spec: withConverge({ retries: '3' }),
      want: 'spec.converge.retries: Invalid value: "3": must be a whole number, not a string: take the quotes away',
    },
  ];
  for (const { spec, want } of rows) t.strictSame(said(spec), [want], want);
  t.end();
});

t.test('where a release is to be moved to what is no text, that alone is said', (t) => {
  for (const name of ['targetNamespace', 'releaseName'])
    t.strictSame(said(withConverge({ [name]: 12 }), withConverge({})), [
      `spec.converge.${name}: Invalid value: 12: must be a string, not a number: quote it as it was written: "12", unless it had other digits`,
    ]);
  t.end();
});
