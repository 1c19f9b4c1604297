import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parseAllDocuments } from 'yaml';
import { valueAt } from '../../api/json-map.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { OPERATOR_NAMESPACE } from '../../playground/operator.js';
import { eventually } from '../kit/eventually.js';
import type { Manifest } from '../kit/raw-api.js';
import { startWebhookProgram } from '../kit/webhook-program.js';
import { type GitOpsFixture, startGitOpsFixture, versionsOf } from './gitops-fixture.js';
import { Kustomization } from './kustomization.js';
import { generatedFrom, valuesIn } from './shop.js';
import { toolsOfThisRun } from './tools.js';

const MANIFESTS = join(import.meta.dirname, '..', '..', 'manifests');
const fixture: GitOpsFixture = await startGitOpsFixture(t);
const { api, must } = fixture;

/** A Kustomization of its own on a repository of its own. */
const kustomized = async (
  name: string,
  more: { readonly wait?: boolean; readonly timeout?: string; readonly spec?: object } = {},
) => {
  const repository = await fixture.repository(name);
  const { kubeconfig, dir } = fixture.cluster;
  const kustomization = new Kustomization({ name, repository, kubeconfig, dir: join(dir, 'flux'), ...more });
  return { repository, kustomization };
};

const isSynced =
  (tag = 'v1.0.0', number?: number) =>
  (seen: StoredBundle | undefined): boolean =>
    seen?.status?.phase === 'Synced' &&
    seen.status.lastAppliedTag === tag &&
    (number === undefined || seen.status.deployment?.number === number);

/** Exactly this tag. */
const pinned = (tag: string) => ({ tag, versionConstraint: undefined });

/** Nothing was to be done. */
const UNCHANGED = { ready: 'True', changes: null, message: /^Applied revision: / };

const isGone = (seen: StoredBundle | undefined): boolean => seen === undefined;

/** A shop whose first commit is deployed. */
const deployed = async (t: Test, name: string, wish: Parameters<GitOpsFixture['shop']>[1] = {}) => {
  const made = await kustomized(name);
  const shop = fixture.shop(name, wish);
  await fixture.publish({ repository: `acme/${name}`, tag: 'v1.0.0' });
  await made.repository.commit({ 'shop.yaml': shop.all });
  t.match(await made.kustomization.reconcile(), { ready: 'True' });
  return { ...made, shop };
};

const bringsAllInOneCommit = async (t: Test): Promise<void> => {
  const { repository, kustomization } = await kustomized('first');
  const shop = fixture.shop('first');
  await fixture.publish({ repository: 'acme/first', tag: 'v1.0.0', behaviour: 'slow: 3' });
  await repository.commit({ 'shop.yaml': shop.all });

  const first = await kustomization.reconcile();
  t.ok(isSynced()(await fixture.bundle('first')), 'it is deployed as soon as Flux says so');
  t.match(first, { ready: 'True', reason: 'ReconciliationSucceeded', message: /^Applied revision: main@sha1:/ });
  t.same(first.changes, [
    'Namespace/first created',
    'ServiceAccount/first/werf-converge created',
    'Role/first/werf-converge created',
    'RoleBinding/first/werf-converge created',
    'ConfigMap/first/shop-values created',
    'Secret/first/shop-keys created',
    'WerfBundle/first/shop created',
  ]);

  const watched = [shop.bundle, shop.configMap, shop.secret];
  const before = await versionsOf(api, watched);
  for (let round = 1; round <= 10; round += 1)
    t.match(await kustomization.reconcile(), UNCHANGED, `round ${round} changes nothing`);
  t.same(await versionsOf(api, watched), before);

  await fixture.publish({ repository: 'acme/first', tag: 'v1.1.0', behaviour: 'slow: 3' });
  await repository.commit({ 'shop.yaml': fixture.shop('first', { registry: pinned('v1.1.0') }).all });
  const next = await kustomization.reconcile();
  t.ok(isSynced('v1.1.0')(await fixture.bundle('first')), 'a new tag in git is waited for, too');
  t.match(next, { ready: 'True', changes: ['WerfBundle/first/shop configured'] });
};

const saysWhatFailed = async (t: Test): Promise<void> => {
  const { repository, kustomization } = await kustomized('failing');
  await fixture.publish({ repository: 'acme/failing', tag: 'v1.0.0', behaviour: 'fail' });
  await repository.commit({ 'shop.yaml': fixture.shop('failing').all });
  t.match(await kustomization.reconcile(), {
    ready: 'False',
    reason: 'HealthCheckFailed',
    message: /failed early due to stalled resources: \[WerfBundle\/failing\/shop status: 'Failed'/,
  });
  t.match(await must(['get', 'wb', 'shop', '-n', 'failing']), /shop +False +Failed +\S.*/, 'kubectl has the cause');

  await fixture.publish({ repository: 'acme/failing', tag: 'v1.0.1' });
  await repository.commit({ 'shop.yaml': fixture.shop('failing', { registry: pinned('v1.0.1') }).all });
  t.match(
    await kustomization.reconcile(),
    { ready: 'True' },
    'a commit that mends it is applied and waited for at once',
  );
};

const refusesAllMistakesAtOnce = async (t: Test): Promise<void> => {
  const { repository, kustomization } = await kustomized('wrong');
  const wrong = fixture.shop('wrong', {
    registry: { url: 'https://ghcr.io/acme/app', pollInterval: '15' },
    converge: { retries: 11 },
  });
  await repository.commit({ 'shop.yaml': wrong.all });
  const refused = await kustomization.reconcile();
  t.match(refused, { ready: 'False', reason: 'ReconciliationFailed' });
  t.equal(
    refused.message.split('\n')[0],
    'WerfBundle/wrong/shop dry-run failed (Invalid): admission webhook "mutate.werfbundles.werf.io" denied the request: WerfBundle.werf.io "shop" is invalid: [spec.registry.url: Invalid value: "https://ghcr.io/acme/app": a repository without scheme is needed; did you mean "ghcr.io/acme/app"?, spec.registry.pollInterval: Invalid value: "15": a unit is missing; durations from "1m" to "24h", for example "15m", spec.converge.retries: Invalid value: 11: must be less than or equal to 10]',
  );
  const { status } = await api.get(wrong.configMap);
  t.equal(status, 404, 'and nothing of the commit is there but its namespace');

  await repository.commit({ 'shop.yaml': fixture.shop('wrong', { registry: { pollIntervall: '5m' } }).all });
  t.match(await kustomization.reconcile(), { message: /spec\.registry\.pollIntervall: field not declared in schema/ });
};

const isSuspendedInGit = async (t: Test): Promise<void> => {
  const { repository, kustomization } = await kustomized('paused', { timeout: '20s' });
  await fixture.publish({ repository: 'acme/paused', tag: 'v1.0.0' });
  await repository.commit({ 'shop.yaml': fixture.shop('paused', { spec: { suspend: true } }).all });
  t.match(await kustomization.reconcile(), { ready: 'True' }, 'a new bundle that is suspended holds nothing up');
  t.same((await fixture.bundle('paused'))?.status?.lastAppliedTag, undefined);

  await repository.commit({ 'shop.yaml': fixture.shop('paused').all });
  t.match(await kustomization.reconcile(), { ready: 'True' });
  t.ok(
    isSynced()(await fixture.bundle('paused')),
    'once git does not suspend it any more, it is deployed and waited for',
  );
};

/** Flux takes away what kubectl has set, as long as it says that it is kubectl. */
const isChangedByHand = async (t: Test): Promise<void> => {
  // What git leaves open a person may set.
  const { kustomization } = await deployed(t, 'by-hand', { registry: { versionConstraint: undefined } });
  const patch = (body: object, ...flags: readonly string[]) =>
    must(['patch', 'wb', 'shop', '-n', 'by-hand', '--type=merge', '-p', JSON.stringify(body), ...flags]);
  await patch({ spec: { suspend: true } });
  t.match(await kustomization.reconcile(), { changes: ['WerfBundle/by-hand/shop configured'] });
  t.equal((await fixture.bundle('by-hand'))?.spec.suspend, false, 'suspend of kubectl is gone after one interval');

  await must(['annotate', 'wb', 'shop', '-n', 'by-hand', 'werf.io/allow-downgrade=true']);
  await kustomization.reconcile();
  const annotations = (await fixture.bundle('by-hand'))?.metadata.annotations ?? {};
  t.equal(annotations['werf.io/allow-downgrade'], undefined, 'and so is an annotation that is to last');

  await fixture.publish({ repository: 'acme/by-hand', tag: 'v1.1.0' });
  await fixture.until('by-hand', isSynced('v1.1.0'));
  await patch({ spec: { registry: { tag: 'v1.0.0' } } }, '--field-manager=on-call');
  await fixture.until('by-hand', isSynced('v1.0.0'));
  for (let round = 1; round <= 3; round += 1)
    t.match(await kustomization.reconcile(), { ready: 'True', changes: null }, 'a rollback under another name stays');
  t.ok(isSynced('v1.0.0')(await fixture.bundle('by-hand')));
};

/** A person has rolled back what git left open; then git brings a constraint, which a tag excludes. */
const constrainsWhatIsPinned = async (t: Test): Promise<void> => {
  const { repository, kustomization } = await deployed(t, 'pinned', { registry: { versionConstraint: undefined } });
  await must([
    ...['patch', 'wb', 'shop', '-n', 'pinned', '--type=merge', '--field-manager=on-call'],
    ...['-p', '{"spec":{"registry":{"tag":"v1.0.0"}}}'],
  ]);
  t.match(await kustomization.reconcile(), { ready: 'True', changes: null });
  await repository.commit({ 'shop.yaml': fixture.shop('pinned').all });
  const refused = await kustomization.reconcile();
  t.match(refused, { ready: 'False', message: /tag stands on the live object already, set by "on-call"/ });
  const [, cure = ''] = /(kubectl patch [^;]*?'\{.*?\}')/.exec(refused.message) ?? [];
  t.match(cure, /"tag":null/);
  const words = [...cure.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
  await must(words.slice(1));
  t.match(await kustomization.reconcile(), { ready: 'True' }, 'what it says mends it');
};

/** A commit that changes nothing but a ConfigMap does not change the bundle: there is no new generation to wait for. */
const changesValuesAlone = async (t: Test): Promise<void> => {
  const { repository, kustomization, shop } = await deployed(t, 'values');
  await fixture.publish({ repository: 'acme/values', tag: 'v1.0.0', behaviour: 'slow: 3' });
  await fixture.until('values', isSynced('v1.0.0', 2));
  const rest = shop.all.filter(({ kind }) => kind !== 'ConfigMap');
  await repository.commit({ 'shop.yaml': [...rest, valuesIn('values', 'replicas: 3\n')] });
  // So that it does not happen to be faster than Flux.
  fixture.controller.send('SIGSTOP');
  const changed = await kustomization.reconcile().finally(() => fixture.controller.send('SIGCONT'));
  t.match(changed, { ready: 'True', changes: ['ConfigMap/values/shop-values configured'] });
  t.ok(isSynced('v1.0.0', 2)(await fixture.bundle('values')), 'Ready, though nobody has looked at the new values');
  t.ok(isSynced('v1.0.0', 3)(await fixture.until('values', isSynced('v1.0.0', 3))), 'they are deployed all the same');
};

/** With a generator the name has the content in it, so the bundle changes, and is waited for. */
const generatesValues = async (t: Test): Promise<void> => {
  const { repository, kustomization } = await kustomized('generated');
  await fixture.publish({ repository: 'acme/generated', tag: 'v1.0.0', behaviour: 'slow: 3' });
  await repository.commit(await generatedFrom(fixture.shop('generated')));
  t.match(await kustomization.reconcile(), { ready: 'True' });
  t.ok(isSynced('v1.0.0', 1)(await fixture.bundle('generated')));

  await repository.commit({ 'values.yaml': 'replicas: 3\n' });
  const changed = await kustomization.reconcile();
  t.ok(isSynced('v1.0.0', 2)(await fixture.bundle('generated')), 'Ready only when the new values are deployed');
  t.match(changed, {
    ready: 'True',
    changes: [
      /^ConfigMap\/generated\/shop-values-\w+ created$/,
      'WerfBundle/generated/shop configured',
      /^ConfigMap\/generated\/shop-values-\w+ deleted$/,
    ],
  });

  await repository.commit({ 'values.yaml': 'a: b: c\n' });
  t.match(await kustomization.reconcile(), { ready: 'False', message: /line 1, column / }, 'broken ones are refused');
};

const dismissesInTwoCommits = async (t: Test): Promise<void> => {
  const { repository, kustomization, shop } = await deployed(t, 'leaving', { spec: { deletionPolicy: 'Dismiss' } });
  await repository.commit({ 'shop.yaml': shop.all.filter(({ kind }) => kind !== 'WerfBundle') });
  t.match(await kustomization.reconcile(), { ready: 'True', changes: ['WerfBundle/leaving/shop deleted'] });
  await fixture.until('leaving', isGone);
  t.same(await fixture.eventsOf('leaving', 'Dismissed'), ['release shop in namespace leaving is uninstalled']);
  await repository.commit({ 'shop.yaml': undefined, 'kustomization.yaml': [EMPTY] });
  t.match(await kustomization.reconcile(), { ready: 'True' });
  t.match(await must(['get', 'sa', '-n', 'leaving', '-o', 'name']), /^serviceaccount\/default\n$/);
};

const EMPTY = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources: [] };

/** In one commit the rights are gone before anybody could use them. What must be uninstalled says so, and waits for them. */
const dismissesInOneCommit = async (t: Test): Promise<void> => {
  const { repository, kustomization, shop } = await deployed(t, 'at-once', {
    spec: { deletionPolicy: 'Dismiss' },
    annotations: { 'werf.io/dismiss-required': 'true' },
  });
  await repository.commit({ 'shop.yaml': [shop.namespace] });
  const pruned = await kustomization.reconcile();
  t.equal(pruned.changes?.[0], 'WerfBundle/at-once/shop deleted', 'the bundle goes first, and is not waited for');
  t.match(pruned, { ready: 'True' }, 'Flux reports success all the same');
  const waiting = await fixture.until('at-once', (seen) => messageOf(seen).includes('ServiceAccount'));
  t.match(messageOf(waiting), /ServiceAccount "?werf-converge"?.* (is gone|does not exist)/);

  await repository.commit({ 'shop.yaml': [shop.namespace, ...shop.rights] });
  t.match(await kustomization.reconcile(), { ready: 'True' });
  t.equal(await fixture.until('at-once', isGone), undefined);
  t.same(await fixture.eventsOf('at-once', 'Dismissed'), ['release shop in namespace at-once is uninstalled']);
};

/** By Flux's own CRDs; and the team's Kustomization, with the expressions for health, does what it says. */
const playsTheExamples = async (t: Test): Promise<void> => {
  const crds = join(toolsOfThisRun().flux, 'crds');
  await must(['apply', '--server-side', '-f', crds]);
  await must(['wait', '--for=condition=Established', '-f', crds]);
  await must(['create', 'namespace', 'flux-system']);
  const kustomization = { resources: ['operator.yaml', 'shop.yaml'], patches: [{ path: 'health-check-exprs.yaml' }] };
  const folder = join(fixture.cluster.dir, 'examples');
  await cp(join(MANIFESTS, 'flux/examples'), folder, { recursive: true });
  await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
  const read = parseAllDocuments(await must(['kustomize', folder])).map((each) => each.toJS() as Manifest);
  for (const object of read) await must(['create', '--dry-run=server', '--validate=strict', '-f', '-'], object);

  const written = read.find(({ metadata, kind }) => kind === 'Kustomization' && metadata.name === 'shop');
  const spec = valueAt(written, 'spec') as object;
  t.match(spec, { timeout: '15m', healthCheckExprs: [{ kind: 'WerfBundle' }], wait: undefined });
  const { repository, kustomization: shop } = await kustomized('shop', { wait: false, spec });
  await fixture.publish({ repository: 'acme/shop', tag: 'v1.0.0', behaviour: 'slow: 3' });
  await repository.commit({ 'shop/shop.yaml': fixture.shop('shop').all });
  t.match(await shop.reconcile(), { ready: 'True' });
  t.ok(isSynced()(await fixture.bundle('shop')), 'Ready when the bundle is deployed');
};

const messageOf = (seen: StoredBundle | undefined): string =>
  (seen?.status?.conditions ?? []).map(({ message }) => message).join('\n');

t.jobs = 3;
await Promise.all(
  Object.entries({
    'one commit brings all; Ready only when the bundle is deployed; ten rounds change nothing': bringsAllInOneCommit,
    'a bundle that failed fails the Kustomization at once': saysWhatFailed,
    'an invalid bundle is refused with each of its mistakes, and a typo is one': refusesAllMistakesAtOnce,
    'a new bundle that git suspends holds nothing up': isSuspendedInGit,
    'what kubectl has set is taken away, what another name has set is not': isChangedByHand,
    'a constraint in git, where a person has pinned a tag, is refused with what mends it': constrainsWhatIsPinned,
    'the examples are what Flux takes, and do what they say': playsTheExamples,
    'values changed alone: Ready comes before they are deployed': changesValuesAlone,
    'values of a generator: Ready comes when they are deployed': generatesValues,
    'pruned in two commits, first the bundle, it is dismissed': dismissesInTwoCommits,
    'pruned in one commit with what it needs, it waits where it must be dismissed': dismissesInOneCommit,
  }).map(([title, play]) => t.test(title, play)),
);

// What follows is about the webhook that all the others need.
t.jobs = 1;

/** The CRD and the webhook configurations, as they stand in git. */
const operatorManifests = async (): Promise<readonly Manifest[]> => {
  const files = ['crd/werfbundles.werf.io.yaml', 'webhook/configurations.yaml'];
  const texts = await Promise.all(files.map((file) => readFile(join(MANIFESTS, file), 'utf8')));
  return texts.flatMap((text) => parseAllDocuments(text, { merge: true }).map((each) => each.toJS() as Manifest));
};

const isConfiguration = ({ kind }: Manifest): boolean => kind.endsWith('WebhookConfiguration');

/** Ten rounds, in which nothing may change, and the webhooks' clientConfig afterwards. */
const standsTenRounds = async (
  t: Test,
  { kustomization, objects }: { readonly kustomization: Kustomization; readonly objects: readonly Manifest[] },
): Promise<readonly unknown[]> => {
  const configurations = objects.filter(isConfiguration);
  const before = await versionsOf(api, configurations);
  for (let round = 1; round <= 10; round += 1)
    t.match(await kustomization.reconcile(), UNCHANGED, `round ${round} changes nothing`);
  t.same(await versionsOf(api, configurations), before);
  const seen = await Promise.all(configurations.map((object) => api.get(object)));
  return seen.map(({ body }) => valueAt(body, 'webhooks', 0, 'clientConfig'));
};

t.test(
  "the operator's own manifests, and a webhook outside of the cluster: git has its URL, and no Service",
  async (t) => {
    const { repository, kustomization } = await kustomized('operator-outside');
    const objects = await operatorManifests();
    await repository.commit({ 'operator.yaml': objects });
    t.match(
      await kustomization.reconcile(),
      { ready: 'False', message: /exactly one of url or service is required/ },
      'with the Service as well it is refused, since the webhook has written its URL',
    );

    const withUrl = objects.map((object) => (isConfiguration(object) ? reachedByUrl(object) : object));
    await repository.commit({ 'operator.yaml': withUrl });
    t.match(await kustomization.reconcile(), { ready: 'True' });
    const clients = await standsTenRounds(t, { kustomization, objects: withUrl });
    t.match(clients, [
      { caBundle: /^LS0t/, url: /\/mutate$/ },
      { caBundle: /^LS0t/, url: /\/validate$/ },
    ]);
  },
);

const reachedByUrl = (configuration: Manifest): Manifest => {
  const path = configuration.kind.startsWith('Mutating') ? 'mutate' : 'validate';
  const webhooks = configuration['webhooks'] as readonly object[];
  const clientConfig = { url: `https://127.0.0.1:${fixture.webhook.port}/${path}` };
  return { ...configuration, webhooks: webhooks.map((webhook) => ({ ...webhook, clientConfig })) };
};

t.test('a webhook that is down holds a commit up, says so, and mends itself', async (t) => {
  const { repository, kustomization } = await deployed(t, 'outage');
  await fixture.webhook.stop();
  t.match(await kustomization.reconcile(), UNCHANGED, 'nobody needs it where nothing changes');
  await repository.commit({ 'shop.yaml': fixture.shop('outage', { registry: { pollInterval: '20m' } }).all });
  t.match(await kustomization.reconcile(), {
    ready: 'False',
    message:
      /WerfBundle\/outage\/shop dry-run failed \(InternalError\): .*failed calling webhook "mutate\.werfbundles\.werf\.io"/,
  });
  const { stop } = await fixture.startWebhook();
  const again = await eventually(
    () => kustomization.reconcile(),
    ({ ready }) => ready === 'True',
  );
  t.match(again, { ready: 'True' });
  t.match(await fixture.bundle('outage'), { spec: { registry: { pollInterval: '20m' } } });
  await stop();
});

t.test(
  "the operator's own manifests as in a cluster: the webhook writes its caBundle, and no round takes it away",
  async (t) => {
    const { repository, kustomization } = await kustomized('operator');
    const objects = await operatorManifests();
    await must(['apply', '--server-side', '--force-conflicts', '-f', join(MANIFESTS, 'webhook/configurations.yaml')]);
    await repository.commit({ 'operator.yaml': objects });
    t.match(await kustomization.reconcile(), { ready: 'True' });
    const { dir } = fixture.cluster;
    const flags = ['--kubeconfig', join(dir, 'webhook.kubeconfig'), '--namespace', OPERATOR_NAMESPACE];
    const webhook = await startWebhookProgram(dir, [...flags, '--shutdown-delay', '0s']);
    t.teardown(webhook.stop);
    const service = { name: 'werfbundle-webhook', namespace: OPERATOR_NAMESPACE };
    t.match(await standsTenRounds(t, { kustomization, objects }), [
      { caBundle: /^LS0t/, service },
      { caBundle: /^LS0t/, service },
    ]);
  },
);
