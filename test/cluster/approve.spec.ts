import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { WERFBUNDLES } from '../../kube/resources.js';
import { BundleScenario, TIME_SCALE, told } from '../kit/bundle-scenario.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { recordWatch } from '../kit/record-watch.js';
import { runWerfbundle } from '../kit/run-werfbundle.js';

// What people touch of a plan that waits, as they touch it, with webhook and controller at work.

const NAMESPACE = 'approvals';
const fixture = await startDeployFixture(t);
const { cluster, client, signal } = fixture;
await fixture.makeNamespace(NAMESPACE);
await fixture.startWebhook();
const controller = await fixture.startController({ timeScale: TIME_SCALE });
const states = await recordWatch(t, fixture, WERFBUNDLES);
const scenario = new BundleScenario({ fixture, controller, states }, NAMESPACE);

/** A kubeconfig of a person with this role in the namespace. */
const personWith = async (role: string): Promise<string> => {
  await scenario.kubectl('create', 'serviceaccount', role);
  await scenario.kubectl(
    'create',
    'rolebinding',
    role,
    `--clusterrole=${role}`,
    `--serviceaccount=${NAMESPACE}:${role}`,
  );
  const token = (await scenario.kubectl('create', 'token', role)).stdout.trim();
  const config = JSON.parse((await scenario.kubectl('config', 'view', '--raw', '-o', 'json')).stdout);
  for (const entry of config.users) entry.user = { token };
  const file = join(cluster.dir, `${role}.kubeconfig`);
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return file;
};
const [editor, approver] = await Promise.all([personWith('werfbundle-editor'), personWith('werfbundle-approver')]);

const run = (args: readonly string[], kubeconfig = cluster.kubeconfig) =>
  runWerfbundle([...args, '-n', NAMESPACE], { kubeconfig, cwd: cluster.dir });
const publish = (tag: string, ...lost: readonly string[]) =>
  fixture.publish({
    repository: `approvals/web`,
    tag,
    ...(lost.length > 0 && { behaviour: lost.map((object) => `plan-deletes: ${object}`).join(', ') }),
  });
const stored = async () => {
  const bundle = await client.get(WERFBUNDLES, scenario.ref('web'), signal);
  if (bundle === undefined) throw new Error('it is not there');
  return bundle;
};

/** Who has approved what, by the apiserver's audit log. */
const approvals = async (): Promise<readonly Record<'user' | 'name' | 'hash', string>[]> => {
  const log = await readFile(join(cluster.controlPlane.dir, 'kube-apiserver-audit.log'), 'utf8');
  return log
    .split('\n')
    .filter((line) => line.includes('/approved-plan"'))
    .map((line) => {
      const { user, objectRef, annotations } = JSON.parse(line);
      return {
        user: user.username,
        name: objectRef.name,
        hash: annotations['validate.werfbundles.werf.io/approved-plan'],
      };
    });
};

t.test('a plan that waits is looked at, and approved by who may, and by its hash', { timeout: 300_000 }, async (t) => {
  await publish('v1.0.0');
  await scenario.applyBundle('web', scenario.spec('approvals/web', { deletions: 'Hold' }));
  await scenario.synced('web', 'v1.0.0');
  const early = await run(['approve', 'web'], approver);
  t.match([early.code, early.stderr], [1, 'nothing waits for an approval: no deployment is planned']);
  await publish('v1.1.0', 'PersistentVolumeClaim/data', 'ConfigMap/old');
  const held = await scenario.until('web', 'an approval is awaited', told('ApprovalAwaited'));
  const hash = held.plan?.hash ?? '';

  const begin = Date.now();
  const waited = await run(['reconcile', 'web', '--wait', '--timeout', '5m']);
  t.equal(waited.code, 1);
  t.match(
    waited.stderr,
    /^werfbundle: approvals\/web: v1\.1\.0 would delete PersistentVolumeClaim\/data: it waits for an approval; .*\nwerfbundle: to look at the plan, and approve it: werfbundle approve web -n approvals\n$/,
  );
  t.ok(Date.now() - begin < 60_000, 'a wait that cannot succeed by itself ends');

  const recorded = await run(['diff', 'web', '--recorded'], approver);
  t.match([recorded.code, recorded.stderr], [1, /^$/]);
  t.match(
    recorded.stdout,
    new RegExp(`^Plan ${hash} of v1\\.1\\.0 .*\nIt waits for an approval: werfbundle approve web -n approvals\n$`, 's'),
  );
  const status = await run(['status', 'web'], approver);
  t.match(status.stdout, /^Plan: +waits for an approval: v1\.1\.0 would .*; werfbundle approve web -n approvals$/m);
  const diff = await run(['diff', 'web']);
  t.match([diff.code, diff.stderr], [1, /^$/], 'a plan of the user’s own says the same');
  t.match(
    diff.stdout,
    /^Plan .*\nIt waits for .*\n\n.*deploying v1\.1\.0 to namespace approvals would .*delete PersistentVolumeClaim\/data/s,
  );

  const slip = await scenario.kubectl('annotate', 'wb', 'web', 'werf.io/approve-plan=fedcba9876543210');
  t.match(
    slip.stderr,
    `Warning: metadata.annotations[werf.io/approve-plan]: "fedcba9876543210" approves nothing: the plan that waits has hash ${hash}; look at it: werfbundle approve web -n approvals`,
  );
  await scenario.kubectl('annotate', 'wb', 'web', 'werf.io/approve-plan-');
  const word = await scenario.kubectl('annotate', 'wb', 'web', 'werf.io/refused-values=ignore');
  t.match(
    word.stderr,
    'Warning: metadata.annotations[werf.io/refused-values]: "ignore" has no effect: only "warn" and "deny" have one',
  );

  const refused = await run(['approve', 'web', '--hash', hash], editor);
  t.equal(refused.code, 1);
  t.match(
    refused.stderr,
    /\* metadata\.annotations\[werf\.io\/approve-plan\]: Forbidden: user "system:serviceaccount:approvals:werfbundle-editor" may not approve .*\nwerfbundle: who may grant rights gives them: kubectl create rolebinding approver -n approvals --clusterrole=werfbundle-approver --user=USER\n$/s,
  );
  const other = await run(['approve', 'web', '--hash', '0123456789abcdef'], approver);
  t.match([other.code, other.stderr], [1, 'the plan has changed: "0123456789abcdef" is not its hash']);
  const unnamed = await run(['approve', 'web'], approver);
  t.equal(unnamed.code, 2, unnamed.stderr);
  t.match(
    unnamed.stdout,
    new RegExp(
      `^Plan ${hash} of v1\\.1\\.0 \\(NewTag\\), made \\d+s ago\n {2}create 0, update 1, recreate 0, delete 2\n {2}just this plan is applied\n {2}delete PersistentVolumeClaim/data \\(held\\)\n {2}delete ConfigMap/old\n$`,
    ),
  );
  t.equal((await stored()).metadata.annotations?.['werf.io/approve-plan'], undefined, 'nothing is approved yet');

  const done = await run(['approve', 'wb/web', '--hash', hash, '--wait'], approver);
  t.strictSame([done.code, done.stderr], [0, '']);
  t.match(done.stdout, new RegExp(`^werfbundle\\.werf\\.io/web plan ${hash} approved: v1\\.1\\.0 would `));
  t.match((await stored()).status, { lastAppliedTag: 'v1.1.0', deployment: { number: 2 } });

  const events = () => scenario.kubectl('get', 'events', '--field-selector', 'reason=PlanApproved', '-o', 'name');
  const begun = await eventually(events, ({ stdout }) => stdout.includes('event/'));
  t.equal(begun.stdout.trim().split('\n').length, 1, 'the approval is told once, when its deployment begins');
  const audited = await eventually(approvals, (found) => found.length > 1);
  t.match(audited.at(-1), { user: 'system:serviceaccount:approvals:werfbundle-approver', name: 'web' });
  t.strictSame(
    audited.map((one) => one.hash),
    ['fedcba9876543210', hash],
    'which plan was approved is in the audit log, and what was refused is not',
  );
});
