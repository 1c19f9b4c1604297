import t from 'tap';
import type { WerfBundle, WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import {
  type AdmissionHarness,
  createAdmissionHarness,
  type Told,
  withoutAccountWarning,
} from '../kit/admission-harness.js';
import { plan } from '../kit/plan-statuses.js';

const PLAIN: WerfBundleSpec = { registry: { url: 'ghcr.io/acme/app', tag: 'v1' } };
/** It names what the user may not read. */
const NOSY: WerfBundleSpec = {
  registry: { url: 'ghcr.io/acme/app', tag: 'v1', secretRef: { name: 'creds' } },
  converge: { targetNamespace: 'production', serviceAccountName: 'deployer' },
};
const bundle = (spec: WerfBundleSpec, metadata: WerfBundle['metadata'] = {}): WerfBundle => ({
  apiVersion: 'werf.io/v1alpha1',
  kind: 'WerfBundle',
  metadata: { namespace: 'ops', name: 'my-app', ...metadata },
  spec,
});

/** A webhook that lets a user may do exactly this. */
const harnessFor = (rights: readonly string[], ...flags: readonly string[]): AdmissionHarness =>
  createAdmissionHarness({ flags, may: (_, what) => rights.includes(what) });

const askOf = async (
  harness: AdmissionHarness,
  wish: Parameters<AdmissionHarness['ask']>[0],
): Promise<Omit<Told, 'patch'>> => {
  const { patch: _, ...told } = withoutAccountWarning(await harness.ask(wish));
  return told;
};
const ALLOWED = { allowed: true, problems: [], warnings: [] };
const refused = (...problems: readonly string[]) => ({ allowed: false, problems, warnings: [] });

const HASH = '0123456789abcdef';
const OTHER_HASH = 'fedcba9876543210';
/** A status in which the plan with this hash waits. */
const waitingFor = (hash: string | undefined): WerfBundleStatus => ({
  plan: plan({ after: 0, result: 'Made', ...(hash !== undefined && { hash }) }),
});

t.test('who approves a plan needs the verb for it, and for nothing else', async (t) => {
  const approval = (value?: string) => ({
    annotations: { note: 'x', ...(value !== undefined && { 'werf.io/approve-plan': value }) },
  });
  const holding = { ...NOSY, converge: { ...NOSY.converge, deletions: 'Hold' } } as const;
  const before = (value?: string) => bundle(holding, approval(value));
  const NO = refused(
    'metadata.annotations[werf.io/approve-plan]: Forbidden: user "jane" may not approve werfbundles.werf.io "my-app" in namespace "ops": the verb "approve" is needed, of a role like werfbundle-approver',
  );
  const ASKED = ['may approve werfbundles.werf.io/my-app in ops'];
  const rows = [
    {
      title: 'without it an approval is refused',
      rights: [],
      old: before(),
      now: before(HASH),
      want: NO,
      asked: ASKED,
    },
    {
      title: 'and another one in its place',
      rights: [],
      old: before(HASH),
      now: before(OTHER_HASH),
      want: NO,
      asked: ASKED,
    },
    {
      title: 'with it nothing else is asked: not what the bundle refers to',
      rights: ['approve werfbundles.werf.io/my-app in ops'],
      old: before(),
      now: before(HASH),
      want: { ...ALLOWED, audit: { 'approved-plan': HASH } },
      asked: ASKED,
    },
    {
      title: 'of another bundle it is worth nothing',
      rights: ['approve werfbundles.werf.io/other in ops'],
      old: before(),
      now: before(HASH),
      want: NO,
      asked: ASKED,
    },
    {
      title: 'what stays as it was is nobody\u2019s approval',
      rights: [],
      old: before(HASH),
      now: bundle(holding, { annotations: { ...approval(HASH).annotations, note: 'y' } }),
      want: ALLOWED,
      asked: [],
    },
    {
      title: 'an approval that is taken away needs none',
      rights: [],
      old: before(HASH),
      now: before(),
      want: ALLOWED,
      asked: [],
    },
    { title: 'an empty one is none', rights: [], old: before(HASH), now: before(''), want: ALLOWED, asked: [] },
  ];
  for (const { title, rights, old, now, want, asked } of rows) {
    const harness = harnessFor(rights);
    const planned = waitingFor(now.metadata.annotations?.['werf.io/approve-plan']);
    t.same(await askOf(harness, { object: now, oldObject: { ...old, status: planned } }), want, title);
    t.same(harness.asked, asked, `${title}: what is asked`);
  }
  const mayApprove = harnessFor(['approve werfbundles.werf.io/my-app in ops']);
  const old = { ...before(), status: waitingFor(HASH) };
  const tried = await askOf(mayApprove, { object: before(HASH), oldObject: old, dryRun: true });
  t.same(tried, ALLOWED, 'what is only tried is no approval, and the audit log is told of none');
  const made = harnessFor([], '--authorize=off');
  t.same(
    await askOf(made, { object: bundle(PLAIN, approval(HASH)) }),
    NO,
    'nor is a bundle made with one, whatever else is not asked',
  );
});

t.test(
  'an annotation with a value that has no effect is admitted, with a warning that says what has one',
  async (t) => {
    const HOLDING: WerfBundleSpec = { ...PLAIN, converge: { ...PLAIN.converge, deletions: 'Hold' } };
    const APPROVAL = 'werf.io/approve-plan';
    const field = (name: string) => `metadata.annotations[${name}]`;
    const rows: readonly (readonly [
      title: string,
      name: string,
      value: string,
      says: string,
      change?: Partial<Row>,
    ])[] = [
      [
        'another plan waits',
        APPROVAL,
        OTHER_HASH,
        `"${OTHER_HASH}" approves nothing: the plan that waits has hash ${HASH}; look at it: werfbundle approve my-app -n ops`,
      ],
      ['that very plan waits', APPROVAL, HASH, ''],
      [
        'it is no hash, and a plan waits',
        APPROVAL,
        'yes',
        `"yes" approves nothing: the plan that waits has hash ${HASH}; look at it: werfbundle approve my-app -n ops`,
      ],
      [
        'it is no hash, and none waits',
        APPROVAL,
        'yes',
        '"yes" approves nothing: it is no hash of a plan (status.plan.hash)',
        { status: {} },
      ],
      [
        'no plan waits',
        APPROVAL,
        HASH,
        `"${HASH}" approves nothing: no plan waits for an approval now`,
        { status: {} },
      ],
      [
        'its deployment has begun',
        APPROVAL,
        HASH,
        `"${HASH}" approves nothing: no plan waits for an approval now`,
        { status: { plan: plan({ after: 1, result: 'Made', hash: HASH }) } },
      ],
      [
        'no deletion is held',
        APPROVAL,
        OTHER_HASH,
        `"${OTHER_HASH}" approves nothing: no deletion is held (spec.converge.deletions)`,
        { spec: PLAIN },
      ],
      ['the bundle is made with it', APPROVAL, HASH, '', { isNew: true }],
      ['it was there before', APPROVAL, 'yes', '', { before: 'yes' }],
      ['refused values', 'werf.io/refused-values', 'Warn', '"Warn" has no effect: only "warn" and "deny" have one'],
      ['refused values are warned of', 'werf.io/refused-values', 'warn', ''],
      ['references', 'werf.io/missing-references', 'deny', '"deny" has no effect: only "warn" has one'],
      ['downgrades', 'werf.io/allow-downgrade', 'yes', '"yes" has no effect: only "true" has one'],
      ['what is not wanted', 'werf.io/dismiss-required', 'false', ''],
    ];
    interface Row {
      readonly status: WerfBundleStatus;
      readonly spec: WerfBundleSpec;
      readonly before: string;
      readonly isNew: true;
    }
    for (const [title, name, value, says, change = {}] of rows) {
      const { status = waitingFor(HASH), spec = HOLDING, before, isNew } = change;
      const harness = createAdmissionHarness({ flags: ['--authorize=off'] });
      const oldObject = {
        ...bundle(spec, { ...(before !== undefined && { annotations: { [name]: before } }) }),
        status,
      };
      const object = bundle(spec, { annotations: { [name]: value } });
      const { allowed, warnings } = await askOf(harness, { object, ...(isNew !== true && { oldObject }) });
      t.same([allowed, warnings], [true, says === '' ? [] : [`${field(name)}: ${says}`]], title);
    }
  },
);
