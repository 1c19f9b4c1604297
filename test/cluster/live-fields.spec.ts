import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { eventually } from '../kit/eventually.js';
import { bundle, startWebhookFixture } from '../kit/webhook-fixture.js';

// A rollback by hand sets a field that git does not have. What a GitOps tool applies next is merged with it, and refused.

const { kubectl, must, startWebhook } = await startWebhookFixture(t);
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
