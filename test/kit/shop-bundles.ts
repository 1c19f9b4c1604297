import type { BundleDetail, LogLine, Row } from '../../dashboard/protocol.js';
import { ago, apiPath, madeUpDeployment, madeUpDetail, madeUpRow } from './made-up-bundles.js';

/** A small platform with something of everything, as it might be: for pictures, and for what needs a whole one. */
export const SHOP_ROWS: readonly Row[] = [
  madeUpRow({
    namespace: 'shops',
    name: 'checkout',
    state: 'failed',
    reason: 'DeployFailed',
    message:
      'deployment 41 of v2.8.0 failed: Deployment/checkout: container "app" of Pod checkout-7c9d5f8b6-x2lqp: CrashLoopBackOff',
    tag: 'v2.7.4',
    nextTag: 'v2.8.0',
    syncedAt: ago(2 * 86_400 + 4_000),
  }),
  madeUpRow({
    namespace: 'billing',
    name: 'invoices',
    state: 'failed',
    reason: 'ValuesInvalid',
    message: 'spec.values.valuesFrom[1]: Secret billing/smtp does not exist',
    tag: 'v1.19.0',
    syncedAt: ago(9 * 86_400),
  }),
  madeUpRow({
    namespace: 'ops',
    name: 'ingress-routes',
    state: 'failed',
    reason: 'PollingStopped',
    message: 'six polls in a row failed: registry.example.com: 401 Unauthorized',
    tag: 'v0.9.3',
    failedPolls: 6,
    syncedAt: ago(31 * 86_400),
  }),
  madeUpRow({
    namespace: 'identity',
    name: 'sessions',
    state: 'drifted',
    reason: 'Drifted',
    message: 'Deployment/sessions: spec.replicas is 2 and not 6',
    tag: 'v4.2.1',
    syncedAt: ago(5 * 86_400),
  }),
  madeUpRow({
    namespace: 'search',
    name: 'indexer',
    state: 'progressing',
    reason: 'Deploying',
    message: 'deployment 18 of v3.1.0: Job search/indexer-18 runs',
    tag: 'v3.0.9',
    nextTag: 'v3.1.0',
    syncedAt: ago(86_400 * 1.5),
  }),
  madeUpRow({
    namespace: 'media',
    name: 'thumbnails',
    state: 'progressing',
    reason: 'Queued',
    message: 'as many Jobs run as may; 3 are before it',
    tag: 'v1.0.11',
    nextTag: 'v1.0.12',
    syncedAt: ago(86_400 * 4),
  }),
  madeUpRow({
    namespace: 'risk',
    name: 'scoring',
    state: 'unseen',
    reason: '',
    message: '',
    tag: '',
    syncedAt: '',
  }),
  madeUpRow({
    namespace: 'logistics',
    name: 'labels',
    state: 'suspended',
    reason: '',
    message: 'spec.suspend is set',
    tag: 'v2.2.0',
    syncedAt: ago(86_400 * 60),
  }),
  ...[
    ['billing', 'ledger', 'v5.0.2', 4_200],
    ['billing', 'payments', 'v3.11.0', 86_400 * 2.2],
    ['identity', 'accounts', 'v7.1.4', 86_400 * 12],
    ['identity', 'mail-confirm', 'v1.3.0', 1_260],
    ['logistics', 'routing', 'v2.16.1', 86_400 * 6],
    ['logistics', 'tracking', 'v0.31.0', 17_000],
    ['media', 'cdn-rules', 'v1.1.8', 86_400 * 33],
    ['media', 'uploads', 'v2.0.0', 86_400 * 3],
    ['ops', 'cert-rotation', 'v1.0.4', 86_400 * 80],
    ['ops', 'log-shipper', 'v3.3.1', 86_400 * 15],
    ['risk', 'rules', 'v1.8.2', 740],
    ['search', 'api', 'v3.1.0', 300],
    ['search', 'suggest', 'v2.4.0', 86_400 * 8],
    ['shops', 'cart', 'v2.8.0', 2_700],
    ['shops', 'catalog', 'v6.0.1', 86_400 * 1.2],
    ['shops', 'frontend', 'v12.4.0', 5_400],
    ['shops', 'stock', 'v1.27.3', 86_400 * 20],
  ].map(([namespace, name, tag, seconds]) =>
    madeUpRow({
      namespace: String(namespace),
      name: String(name),
      tag: String(tag),
      message: `${tag} is deployed`,
      syncedAt: ago(Number(seconds)),
    }),
  ),
];

const [CHECKOUT = madeUpRow({ namespace: 'shops', name: 'checkout' })] = SHOP_ROWS;

const CHECKOUT_YAML = `apiVersion: werf.io/v1alpha1
kind: WerfBundle
metadata:
  name: checkout
  namespace: shops
  resourceVersion: "88213"
spec:
  registry:
    url: registry.example.com/shops/checkout
    versionConstraint: ^2
    pollInterval: 15m
  converge:
    serviceAccountName: deployer
  values:
    valuesFrom:
      - configMapRef:
          name: checkout-settings
      - secretRef:
          name: checkout-secrets
status:
  phase: Failed
  lastAppliedTag: v2.7.4
  consecutiveFailures: 0
`;

const CHECKOUT_DETAIL = madeUpDetail(CHECKOUT, {
  nextStep: {
    what: 'the Job failed and is not tried again',
    message: CHECKOUT.message,
    advice: 'read its log; mend the cause, or publish a new tag; a cause outside of the bundle takes another try',
    commands: ['werfbundle logs checkout -n shops', 'werfbundle reconcile checkout -n shops'],
    link: 'https://docs.example.com/troubleshooting#ask-for-another-try',
  },
  facts: [
    { title: 'Ready', text: 'no: DeployFailed' },
    { title: 'Tag', text: 'v2.7.4, deployed 2d ago; v2.8.0 failed 12m ago' },
    { title: 'From', text: 'registry.example.com/shops/checkout, polled every 15m' },
    { title: 'Wanted', text: 'the highest tag that satisfies ^2' },
    { title: 'Release', text: 'checkout in namespace shops' },
    { title: 'Deployed as', text: 'ServiceAccount shops/deployer' },
    { title: 'Values', text: 'ConfigMap checkout-settings, Secret checkout-secrets' },
    { title: 'Next poll', text: 'in 3m' },
  ],
  history: [
    madeUpDeployment({
      number: 41,
      tag: 'v2.8.0',
      result: 'Failed',
      startedAt: ago(1_040),
      finishedAt: ago(731),
      jobName: 'checkout-41',
      message: 'Deployment/checkout: container "app" of Pod checkout-7c9d5f8b6-x2lqp: CrashLoopBackOff',
    }),
    madeUpDeployment({
      number: 40,
      tag: 'v2.7.4',
      startedAt: ago(2 * 86_400 + 4_092),
      finishedAt: ago(2 * 86_400 + 4_000),
    }),
    madeUpDeployment({
      number: 39,
      tag: 'v2.7.3',
      reason: 'NewValues',
      startedAt: ago(6 * 86_400 + 300),
      finishedAt: ago(6 * 86_400 + 222),
    }),
    madeUpDeployment({
      number: 38,
      tag: 'v2.7.3',
      startedAt: ago(8 * 86_400 + 300),
      finishedAt: ago(8 * 86_400 + 195),
    }),
  ],
  conditions: [
    {
      type: 'Ready',
      status: 'False',
      reason: 'DeployFailed',
      message: CHECKOUT.message,
      since: ago(731),
      about: 'whether what the bundle asks for is deployed',
    },
    {
      type: 'Stalled',
      status: 'True',
      reason: 'DeployFailed',
      message: '',
      since: ago(731),
      about: 'a person has to act; it is there only then',
    },
    {
      type: 'RegistryReachable',
      status: 'True',
      reason: 'Polled',
      message: '',
      since: ago(40 * 86_400),
      about: 'whether the last poll of the registry succeeded',
    },
  ],
  commands: [
    { title: 'Say how it is', command: 'werfbundle status checkout -n shops' },
    { title: 'See why', command: 'werfbundle explain checkout -n shops' },
    { title: 'Ask for another try of what failed', command: 'werfbundle reconcile checkout -n shops' },
    { title: 'Go back', command: 'werfbundle rollback checkout -n shops' },
  ],
  yaml: CHECKOUT_YAML,
});

const DRIFTED: Partial<BundleDetail> = {
  nextStep: {
    what: 'the cluster differs from what was deployed',
    message: 'Deployment/sessions: spec.replicas is 2 and not 6',
    advice:
      'the message says in what; it is not applied again by itself (`driftDetection.correct` is false): ask for it',
    commands: ['werfbundle diff sessions -n identity', 'werfbundle reconcile sessions -n identity --force'],
    link: 'https://docs.example.com/operations#drift',
  },
  drift: {
    state: 'drifted',
    message: 'Deployment/sessions\n  spec.replicas: 6 was deployed, it is 2',
    checkedAt: ago(190),
    checks: 212,
    corrections: 0,
  },
};

const detailOf = (row: Row): BundleDetail => {
  if (row === CHECKOUT) return CHECKOUT_DETAIL;
  return madeUpDetail(row, row.state === 'drifted' ? DRIFTED : {});
};

/** The details of all of them, by path. */
export const SHOP_DETAILS: ReadonlyMap<string, BundleDetail> = new Map(
  SHOP_ROWS.map((row) => [apiPath(row), detailOf(row)]),
);

/** A log of `shops/checkout`, up to where it fails. */
export const SHOP_LOG: readonly LogLine[] = [
  { kind: 'job', namespace: 'shops', name: 'checkout-41', number: 41 },
  ...[
    'Using werf binary: /usr/local/bin/werf v2.37.1',
    '┌ Downloading bundle registry.example.com/shops/checkout:v2.8.0',
    '└ Downloading bundle registry.example.com/shops/checkout:v2.8.0 (1.31 seconds)',
    '',
    'Starting release "checkout" (namespace: "shops")',
    'Constructing release history',
    'Constructing release plan',
    'Planned changes summary for release "checkout" (namespace: "shops"):',
    '- update: 2 resource(s)',
    '',
    '┌ Progress status',
    '│ RESOURCE (→READY)        STATE    INFO',
    '│ Deployment/checkout      WAITING  Ready:2/3',
    '│  • Pod/7c9d5f8b6-x2lqp   ERROR    Status:CrashLoopBackOff',
    '└ Progress status',
    '',
    '┌ Logs for Pod/checkout-7c9d5f8b6-x2lqp, container/app',
    '│ panic: missing required setting PAYMENT_URL',
    '│ goroutine 1 [running]:',
    '│ main.main()',
    '└ Logs for Pod/checkout-7c9d5f8b6-x2lqp, container/app',
    'Error: release "checkout" failed: Deployment/checkout: container "app": CrashLoopBackOff',
  ].map((line) => ({ kind: 'text' as const, text: `${line}\n` })),
];
