import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { API_VERSION, KIND, type StoredBundle } from '../../api/werfbundle.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { binariesOfThisRun } from '../kit/cluster.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { runWerfbundle } from '../kit/run-werfbundle.js';

// The commands that change bundles, as a user runs them, with webhook and controller at work.

const fixture = await startDeployFixture(t);
const { cluster, client, registryHost, signal } = fixture;
await fixture.makeNamespace('demo');
await fixture.startWebhook();
await fixture.startController();

const run = (args: readonly string[], onOutput?: Parameters<typeof runWerfbundle>[1]['onOutput']) =>
  runWerfbundle(args, {
    kubeconfig: cluster.kubeconfig,
    cwd: cluster.dir,
    ...(onOutput !== undefined && { onOutput }),
  });
const manifest = (name: string, registry: object, more: object = {}) => ({
  apiVersion: API_VERSION,
  kind: KIND as typeof KIND,
  metadata: { name, namespace: 'demo' },
  spec: {
    registry: { url: `${registryHost}/demo/${name}`, insecure: true, ...registry },
    converge: { serviceAccountName: 'werf-converge' },
    ...more,
  },
});
const publish = (name: string, tag: string, behaviour?: string) =>
  fixture.publish({ repository: `demo/${name}`, tag, ...(behaviour !== undefined && { behaviour }) });
const make = (name: string, registry: object) => client.create(WERFBUNDLES, manifest(name, registry), signal);
const stored = async (name: string): Promise<StoredBundle> => {
  const bundle = await client.get(WERFBUNDLES, { namespace: 'demo', name }, signal);
  if (bundle === undefined) throw new Error(`${name} is not there`);
  return bundle;
};
const until = (name: string, isSo: (bundle: StoredBundle) => boolean) => eventually(() => stored(name), isSo, 60_000);
const synced = (name: string, tag: string) =>
  until(name, ({ status }) => status?.phase === 'Synced' && status.lastAppliedTag === tag);

t.test('reconcile --wait shows what happens until what was asked for is deployed, or has failed', async (t) => {
  await publish('shop', 'v1.0.0');
  await make('shop', { versionConstraint: '>=1.0.0' });
  await synced('shop', 'v1.0.0');
  // Slow, so that the deployment goes on when the command begins to watch, be the machine ever so busy.
  await publish('shop', 'v1.1.0', 'slow: 3');
  const { code, stdout, stderr } = await run(['reconcile', 'shop', '-n', 'demo', '--wait']);
  t.strictSame([code, stderr], [0, '']);
  t.match(
    stdout,
    /^werfbundle\.werf\.io\/shop reconcile requested\n(?:shop: .*\n)*shop: Syncing: deploying v1\.1\.0 \(NewTag\)\n(?:shop: .*\n)*shop: Synced: deployed v1\.1\.0 to namespace demo\n$/,
  );

  const { number } = (await stored('shop')).status?.deployment ?? {};
  const forced = await run(['reconcile', 'wb/shop', '-n', 'demo', '--force', '--wait', '--timeout', '60s']);
  t.strictSame([forced.code, forced.stderr], [0, '']);
  t.match(forced.stdout, /^werfbundle\.werf\.io\/shop deployment requested\n/);
  const again = (await stored('shop')).status;
  t.match(again, { lastAppliedTag: 'v1.1.0', deployment: { number: (number ?? 0) + 1, reason: 'Requested' } });

  await publish('shop', 'v1.2.0', 'fail');
  const failed = await run(['reconcile', 'shop', '-n', 'demo', '--wait', '-o', 'name']);
  t.strictSame(
    [failed.code, failed.stdout],
    [1, 'werfbundle.werf.io/shop\n'],
    'for programs, stdout has the name alone',
  );
  t.match(
    failed.stderr,
    /^(?:shop: .*\n)*werfbundle: demo\/shop: pod failed with exit code 1.*\nwerfbundle: its log: werfbundle logs shop -n demo --number \d+; what to do: werfbundle doctor shop -n demo\n$/,
  );
});

t.test('the time to wait is over, or Ctrl-C: only the waiting ends, and that is said', async (t) => {
  await publish('slow', 'v1.0.0', 'slow: 8');
  await make('slow', { tag: 'v1.0.0' });
  const late = await run(['reconcile', 'slow', '-n', 'demo', '--wait', '--timeout', '2s']);
  t.equal(late.code, 1);
  t.match(late.stderr, /^werfbundle: demo\/slow: not done within 2s; its status says: /);
  const left = await run(['reconcile', 'slow', '-n', 'demo', '--wait'], (stdout, interrupt) => {
    if (/^slow: /m.test(stdout)) interrupt();
  });
  t.strictSame(
    [left.code, left.stderr],
    [130, 'werfbundle: stopped waiting; what was asked for goes on in the cluster\n'],
  );
  await synced('slow', 'v1.0.0');
});

t.test('--failed lets polling begin again for all that are Failed', async (t) => {
  await publish('gone', 'v1.0.0');
  await make('gone', { versionConstraint: '>=9' });
  await until('gone', ({ status }) => status?.phase === 'Failed');
  await publish('gone', 'v9.0.0');
  const { code, stdout } = await run(['reconcile', '--failed', '-A', '--wait']);
  t.match(stdout, /^werfbundle\.werf\.io\/gone reconcile requested\n/);
  t.match(stdout, /\ngone: Synced: deployed v9\.0\.0 to namespace demo\n/);
  t.equal(code, 1, 'shop, whose newest tag fails, is Failed still');
  const none = await run(['reconcile', '--failed', '-n', 'default']);
  t.strictSame([none.code, none.stderr], [0, 'No bundle is Failed: nothing was done.\n']);
});

t.test('suspend says who puts it back, and what goes on; resume what comes next', async (t) => {
  const flux = manifest('flux', { tag: 'v1.0.0' }, { suspend: false });
  Object.assign(flux.metadata, {
    labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' },
  });
  await publish('flux', 'v1.0.0', 'slow: 4');
  const apply = (object: object, manager: string) =>
    cluster.kubectl(['apply', '--server-side', '--field-manager', manager, '-f', '-'], JSON.stringify(object));
  t.match(await apply(flux, 'kustomize-controller'), { code: 0 });
  await until(
    'flux',
    ({ status }) =>
      status?.activeJobName !== undefined &&
      status.conditions?.find(({ type }) => type === 'Ready')?.reason === 'Deploying',
  );
  const { code, stdout, stderr } = await run(['suspend', 'flux', '-n', 'demo']);
  t.strictSame([code, stdout], [0, 'werfbundle.werf.io/flux suspended\n']);
  t.match(stderr, /^flux: Job \S+, which deploys v1\.0\.0, runs on to its end/m);
  t.match(
    stderr,
    /^flux: Kustomization flux-system\/apps \(Flux\) sets spec\.suspend, and puts it back at its next reconcile\. To keep it, set spec\.suspend: true where its manifest is kept; or suspend the Kustomization: flux suspend kustomization apps -n flux-system\n/,
  );
  t.match(
    await apply(flux, 'kustomize-controller'),
    { code: 1, stderr: /conflict/ },
    'so it is: Flux, which forces, takes it away',
  );
  const again = await run(['suspend', 'flux', '-n', 'demo', '-o', 'name']);
  t.strictSame([again.code, again.stdout, again.stderr], [0, 'werfbundle.werf.io/flux\n', ''], 'twice is no failure');
  const asked = await run(['reconcile', 'flux', '-n', 'demo', '--wait']);
  t.equal(asked.code, 1);
  t.match(
    asked.stderr,
    /werfbundle: demo\/flux: suspended; .*\nwerfbundle: to end the suspension: werfbundle resume flux -n demo\n$/,
  );
  const resumed = await run(['resume', 'flux', '-n', 'demo']);
  t.strictSame([resumed.code, resumed.stdout], [0, 'werfbundle.werf.io/flux resumed\n']);
  t.match(resumed.stderr, /^flux: (the registry|deploy)/m);

  const argo = manifest('argo', { tag: 'v1.0.0' });
  Object.assign(argo.metadata, {
    annotations: { 'argocd.argoproj.io/tracking-id': 'web:werf.io/WerfBundle:demo/argo' },
  });
  await publish('argo', 'v1.0.0');
  const clientSide = ['apply', '--field-manager', 'argocd-controller', '-f', '-'];
  t.match(await cluster.kubectl(clientSide, JSON.stringify(argo)), { code: 0 });
  const open = await run(['suspend', 'argo', '-n', 'demo']);
  t.match(
    open.stderr,
    /Application web \(Argo CD\) manages this bundle and leaves spec\.suspend open: the change stays, and git does not show it/,
  );
});

t.test('rollback --pin pins the last other tag that worked, and says how to follow the registry again', async (t) => {
  await publish('web', 'v1.0.0');
  await make('web', { versionConstraint: '1.x' });
  await synced('web', 'v1.0.0');
  const nothing = await run(['rollback', 'web', '-n', 'demo']);
  t.strictSame(
    [nothing.code, nothing.stderr],
    [
      1,
      'werfbundle: demo/web: there is nothing to go back to: status.history has no other tag than v1.0.0; --to names any tag of the registry\n',
    ],
  );
  await publish('web', 'v1.1.0');
  await run(['reconcile', 'web', '-n', 'demo', '--wait']);
  await synced('web', 'v1.1.0');
  const refused = await run(['rollback', 'web', '-n', 'demo', '--pin', '--to', 'no tag!', '--dry-run']);
  t.equal(refused.code, 1);
  t.match(refused.stderr, /it is refused, and nothing was changed:\n\* spec\.registry\.tag: Invalid value: "no tag!"/);
  const before = await stored('web');
  const dry = await run(['rollback', 'web', '-n', 'demo', '--pin', '--dry-run']);
  t.equal(dry.code, 0);
  t.match(
    dry.stdout,
    /^werfbundle\.werf\.io\/web rolled back to v1\.0\.0 \(server dry run\)\n\{.*"spec":\{"registry":\{"tag":"v1\.0\.0","versionConstraint":null\}\}\}\n$/,
  );
  t.strictSame((await stored('web')).spec, before.spec);

  const { code, stdout, stderr } = await run(['rollback', 'web', '-n', 'demo', '--pin', '--wait']);
  t.equal(code, 0);
  t.match(stdout, /^werfbundle\.werf\.io\/web rolled back to v1\.0\.0\n/);
  t.match(stderr, / {2}registry:\n {5}url: .*\n- {4}versionConstraint: 1\.x\n\+ {4}tag: v1\.0\.0\n/);
  t.match(await stored('web'), { status: { lastAppliedTag: 'v1.0.0', deployment: { reason: 'Downgrade' } } });
  const [, command = ''] = /registry again:\n {2}(kubectl .*)\n/.exec(stderr) ?? [];
  const { kubectl } = await binariesOfThisRun();
  await promisify(execFile)('/bin/bash', ['-c', command.replace(/^kubectl/, kubectl)], {
    env: { KUBECONFIG: cluster.kubeconfig, HOME: cluster.dir },
  });
  await synced('web', 'v1.1.0');

  const nowhere = ['rollback', 'web', '-n', 'demo', '--to', 'v9.9.9'];
  const told = await run([...nowhere, '--dry-run']);
  t.strictSame([told.code, told.stdout], [1, '']);
  const found = await run([...nowhere, '--wait']);
  t.strictSame(found, told, 'with or without --dry-run');
  t.match(
    told.stderr,
    /^werfbundle: demo\/web: tag "v9\.9\.9" does not exist in .*; the highest tags are v1\.1\.0, v1\.0\.0\n$/,
  );
  t.match((await stored('web')).spec.registry, { versionConstraint: '1.x' }, 'nothing was changed');
});

t.test('a rollback by annotation stays, over polls and what is applied, until release-hold', async (t) => {
  const before = await stored('web');
  const refused = await run(['rollback', 'web', '-n', 'demo', '--to', 'no tag!', '--dry-run']);
  t.match(
    refused.stderr,
    /\* metadata\.annotations\[werf\.io\/rollback-to\]: Invalid value: "no tag!": a tag is needed/,
  );
  const { code, stdout } = await run(['rollback', 'web', '-n', 'demo', '--wait']);
  t.equal(code, 0);
  t.match(stdout, /^werfbundle\.werf\.io\/web rolled back to v1\.0\.0\n/);
  const held = await stored('web');
  t.strictSame([held.spec, held.metadata.generation], [before.spec, before.metadata.generation], 'git sees no drift');
  t.match(held.status, { lastAppliedTag: 'v1.0.0', rollbackTo: 'v1.0.0', deployment: { reason: 'Rollback' } });
  const seen = await cluster.kubectl(['get', 'wb', 'web', '-n', 'demo']);
  t.match(seen.stdout, /rolled back to v1\.0\.0 by a person, and deployed to namespace demo; it stays until/);
  const manifest = {
    apiVersion: held.apiVersion,
    kind: held.kind,
    metadata: { name: 'web', namespace: 'demo' },
    spec: held.spec,
  };
  for (const flags of [[], ['--server-side', '--force-conflicts', '--field-manager=kustomize-controller']])
    t.match(await cluster.kubectl(['apply', ...flags, '-f', '-'], JSON.stringify(manifest)), { code: 0 });
  const constrain = (versionConstraint: string) =>
    cluster.kubectl([
      'patch',
      'wb',
      'web',
      '-n',
      'demo',
      '--type=merge',
      '-p',
      JSON.stringify({ spec: { registry: { versionConstraint } } }),
    ]);
  t.match(
    (await constrain('>=1.0.0')).stderr,
    /^Warning: spec\.registry: versionConstraint ">=1\.0\.0" has no effect until/,
  );
  t.match(await constrain('1.x'), { code: 0 });
  await publish('web', 'v1.2.0');
  t.match(await run(['reconcile', 'web', '-n', 'demo', '--wait']), { code: 0 });
  t.match(await stored('web'), { status: { lastAppliedTag: 'v1.0.0', deployment: { reason: 'Rollback' } } });
  t.match(await run(['release-hold', 'web', '-n', 'demo', '--wait']), { code: 0 });
  await synced('web', 'v1.2.0');
  const nothing = await run(['release-hold', 'web', '-n', 'demo']);
  t.strictSame([nothing.code, nothing.stderr], [1, 'werfbundle: demo/web: nothing is held\n']);
});

t.test('what init prints is admitted, and deployed as it is', async (t) => {
  await publish('fresh', 'v1.0.0');
  await cluster.kubectl(['create', 'namespace', 'fresh']);
  const wish = ['--registry', `${registryHost}/demo/fresh`, '--insecure', '--tag', 'v1.0.0'];
  for (const [target, ...where] of [['fresh'], ['fresh-production', '-n', 'demo']] as const) {
    const printed = await run(['init', 'fresh', '--target', target, ...where, ...wish]);
    t.equal(printed.code, 0);
    const applied = await cluster.kubectl(['apply', '-f', '-'], printed.stdout);
    t.equal(applied.code, 0, applied.stderr);
    const done = await run(['reconcile', 'fresh', '-n', where[1] ?? target, '--wait', '--timeout', '60s']);
    t.match(done, { code: 0, stdout: new RegExp(`deployed v1.0.0 to namespace ${target}\n$`) });
  }
});

t.test('names of the cluster are completed, in bash and by kubectl', async (t) => {
  const bin = join(cluster.dir, 'bin');
  await mkdir(bin);
  const program = join(import.meta.dirname, '..', '..', 'dist', 'werfbundle.js');
  const script = `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`;
  const kubectlScript = (await run(['completion', 'kubectl'])).stdout;
  for (const [name, text] of [
    ['werfbundle', script],
    ['kubectl-werfbundle', script],
    ['kubectl_complete-werfbundle', kubectlScript],
  ] as const) {
    await writeFile(join(bin, name), text);
    await chmod(join(bin, name), 0o755);
  }
  const env = { PATH: `${bin}:${process.env['PATH']}`, HOME: cluster.dir, KUBECONFIG: cluster.kubeconfig };
  const { kubectl } = await binariesOfThisRun();
  const asked = await promisify(execFile)(kubectl, ['__complete', 'werfbundle', 'resume', '-n', 'demo', 'sl'], { env });
  t.equal(asked.stdout, 'slow\tSynced v1.0.0\n:4\n');
  const inBash = async (line: string) => {
    const words = line.split(' ');
    const array = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}`;
    const lines = `source <(werfbundle completion bash); ${array}; __werfbundle_complete; printf '%s\n' "\${COMPREPLY[@]}"`;
    return (await promisify(execFile)('/bin/bash', ['-c', lines], { env })).stdout.trim().split('\n');
  };
  t.strictSame(await inBash('werfbundle rollback -n demo s'), ['shop', 'slow']);
  t.strictSame(
    await inBash('werfbundle suspend shop -n demo wb/s'),
    ['wb/slow'],
    'what stands there is not offered again',
  );
  t.strictSame(await inBash('werfbundle get -n de'), ['default', 'demo']);
  const contexts = (await cluster.kubectl(['config', 'get-contexts', '-o', 'name'])).stdout.trim().split('\n');
  t.strictSame(await inBash('werfbundle get --context '), contexts);
});
