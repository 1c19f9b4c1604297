import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { isMap, valueAt } from '../../api/json-map.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { BundleScenario, type Given, readyOf, TIME_SCALE } from '../kit/bundle-scenario.js';
import { canary, OPERATOR_USERS } from '../kit/canary.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { objectsOf } from '../kit/kustomized.js';
import { logSizes } from '../kit/lease.js';
import { recordWatch } from '../kit/record-watch.js';
import { bundle } from '../kit/webhook-fixture.js';

// What manifests/rbac gives, beside what webhook and controller have asked for by the apiserver's own audit log, in a story that has all in it.

const ROOT = join(import.meta.dirname, '..', '..');
const AUDIT = 'kube-apiserver-audit.log';
const OPERATOR = 'k8s-werf-operator-go-system';

const fixture = await startDeployFixture(t);
const { cluster } = fixture;
const must = async (...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await cluster.kubectl(args);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
};

/** What was asked by webhook and controller: `controller: list batch/jobs`; and with what answer. */
interface Asked {
  readonly right: string;
  readonly code: number;
}

const before = (await logSizes(cluster.controlPlane.dir)).get(AUDIT) ?? 0;
const asked = async (): Promise<readonly Asked[]> => {
  const text = (await readFile(join(cluster.controlPlane.dir, AUDIT))).subarray(before).toString();
  const lines = text.split('\n').filter((line) => OPERATOR_USERS.some((user) => line.includes(`"username":"${user}"`)));
  return lines.flatMap((line) => {
    const event: unknown = JSON.parse(line);
    const reference = valueAt(event, 'objectRef');
    if (!isMap(reference)) return [];
    const { apiGroup = '', resource, subresource } = reference;
    const what = [resource, subresource].filter(Boolean).join('/');
    const user = String(valueAt(event, 'user', 'username')).replace(/.*werfbundle-/, '');
    return [
      {
        right: `${user}: ${valueAt(event, 'verb')} ${apiGroup}/${what}`,
        code: Number(valueAt(event, 'responseStatus', 'code')),
      },
    ];
  });
};

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** All that manifests/rbac gives to webhook or controller, as {@link asked} says it. */
const granted = async (): Promise<readonly string[]> => {
  const rights = ['webhook', 'controller'].map(async (user) => {
    const objects = Object.values(objectsOf(await readFile(join(ROOT, `manifests/rbac/${user}.yaml`), 'utf8')));
    const rules = objects.flatMap(({ kind, rules: own }) => (kind.endsWith('Role') ? (own as readonly Rule[]) : []));
    return rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${user}: ${verb} ${group}/${resource}`)),
      ),
    );
  });
  return [...new Set((await Promise.all(rights)).flat())];
};

const OWNERS = 'asked about by the apiserver itself where it protects owners (OwnerReferencesPermissionEnforcement)';
/** Rights that no request shows, and why they are given. */
const NOT_ASKED_FOR: Readonly<Record<string, string>> = {
  'controller: get werf.io/werfbundles':
    'after a conflict with somebody else who has written a bundle, which a story cannot order',
  'controller: update batch/jobs/finalizers': OWNERS,
  'controller: update werf.io/werfbundles/finalizers': OWNERS,
};

t.test('every right of webhook and controller is used, and none is asked for that is not given', async (t) => {
  const first = await fixture.startWebhook();
  await first.stop();
  const spoilt = JSON.stringify({ stringData: { 'tls.crt': '-----BEGIN CERTIFICATE-----' } });
  await must('patch', 'secret', 'werfbundle-webhook-certificates', '-n', OPERATOR, '--type=merge', '-p', spoilt);
  await fixture.startWebhook({ WERFBUNDLE_GUARD_VALUES: 'true' });
  await must('apply', '-f', join(ROOT, 'manifests/webhook/values-guard/configuration.yaml'));
  const controller = await fixture.startController({ timeScale: TIME_SCALE, leaderElect: true });
  const states = await recordWatch(t, fixture, WERFBUNDLES);
  const given: Given = { fixture, controller, states };
  await fixture.makeNamespace('rights');
  const scenario = new BundleScenario(given, 'rights');
  await must('create', 'configmap', 'base', '-n', 'rights', '--from-literal=a=1');
  await must('create', 'secret', 'generic', 'hidden', '-n', 'rights', `--from-literal=b=${canary('rights')}`);
  await fixture.publish({ repository: 'acme/used', tag: 'v1.0.0', files: { 'values.schema.json': '{}' } });
  const valuesFrom = [{ configMapRef: { name: 'base' } }, { secretRef: { name: 'hidden' } }];
  const drift = { driftDetection: { enabled: true, interval: '1m' } };
  await scenario.applyBundle('used', {
    ...scenario.spec('acme/used', { valuesFrom, ...drift }),
    deletionPolicy: 'Dismiss',
  });
  await scenario.synced('used', 'v1.0.0');
  await scenario.until('used', 'was looked at for drift', ({ driftCheckCount = 0 }) => driftCheckCount > 0);

  await must('label', 'configmap', 'base', '-n', 'rights', 'werf.io/values=true');
  const change = ['patch', 'configmap', 'base', '-n', 'rights', '--type=merge', '-p', '{"data":{"a":"2"}}'];
  const warned = await eventually(
    () => cluster.kubectl([...change, '--dry-run=server']),
    ({ stderr }) => stderr !== '',
  );
  t.equal(warned.stderr, 'Warning: data: deploys 1 bundle in 1 namespace: rights/used\n');

  await fixture.makeNamespace('rights-target');
  const across = bundle('across', scenario.spec('acme/used', { targetNamespace: 'rights-target' }), {
    namespace: 'rights',
  });
  const refused = await cluster.kubectl(['create', '--dry-run=server', '-f', '-'], JSON.stringify(across));
  t.match(refused.stderr, 'namespace rights-target does not accept bundles from namespace rights');

  await must('create', 'quota', 'none', '-n', 'rights', '--hard=pods=0');
  // What the quota controller would do, which is not among those that run here.
  const counted = JSON.stringify({ status: { hard: { pods: '0' }, used: { pods: '0' } } });
  await must('patch', 'quota', 'none', '-n', 'rights', '--subresource=status', '--type=merge', '-p', counted);
  await fixture.publish({ repository: 'acme/waiting', tag: 'v1.0.0' });
  await scenario.applyBundle('waiting', scenario.spec('acme/waiting'));
  await scenario.until(
    'waiting',
    'says why it waits',
    (status) => readyOf(status)?.message?.includes('exceeded quota') === true,
  );
  await must('delete', 'quota', 'none', '-n', 'rights');
  await must('delete', 'wb', 'waiting', 'used', '-n', 'rights', '--timeout=90s');

  const all = await granted();
  const unused = async () => {
    const seen = new Set((await asked()).map(({ right }) => right));
    return all.filter((right) => !seen.has(right));
  };
  // The last right to be used is that to delete the chart that nobody uses any more, some scaled ten minutes later.
  const isAll = (rights: readonly string[]) => rights.length === Object.keys(NOT_ASKED_FOR).length;
  const left = await eventually(unused, isAll, 120_000);
  t.strictSame(left.toSorted(), Object.keys(NOT_ASKED_FOR).toSorted(), 'what is not used has a reason');
  const forbidden = (await asked()).filter(({ code }) => code === 403 || code === 401);
  t.strictSame(forbidden, [], 'nothing is refused');
  const beyond = new Set((await asked()).map(({ right }) => right).filter((right) => !all.includes(right)));
  t.strictSame([...beyond], [], 'nothing is used by other ways');
});
