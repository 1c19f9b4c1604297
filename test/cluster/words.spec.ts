import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { canary } from '../kit/canary.js';
import { eventually } from '../kit/eventually.js';
import { bundle, startWebhookFixture } from '../kit/webhook-fixture.js';

// What somebody who applies is told: a rollback by hand sets a field that git does not have, and what a GitOps tool applies next is merged
// with it; what is warned of, and when.

const { cluster, kubectl, must, startWebhook } = await startWebhookFixture(t);
await must(['create', 'serviceaccount', 'werf-converge', '-n', 'ops']);
await startWebhook();

const url = 'ghcr.io/acme/shop';
const converge = { serviceAccountName: 'werf-converge' };
const ranged = (name: string, versionConstraint: string) =>
  bundle(name, { registry: { url, versionConstraint }, converge });
const admitted = await eventually(
  () => kubectl(['apply', '--dry-run=server', '-f', '-'], [ranged('probe', '1.x')]),
  ({ code }) => code === 0,
);
t.equal(admitted.code, 0, admitted.stderr);

const rollBack = (name: string) => {
  const patch = { spec: { registry: { tag: 'v1.0.0', versionConstraint: null } } };
  return must(['patch', 'wb', name, '-n', 'ops', '--type', 'merge', '-p', JSON.stringify(patch)]);
};

/** Runs the command that a message ends with, its words as a shell reads them. */
const runAdvised = async (message: string): Promise<string> => {
  const [command = ''] = /kubectl patch .*$/m.exec(message) ?? [];
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command.replace(/^kubectl/, "printf '%s\\0'")]);
  return await must(stdout.split('\0').slice(0, -1));
};

const registryOf = async (name: string): Promise<unknown> =>
  JSON.parse(await must(['get', 'wb', name, '-n', 'ops', '-o', 'json'])).spec.registry;

const ways: readonly { title: string; name: string; flags: readonly string[] }[] = [
  { title: 'client-side', name: 'client', flags: [] },
  { title: 'server-side, by another manager', name: 'server', flags: ['--server-side', '--field-manager=flux'] },
  {
    title: 'server-side with force',
    name: 'forced',
    flags: ['--server-side', '--field-manager=argocd-controller', '--force-conflicts'],
  },
];

for (const { title, name, flags } of ways) {
  t.test(`after a rollback by hand, what is applied ${title} is refused with the patch that helps`, async (t) => {
    const apply = (constraint: string) => kubectl(['apply', ...flags, '-f', '-'], [ranged(name, constraint)]);
    t.equal((await apply('1.x')).code, 0);
    await rollBack(name);
    const refused = await apply('>=1.0.0 <2.0.0');
    t.equal(refused.code, 1);
    t.match(
      refused.stderr,
      `which excludes versionConstraint; remove one or the other; tag stands on the live object already, set by "kubectl-patch"; if not in what you apply, this takes it away: kubectl patch wb ${name} -n ops --type merge -p '{"spec":{"registry":{"tag":null,"versionConstraint":">=1.0.0 <2.0.0"}}}'`,
    );
    t.match(await runAdvised(refused.stderr), `${name} patched`);
    const again = await apply('>=1.0.0 <2.0.0');
    t.equal(again.code, 0, again.stderr);
    t.match(await registryOf(name), { versionConstraint: '>=1.0.0 <2.0.0', tag: undefined });
  });
}

t.test('somebody who pins a tag beside a constraint gets both changed at once', async (t) => {
  await must(['apply', '--server-side', '--field-manager=flux', '-f', '-'], [ranged('pinned', '1.x')]);
  const pin = JSON.stringify({ spec: { registry: { tag: 'v1.0.0' } } });
  const refused = await kubectl(['patch', 'wb', 'pinned', '-n', 'ops', '--type', 'merge', '-p', pin]);
  t.equal(refused.code, 1);
  t.match(refused.stderr, 'versionConstraint stands on the live object already, set by "flux"');
  await runAdvised(refused.stderr);
  t.match(await registryOf('pinned'), { tag: 'v1.0.0', versionConstraint: undefined });
});

t.test('a manifest that has both itself is refused without a word of the live object', async (t) => {
  const both = bundle('both', { registry: { url, tag: 'v1.0.0', versionConstraint: '1.x' }, converge });
  const { stderr } = await kubectl(['apply', '-f', '-'], [both]);
  t.match(stderr, 'remove one or the other');
  t.notMatch(stderr, 'live object');
});

const SAMPLES = join(import.meta.dirname, '..', '..', 'manifests', 'samples');

t.test('a warning is given when its cause begins, and not with each apply or patch', async (t) => {
  const apply = async (registry: object, more: object = { converge }) => {
    const { code, stderr } = await kubectl(
      ['apply', '-f', '-'],
      [bundle('warned', { registry: { url, ...registry }, ...more })],
    );
    t.equal(code, 0);
    return stderr;
  };
  const plain = { tag: 'v1.0.0', insecure: true };
  t.match(await apply(plain), 'Warning: spec.registry.insecure: plain HTTP');
  t.equal(await apply({ ...plain, pollInterval: '5m' }), '');
  const patch = JSON.stringify({ spec: { suspend: true } });
  t.equal((await kubectl(['patch', 'wb', 'warned', '-n', 'ops', '--type', 'merge', '-p', patch])).stderr, '');
  t.match(await apply({ insecure: true }), /^Warning: spec\.registry: no versionConstraint and no tag/);
  t.equal(await apply({ insecure: true, pollInterval: '10m' }), '');
  t.match(
    await apply({ insecure: true, tagPattern: '^main-(\\d+)$' }),
    /^Warning: spec\.registry\.tagPattern: [^\n]*\n$/,
  );
  t.match(
    await apply({ insecure: true, tagPattern: '^main-(\\d+)$' }, {}),
    /^Warning: spec\.converge\.serviceAccountName: none is named: the Job runs as ServiceAccount default of namespace ops/,
  );
  t.equal(await apply({ insecure: true, tagPattern: '^main-(\\d{1,9})$' }, {}), '');
});

t.test('the samples are applied as README.md says, without a warning', async (t) => {
  const samples = await must(['kustomize', SAMPLES]);
  const password = canary('sample');
  const auth = Buffer.from(`robot:${password}`).toString('base64');
  const marked = samples.replaceAll('change-me', password).replaceAll('cm9ib3Q6Y2hhbmdlLW1l', auth);
  const applied = await cluster.kubectl(['apply', '-f', '-'], marked);
  t.same([applied.code, applied.stderr], [0, '']);
  t.match(applied.stdout, 'werfbundle.werf.io/hello created');
});
