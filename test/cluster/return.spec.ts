import t, { type Test } from 'tap';
import { WERFBUNDLES } from '../../kube/resources.js';
import { type Given, outcomeOf, playAll, readyOf, scenarioIn, TIME_SCALE, told } from '../kit/bundle-scenario.js';
import { canary } from '../kit/canary.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { recordWatch } from '../kit/record-watch.js';
import { runWerfbundle } from '../kit/run-werfbundle.js';
import { configMap, secret } from '../kit/values-objects.js';

const RETURNS = { onFailure: 'Return' } as const;

/** A bad release at night: what was good is back without a person, and stays until one decides, or a better version comes. */
const returnsByItself = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'returning');
  const { fixture } = scenario;
  const publish = (tag: string, behaviour?: string, files = {}) =>
    fixture.publish({ repository: 'acme/returning', tag, files, ...(behaviour !== undefined && { behaviour }) });
  await publish('v1.0.0');
  await scenario.apply(configMap('app-config', 'replicas: 2'));
  const converge = { ...RETURNS, valuesFrom: [{ configMapRef: { name: 'app-config' } }] };
  await scenario.applyBundle('app', scenario.spec('acme/returning', converge, { versionConstraint: '1.x' }));
  const good = await scenario.synced('app', 'v1.0.0');

  const bad = await publish('v1.1.0', 'fail');
  const returned = await scenario.until('app', 'returned', told('Returned'));
  t.match(outcomeOf(returned), {
    phase: 'Failed',
    number: 3,
    reason: 'Return',
    history: ['3 v1.0.0 Succeeded', '2 v1.1.0 Failed', '1 v1.0.0 Succeeded'],
  });
  t.match(returned, {
    lastAppliedTag: 'v1.0.0',
    lastAppliedDigest: good.lastAppliedDigest,
    holds: [
      {
        tag: 'v1.1.0',
        digest: bad.digest,
        number: 2,
        good: { tag: 'v1.0.0', digest: good.lastAppliedDigest, checksum: good.appliedChecksum },
      },
    ],
  });
  t.match(readyOf(returned), {
    status: 'False',
    message:
      /^v1\.1\.0 failed, and v1\.0\.0 is deployed again; the controller holds v1\.1\.0 \(onFailure: Return\) until the registry offers another digest, or a person lets it go, which tries it again: kubectl annotate wb app -n returning --overwrite werf\.io\/release-hold-requested-at="\$\(date\)"; it failed with: /,
  });
  t.match(
    returned.conditions?.find(({ type }) => type === 'Held'),
    { status: 'True', reason: 'Returned' },
  );

  const before = await scenario.bundle('app');
  await scenario.morePolls('acme/returning', 3);
  t.same(await scenario.bundle('app'), before, 'no poll undoes it, nor writes anything');

  await scenario.apply(configMap('app-config', 'replicas: 3'));
  const rotated = await scenario.until(
    'app',
    'other values of what is deployed',
    (status) => status.history?.[0]?.number === 4 && told('Returned')(status),
  );
  t.match(rotated, { lastAppliedTag: 'v1.0.0', deployment: { reason: 'NewValues' }, holds: [{ tag: 'v1.1.0' }] });

  await scenario.kubectl('annotate', 'wb', 'app', 'werf.io/release-hold-requested-at=now');
  const again = await scenario.until('app', 'tried again', ({ deployment }) => deployment?.number === 5);
  t.match(again, { lastHandledHoldRelease: 'now', deployment: { tag: 'v1.1.0', reason: 'NewTag' } });
  await scenario.until(
    'app',
    'returned again',
    (status) => status.history?.[0]?.number === 6 && told('Returned')(status),
  );

  await publish('v1.1.0', undefined, { 'templates/mended.yaml': '{}' });
  const mended = await scenario.synced('app', 'v1.1.0', 7);
  t.same([mended.holds, mended.conditions?.some(({ type }) => type === 'Held')], [undefined, false]);
  t.same(
    (await scenario.eventsOf('app')).filter((reason) => /Return|Hold|Failed/.test(reason)),
    [
      'DeployFailed',
      'DeployFailed',
      'HoldReleased',
      'HoldReleased',
      'Returned',
      'Returned',
      'Returned',
      'Returning',
      'Returning',
    ],
  );
};

/** werf takes a tag only: what was deployed by a tag that has moved since can't be deployed again. */
const saysThatItCannot = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'returning-moved');
  const publish = (files: Readonly<Record<string, string>>, behaviour?: string) =>
    scenario.fixture.publish({
      repository: 'acme/returning-moved',
      tag: 'stable',
      files,
      ...(behaviour !== undefined && { behaviour }),
    });
  await publish({});
  await scenario.applyBundle('app', scenario.spec('acme/returning-moved', RETURNS, { tag: 'stable' }));
  await scenario.synced('app', 'stable');
  await publish({ 'templates/bad.yaml': '{}' }, 'fail');
  const failed = await scenario.until('app', 'not returned', ({ notReturned }) => notReturned !== undefined);
  t.match(outcomeOf(failed), { phase: 'Failed', number: 2, history: ['2 stable Failed', '1 stable Succeeded'] });
  t.match(readyOf(failed), {
    reason: 'DeployFailed',
    message:
      /; not returned to stable: tag stable was published again, and werf can deploy a tag only, not the digest that it had$/,
  });
  await scenario.morePolls('acme/returning-moved', 2);
  t.equal((await scenario.bundle('app'))?.status?.deployment?.number, 2, 'and nothing more is tried');
};

/** A person who names what is held tries it; let go, the registry's choice of the same is tried before it is returned from. */
const triesAgainWhenLetGo = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'returning-named');
  const publish = (tag: string, behaviour?: string) =>
    scenario.fixture.publish({
      repository: 'acme/returning-named',
      tag,
      ...(behaviour !== undefined && { behaviour }),
    });
  await publish('v1.0.0');
  await scenario.applyBundle('app', scenario.spec('acme/returning-named', RETURNS, { versionConstraint: '1.x' }));
  await scenario.synced('app', 'v1.0.0');
  await publish('v1.1.0', 'fail');
  await scenario.until('app', 'returned', told('Returned'));
  await scenario.kubectl('annotate', 'wb', 'app', 'werf.io/rollback-to=v1.1.0');
  await scenario.until(
    'app',
    'what a person has named failed',
    (status) => status.history?.[0]?.number === 4 && told('DeployFailed')(status),
  );
  await scenario.kubectl('annotate', 'wb', 'app', 'werf.io/rollback-to-');
  const returned = await scenario.until(
    'app',
    'returned once more',
    (status) => status.history?.[0]?.number === 6 && told('Returned')(status),
  );
  t.same(returned.history?.map(({ tag, reason, result }) => `${tag} ${reason} ${result}`).toReversed(), [
    'v1.0.0 NewTag Succeeded',
    'v1.1.0 NewTag Failed',
    'v1.0.0 Return Succeeded',
    'v1.1.0 Rollback Failed',
    'v1.1.0 NewTag Failed',
    'v1.0.0 Return Succeeded',
  ]);
};

/** The values that break a deployment are gone by themselves, with all that came from Secrets; mended ones are tried at once. */
const returnsToValues = async (t: Test, given: Given): Promise<void> => {
  const scenario = await scenarioIn(given, 'returning-values');
  const { fixture, namespace } = scenario;
  const behaviour = 'print-values, fail-if: broken';
  await fixture.publish({ repository: 'acme/returning-values', tag: 'v1.0.0', behaviour });
  const passwords = { before: canary('before'), after: canary('after') };
  const database = (password: string, more = '') =>
    secret('database', { 'values.yaml': `password: ${password}\n${more}` });
  await scenario.apply(database(passwords.before));
  const valuesFrom = [{ secretRef: { name: 'database' } }];
  await scenario.applyBundle(
    'app',
    scenario.spec('acme/returning-values', { ...RETURNS, valuesFrom }, { tag: 'v1.0.0' }),
  );
  const good = await scenario.synced('app', 'v1.0.0');
  t.match(good.kept, { number: 1, namespace, name: /^app-kept-[0-9a-f]{8}$/ });

  await scenario.apply(database(passwords.after, 'broken: true\n'));
  const returned = await scenario.until('app', 'returned', told('Returned'));
  t.match(outcomeOf(returned), {
    phase: 'Failed',
    number: 3,
    reason: 'Return',
    history: ['3 v1.0.0 Succeeded', '2 v1.0.0 Failed', '1 v1.0.0 Succeeded'],
  });
  t.match(returned, {
    appliedChecksum: good.appliedChecksum,
    holds: [{ tag: 'v1.0.0', digest: good.lastAppliedDigest, number: 2, good: { number: 1 } }],
  });
  t.match(
    readyOf(returned)?.message,
    /^v1\.0\.0 failed, and v1\.0\.0 is deployed again: what is deployed has the values and the spec of deployment 1, not the present ones; the controller holds the present values, or the present spec, of v1\.0\.0 \(onFailure: Return\) until they change, or a person lets them go, which tries them again: kubectl annotate wb app /,
  );
  const shown = await scenario.kubectl(
    'get',
    'wb',
    'app',
    '-o',
    'jsonpath={.status.conditions[?(@.type=="Held")].message}',
  );
  t.match(
    shown.stdout,
    /^the controller holds the present values, or the present spec, of v1\.0\.0 \(onFailure: Return\) until they change/,
  );
  const log = await scenario.kubectl('logs', `job/${returned.deployment?.jobName}`, '-c', 'werf');
  t.match(log.stdout, passwords.before, 'werf was given the old values');
  t.match(returned.lastJobLogs, /: \*\*\*\n/, 'and the status shows nothing of them');

  const before = await scenario.bundle('app');
  await scenario.morePolls('acme/returning-values', 3);
  t.same(await scenario.bundle('app'), before, 'no poll undoes it, nor writes anything');

  const { kubeconfig, dir: cwd } = fixture.cluster;
  const says = async (...args: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await runWerfbundle([...args, 'app', '-n', namespace], { kubeconfig, cwd });
    return `${stdout}${stderr}`.replace(/\s+/g, ' ');
  };
  t.match(
    await says('doctor'),
    /holds the present values, or the present spec, of v1\.0\.0 .*; the values and the spec of deployment 1 are deployed in their place\. .*; mend the values \(Secret database\), or the spec; /,
  );
  t.match(
    await says('explain', '--no-registry'),
    'these are the present ones, and are not deployed: deployment 2 failed',
  );
  t.match(await says('diff'), 'The plan compares them with what is deployed, which has those of deployment 1; ');

  await scenario.apply(database(passwords.after));
  const mended = await scenario.synced('app', 'v1.0.0', 4);
  t.match(mended, { deployment: { reason: 'NewValues' }, kept: { number: 4 } });
  t.same([mended.holds, mended.presentChecksum], [undefined, undefined]);
  const mine = await scenario.kubectl('get', 'secret', '-l', 'werf.io/secret-kind=kept', '-o', 'name');
  t.equal(mine.stdout, `secret/${good.kept?.name}\n`, 'one for each bundle');
  await scenario.patch('app', { spec: { converge: { onFailure: 'Stay' } } });
  await scenario.until('app', 'keeps nothing', ({ kept }) => kept === undefined);
  const none = await scenario.kubectl('get', 'secret', '-l', 'werf.io/secret-kind=kept', '-o', 'name');
  t.equal(none.stdout, '');
};

t.test('onFailure: Return on a real control plane', async (t) => {
  const fixture = await startDeployFixture(t);
  const states = await recordWatch(t, fixture, WERFBUNDLES);
  const controller = await fixture.startController({ timeScale: TIME_SCALE });
  const given: Given = { fixture, states, controller };
  t.jobs = 2;
  await playAll(t, given, {
    'what failed is returned from and held, over polls, until it is let go or mended': returnsByItself,
    'values that break a deployment are returned from, and held until they are mended': returnsToValues,
    'a tag that has moved can not be returned to, and the status says so': saysThatItCannot,
    'what a person has tried by a rollback is tried once more when it is let go, and then returned from':
      triesAgainWhenLetGo,
  });
});
