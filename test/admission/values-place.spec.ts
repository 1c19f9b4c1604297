import t from 'tap';
import type { WerfBundle, WerfBundleSpec } from '../../api/werfbundle.js';
import { NAMESPACES, SECRETS, SERVICEACCOUNTS } from '../../kube/resources.js';
import { createAdmissionHarness } from '../kit/admission-harness.js';

type Place = NonNullable<NonNullable<NonNullable<WerfBundleSpec['converge']>['valuesFrom']>[number]['from']>;

const KEYS = { 'values.yaml': Buffer.from('a: 1').toString('base64') };

/** Namespace production takes bundles of ops; Secret app-keys is where it is said to be. */
const harness = (...places: readonly string[]) => {
  const opened = createAdmissionHarness({ flags: [] });
  const annotations = { 'werf.io/accept-bundles-from': 'ops' };
  opened.kube.seed(NAMESPACES, { metadata: { name: 'production', annotations } });
  opened.kube.seed(SERVICEACCOUNTS, { metadata: { namespace: 'production', name: 'werf-converge' } });
  for (const namespace of places)
    opened.kube.seed(SECRETS, { metadata: { namespace, name: 'app-keys' }, type: 'Opaque', data: KEYS });
  return opened;
};

const bundle = (from: Place | undefined): WerfBundle => ({
  apiVersion: 'werf.io/v1alpha1',
  kind: 'WerfBundle',
  metadata: { namespace: 'ops', name: 'my-app' },
  spec: {
    registry: { url: 'ghcr.io/acme/app', versionConstraint: '1.x' },
    converge: {
      targetNamespace: 'production',
      serviceAccountName: 'werf-converge',
      valuesFrom: [{ secretRef: { name: 'app-keys' }, ...(from !== undefined && { from }) }],
    },
  },
});

t.test('a source that is looked for in either namespace, and exists only in the target, is warned about', async (t) => {
  const warning =
    "spec.converge.valuesFrom[0].secretRef.name: Secret app-keys exists only in namespace 'production': whoever may create one of this name in namespace 'ops' shadows it; set spec.converge.valuesFrom[0].from to Target if it is to come from there";
  const rows: readonly {
    title: string;
    from: Place | undefined;
    places: readonly string[];
    want: readonly string[];
  }[] = [
    { title: 'it does not say where', from: undefined, places: ['production'], want: [warning] },
    { title: 'either', from: 'Either', places: ['production'], want: [warning] },
    { title: 'the target', from: 'Target', places: ['production'], want: [] },
    { title: 'either, and the own one is there', from: 'Either', places: ['ops', 'production'], want: [] },
  ];
  for (const { title, from, places, want } of rows) {
    const { allowed, warnings } = await harness(...places).ask({ object: bundle(from) });
    t.same([allowed, warnings], [true, want], title);
  }
  const again = await harness('production').ask({ object: bundle(undefined), oldObject: bundle(undefined) });
  t.same(again.warnings, [], 'once, and not at every change of the spec');
  t.notOk(
    (await harness('production').ask({ object: bundle('Bundle') })).allowed,
    'looked for in its own, it is missing',
  );
});

t.test('a user needs a grant where a source is looked for, and it is read there, and nowhere else', async (t) => {
  const rows: readonly { from: Place; where: readonly string[] }[] = [
    { from: 'Bundle', where: ['ops'] },
    { from: 'Target', where: ['production'] },
    { from: 'Either', where: ['ops', 'production'] },
  ];
  for (const { from, where } of rows) {
    const opened = harness('production');
    await opened.ask({ object: bundle(from) });
    const { asked } = opened;
    t.same(
      asked.filter((what) => what.startsWith('Secret ')).toSorted(),
      where.map((namespace) => `Secret ${namespace}/app-keys`),
      `read: ${from}`,
    );
    const pods = asked.filter((what) => what.startsWith('may create pods in ')).toSorted();
    t.same(
      pods,
      where.map((namespace) => `may create pods in ${namespace}`),
      `granted: ${from}`,
    );
  }
});
