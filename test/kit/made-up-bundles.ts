import type { BundleDetail, BundleState, DeploymentRow, Row } from '../../dashboard/protocol.js';

/** A time so long before now. */
export const ago = (seconds: number): string =>
  new Date(Math.floor(Date.now() / 1_000 - seconds) * 1_000).toISOString().replace('.000', '');

/** A row of the list: ready, unless it is said otherwise. */
export const madeUpRow = (row: Partial<Row> & Pick<Row, 'namespace' | 'name'>): Row =>
  Object.assign(
    {
      uid: `uid-${row.namespace}-${row.name}`,
      version: '1',
      state: 'ready' as const,
      reason: 'Deployed',
      message: 'v1.4.2 is deployed',
      tag: 'v1.4.2',
      nextTag: '',
      repository: `registry.example.com/${row.namespace}/${row.name}`,
      syncedAt: ago(3 * 86_400 + 7),
      failedPolls: 0,
    },
    row,
  );

/** The path of a bundle's calls. */
export const apiPath = ({ namespace, name }: Pick<Row, 'namespace' | 'name'>): string =>
  `/api/bundles/${namespace}/${name}`;

/** A row's detail: what every bundle has. */
export const madeUpDetail = (row: Row, given: Partial<BundleDetail> = {}): BundleDetail =>
  Object.assign(
    {
      row,
      createdAt: ago(40 * 86_400),
      facts: [
        { title: 'Ready', text: row.state === 'ready' ? 'yes' : `no: ${row.reason}` },
        { title: 'Tag', text: row.tag === '' ? 'none yet' : `${row.tag}, deployed 3d ago` },
        { title: 'From', text: `${row.repository}, polled every 15m` },
        { title: 'Wanted', text: 'the highest tag that satisfies ^1.4' },
        { title: 'Release', text: `${row.name} in namespace ${row.namespace}` },
        { title: 'Deployed as', text: `ServiceAccount ${row.namespace}/deployer` },
      ],
      conditions: [
        {
          type: 'Ready',
          status: row.state === 'ready' ? ('True' as const) : ('False' as const),
          reason: row.reason,
          message: row.message,
          since: row.syncedAt,
          about: 'whether what the bundle asks for is deployed',
        },
        {
          type: 'RegistryReachable',
          status: 'True' as const,
          reason: 'Polled',
          message: '',
          since: ago(40 * 86_400),
          about: 'whether the last poll of the registry succeeded',
        },
      ],
      history: [madeUpDeployment({ number: 7, tag: row.tag })],
      drift: { state: 'none' as const, message: '', checkedAt: ago(412), checks: 96, corrections: 0 },
      commands: [
        { title: 'Say how it is', command: `werfbundle status ${row.name} -n ${row.namespace}` },
        { title: 'Follow its log', command: `werfbundle logs ${row.name} -n ${row.namespace} --follow` },
      ],
      yaml: `apiVersion: werf.io/v1alpha1\nkind: WerfBundle\nmetadata:\n  name: ${row.name}\n  namespace: ${row.namespace}\n`,
    },
    given,
  );

/** A deployment: it has succeeded, unless it is said otherwise. */
export const madeUpDeployment = (given: Partial<DeploymentRow> & Pick<DeploymentRow, 'number'>): DeploymentRow =>
  Object.assign(
    {
      tag: 'v1.4.2',
      digest: `sha256:${'4f'.repeat(32)}`,
      reason: 'NewTag',
      result: 'Succeeded',
      startedAt: ago(3 * 86_400 + 100),
      finishedAt: ago(3 * 86_400 + 7),
      jobName: `cart-${given.number}`,
      message: '',
    },
    given,
  );

const NAMESPACES = ['shops', 'billing', 'search', 'identity', 'ops', 'media', 'logistics', 'risk'];
const NAMES = ['api', 'web', 'worker', 'cart', 'gateway', 'indexer', 'mailer', 'reports', 'sync', 'admin'];
/** Of a hundred bundles, so many are in a state. */
const SHARES: readonly (readonly [BundleState, number])[] = [
  ['failed', 2],
  ['drifted', 2],
  ['progressing', 3],
  ['suspended', 2],
  ['unseen', 1],
  ['ready', 90],
];
const STATES = SHARES.flatMap(([state, share]) => Array.from({ length: share }, () => state));

/** Many rows, always the same: `team-004/worker-0123`. */
export const manyRows = (count: number): readonly Row[] =>
  Array.from({ length: count }, (_, at) =>
    madeUpRow({
      namespace: `${NAMESPACES[at % NAMESPACES.length]}-${String(Math.floor(at / 400)).padStart(2, '0')}`,
      name: `${NAMES[at % NAMES.length]}-${String(at).padStart(5, '0')}`,
      state: STATES[(at * 37) % 100] ?? 'ready',
      tag: `v1.${at % 40}.${at % 7}`,
    }),
  );
