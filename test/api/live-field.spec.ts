import t from 'tap';
import { validateBundle } from '../../api/validate.js';
import type { WerfBundle } from '../../api/werfbundle.js';

const url = 'ghcr.io/acme/app';

const bundleOf = (registry: object, metadata: object): WerfBundle =>
  ({
    apiVersion: 'werf.io/v1alpha1',
    kind: 'WerfBundle',
    metadata: { name: 'shop', namespace: 'ops', ...metadata },
    spec: { registry: { url, ...registry } },
  }) as WerfBundle;

/** managedFields as the apiserver keeps them: who has set which fields of spec.registry. */
const managedBy = (managers: Readonly<Record<string, readonly string[]>>) => ({
  managedFields: Object.entries(managers).map(([manager, fields]) => ({
    manager,
    operation: 'Update',
    fieldsV1: { 'f:spec': { 'f:registry': Object.fromEntries(fields.map((field) => [`f:${field}`, {}])) } },
  })),
});

const CHOOSE = 'remove one or the other';

const rows: readonly { title: string; old: object; now: object; metadata?: object; want: string }[] = [
  {
    title: 'a tag set by hand, and the constraint applied again',
    old: { tag: 'v1.0.0' },
    now: { tag: 'v1.0.0', versionConstraint: '>=1, <2' },
    metadata: managedBy({ flux: ['url', 'versionConstraint'], 'kubectl-patch': ['tag'] }),
    want: `excludes versionConstraint; ${CHOOSE}; tag stands on the live object already, set by "kubectl-patch"; if not in what you apply, this takes it away: kubectl patch wb shop -n ops --type merge -p '{"spec":{"registry":{"tag":null,"versionConstraint":">=1, <2"}}}'`,
  },
  {
    title: 'a tag set by hand, and pattern and order applied again',
    old: { tag: 'v1.0.0' },
    now: { tag: 'v1.0.0', tagPattern: "^it's-(\\d+)$", tagOrder: 'Number' },
    want: `excludes tagPattern, tagOrder; ${CHOOSE}; tag stands on the live object already; if not in what you apply, this takes it away: kubectl patch wb shop -n ops --type merge -p '{"spec":{"registry":{"tag":null,"tagPattern":"^it'\\''s-(\\\\d+)$","tagOrder":"Number"}}}'`,
  },
  {
    title: 'the constraint is there, and a tag is set by hand',
    old: { versionConstraint: '1.x', tagPattern: '^v' },
    now: { versionConstraint: '1.x', tagPattern: '^v', tag: 'v1.0.0' },
    metadata: managedBy({ flux: ['url', 'versionConstraint', 'tagPattern'] }),
    want: `excludes versionConstraint, tagPattern; ${CHOOSE}; versionConstraint and tagPattern stand on the live object already, set by "flux"; if not in what you apply, this takes them away: kubectl patch wb shop -n ops --type merge -p '{"spec":{"registry":{"versionConstraint":null,"tagPattern":null,"tag":"v1.0.0"}}}'`,
  },
  {
    title: 'both are new',
    old: {},
    now: { tag: 'v1.0.0', versionConstraint: '1.x' },
    want: `excludes versionConstraint; ${CHOOSE}`,
  },
  {
    title: 'a tag that is changed together with them',
    old: { tag: 'v1.0.0' },
    now: { tag: 'v1.1.0', versionConstraint: '1.x' },
    want: `excludes versionConstraint; ${CHOOSE}`,
  },
  {
    title: 'of the other side only a part is live: to take it away would not be enough',
    old: { tagPattern: '^v' },
    now: { tagPattern: '^v', tag: 'v1.1.0', versionConstraint: '1.x' },
    want: `excludes versionConstraint, tagPattern; ${CHOOSE}`,
  },
  {
    title: 'both were there before',
    old: { tag: 'v1.0.0', versionConstraint: '1.x' },
    now: { tag: 'v1.0.0', versionConstraint: '1.x', pollInterval: '5m' },
    want: `excludes versionConstraint; ${CHOOSE}`,
  },
];

const messageOf = (now: WerfBundle, old?: WerfBundle): string | undefined =>
  validateBundle(now, old).problems.find(({ field }) => field === 'spec.registry.tag')?.message;

t.test(
  'of fields that exclude each other, the one that only the live object has is told, and how to remove it',
  (t) => {
    for (const { title, old, now, metadata = {}, want } of rows) {
      const live = bundleOf(old, { uid: 'u', ...metadata });
      t.equal(messageOf(bundleOf(now, { uid: 'u' }), live)?.replace(/^.* is deployed, which /, ''), want, title);
    }
    t.end();
  },
);

t.test('a manifest that was not merged with the live object says itself what is in it', (t) => {
  const now = { tag: 'v1.0.0', versionConstraint: '1.x' };
  const want = `Invalid value: "v1.0.0": exactly this tag is deployed, which excludes versionConstraint; ${CHOOSE}`;
  t.equal(messageOf(bundleOf(now, {}), bundleOf({ tag: 'v1.0.0' }, { uid: 'u' })), want, 'a file');
  t.equal(messageOf(bundleOf(now, { uid: 'u' })), want, 'what is stored');
  t.end();
});

t.test('whatever stands in managedFields, the rules cope with it', (t) => {
  for (const managedFields of [5, [5], [{ manager: 5 }], [{ manager: 'a', fieldsV1: { 'f:spec': [] } }]])
    t.match(
      messageOf(
        bundleOf({ tag: 'v1', versionConstraint: '1.x' }, { uid: 'u' }),
        bundleOf({ tag: 'v1' }, { uid: 'u', managedFields }),
      ),
      'on the live object already; if not',
    );
  t.end();
});
