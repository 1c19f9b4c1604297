import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parse, parseAllDocuments } from 'yaml';
import { valueAt } from '../../api/json-map.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { eventually } from '../kit/eventually.js';
import type { Manifest } from '../kit/raw-api.js';
import { type Application, isWell, startArgoCd } from './argocd.js';
import { type GitOpsFixture, startGitOpsFixture, versionsOf } from './gitops-fixture.js';
import { answersOf } from './lua.js';

const CUSTOMIZATION = join(
  import.meta.dirname,
  '..',
  '..',
  'manifests/argocd/resource_customizations/werf.io/WerfBundle',
);
const MANIFESTS = join(import.meta.dirname, '..', '..', 'manifests');
const fixture = await startGitOpsFixture(t);
const argocd = await startArgoCd(t, fixture);
const { api, must } = fixture;

const isSynced =
  (tag = 'v1.0.0') =>
  (seen: StoredBundle | undefined): boolean =>
    seen?.status?.phase === 'Synced' && seen.status.lastAppliedTag === tag;

const isGone = (seen: StoredBundle | undefined): boolean => seen === undefined;

type Shown = Awaited<ReturnType<Application['show']>>;
/** All that is said of what is wrong, be it of the comparison or of the sync. */
const told = ({ message, conditions }: Shown): string => [message, ...conditions].join('\n');

/** Exactly this tag. */
const pinned = (tag: string) => ({ tag, versionConstraint: undefined });

const SERVER_SIDE = { syncOptions: ['ServerSideApply=true'] };
const WAVE = 'argocd.argoproj.io/sync-wave';
const inWave = (wave: number, object: Manifest): Manifest => ({
  ...object,
  metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [WAVE]: String(wave) } },
});

/** An Application on a repository of its own, and a shop whose first commit is Healthy. */
const deployed = async (
  t: Test,
  name: string,
  wish: Parameters<GitOpsFixture['shop']>[1] = {},
  syncPolicy: object = {},
) => {
  const repository = await fixture.repository(name);
  const shop = fixture.shop(name, wish);
  await fixture.publish({ repository: `acme/${name}`, tag: 'v1.0.0' });
  await repository.commit({ 'shop.yaml': shop.all });
  const application = await argocd.application({ name, repository, syncPolicy });
  t.match(await application.until(isWell), { health: 'Healthy' });
  return { repository, shop, application };
};

const patch = (namespace: string, body: object) =>
  must(['patch', 'wb', 'shop', '-n', namespace, '--type=merge', '-p', JSON.stringify(body)]);

const bringsAllInOneCommit = async (t: Test): Promise<void> => {
  const repository = await fixture.repository('first');
  const shop = fixture.shop('first');
  await fixture.publish({ repository: 'acme/first', tag: 'v1.0.0', behaviour: 'slow: 5' });
  await repository.commit({ 'shop.yaml': shop.all });
  const application = await argocd.application({ name: 'first', repository });

  const early = await application.until(({ health }) => health === 'Progressing');
  t.match(early, { health: 'Progressing', resources: [/^WerfBundle\/shop Progressing: /] });
  const well = await application.until(isWell);
  t.ok(isSynced()(await fixture.bundle('first')), 'Healthy only when the bundle is deployed');
  t.match(well, { sync: 'Synced', resources: [/^WerfBundle\/shop Healthy: deployed v1\.0\.0 to namespace first$/] });

  const watched = [shop.bundle, shop.configMap, shop.secret];
  const before = await versionsOf(api, watched);
  for (let round = 1; round <= 10; round += 1)
    t.match(await application.refresh(), { sync: 'Synced', health: 'Healthy' }, `round ${round}`);
  t.same(await versionsOf(api, watched), before, 'and ten rounds have changed nothing');
};

/** The same by server-side apply, which keeps a null among the values. */
const appliesServerSide = async (t: Test): Promise<void> => {
  const repository = await fixture.repository('server-side');
  const shop = fixture.shop('server-side', { converge: { values: { gone: null } } });
  await fixture.publish({ repository: 'acme/server-side', tag: 'v1.0.0' });
  await repository.commit({ 'shop.yaml': shop.all });
  const application = await argocd.application({ name: 'server-side', repository, syncPolicy: SERVER_SIDE });
  t.match(await application.until(isWell), { sync: 'Synced', health: 'Healthy' });
  t.same((await fixture.bundle('server-side'))?.spec.converge?.values, { gone: null });
  const before = await versionsOf(api, [shop.bundle]);
  for (let round = 1; round <= 10; round += 1)
    t.match(await application.refresh(), { sync: 'Synced', health: 'Healthy' }, `round ${round}`);
  t.same(await versionsOf(api, [shop.bundle]), before, 'and ten rounds have changed nothing');
};

const isDegradedWhenItFailed = async (t: Test): Promise<void> => {
  const repository = await fixture.repository('failing');
  await fixture.publish({ repository: 'acme/failing', tag: 'v1.0.0', behaviour: 'fail' });
  await repository.commit({ 'shop.yaml': fixture.shop('failing').all });
  const application = await argocd.application({ name: 'failing', repository });
  const failed = await application.until(({ health }) => health === 'Degraded');
  t.match(failed, { sync: 'Synced', resources: [/^WerfBundle\/shop Degraded: pod failed with exit code 1: \S/] });

  await fixture.publish({ repository: 'acme/failing', tag: 'v1.0.1' });
  await repository.commit({ 'shop.yaml': fixture.shop('failing', { registry: pinned('v1.0.1') }).all });
  const well = await application.until(isWell);
  t.match(well, { resources: [/^WerfBundle\/shop Healthy: deployed v1\.0\.1/] }, 'a commit that mends it is applied');
};

const REFUSAL = [
  /admission webhook "mutate\.werfbundles\.werf\.io" denied the request: WerfBundle\.werf\.io "shop" is invalid: /,
  /spec\.registry\.url: Invalid value: "https:\/\/ghcr\.io\/acme\/app": .*; did you mean "ghcr\.io\/acme\/app"\?/,
  /spec\.registry\.pollInterval: Invalid value: "15": a unit is missing/,
  /spec\.converge\.retries: Invalid value: 11: must be less than or equal to 10/,
];

const refusesAllMistakesAtOnce = async (t: Test): Promise<void> => {
  const wrong = { registry: { url: 'https://ghcr.io/acme/app', pollInterval: '15' }, converge: { retries: 11 } };
  for (const [name, syncPolicy] of Object.entries({ 'wrong-client': {}, 'wrong-server': SERVER_SIDE })) {
    const repository = await fixture.repository(name);
    const shop = fixture.shop(name, wrong);
    await repository.commit({ 'shop.yaml': shop.all });
    const application = await argocd.application({
      name,
      repository,
      syncPolicy: { ...syncPolicy, retry: { limit: 0 } },
    });
    const refused = await application.until((shown) => told(shown).includes('admission webhook'));
    for (const part of REFUSAL) t.match(told(refused), part, name);
    t.not(refused.sync, 'Synced');
  }
};

/** An unknown field: server-side apply refuses it; from the client it is dropped, and the Application stays OutOfSync. */
const findsTypos = async (t: Test): Promise<void> => {
  for (const [name, syncPolicy] of Object.entries({ 'typo-client': {}, 'typo-server': SERVER_SIDE })) {
    const repository = await fixture.repository(name);
    await fixture.publish({ repository: `acme/${name}`, tag: 'v1.0.0' });
    await repository.commit({ 'shop.yaml': fixture.shop(name, { registry: { pollIntervall: '5m' } }).all });
    const application = await argocd.application({ name, repository, syncPolicy });
    if (name === 'typo-server') {
      const refused = await application.until((shown) => told(shown).includes('pollIntervall'));
      t.match(told(refused), /pollIntervall: field not declared in schema/);
    } else {
      await fixture.until(name, isSynced());
      t.match(await application.refresh(), { sync: 'OutOfSync' }, 'deployed without it, and OutOfSync');
    }
  }
};

/** A failed bundle fails the sync that has waves; it is tried again with the old commit, unless retry.refresh is set. */
const mendsAFailedWave = async (t: Test): Promise<void> => {
  const repository = await fixture.repository('wave-failed');
  const shop = fixture.shop('wave-failed');
  const rest = [shop.namespace, ...shop.rights, shop.configMap, shop.secret].map((object) => inWave(-1, object));
  const after = inWave(1, { ...shop.configMap, metadata: { name: 'after', namespace: 'wave-failed' } });
  await fixture.publish({ repository: 'acme/wave-failed', tag: 'v1.0.0', behaviour: 'fail' });
  await repository.commit({ 'shop.yaml': [...rest, shop.bundle, after] });
  const retry = { limit: 50, refresh: true, backoff: { duration: '2s', factor: 1, maxDuration: '4s' } };
  const application = await argocd.application({ name: 'wave-failed', repository, syncPolicy: { retry } });
  const failed = await application.until(({ message }) => /Retrying attempt/.test(message ?? ''));
  t.match(failed, { health: 'Degraded', message: /one or more synchronization tasks completed unsuccessfully/ });

  await fixture.publish({ repository: 'acme/wave-failed', tag: 'v1.0.1' });
  const next = fixture.shop('wave-failed', { registry: pinned('v1.0.1') });
  await repository.commit({ 'shop.yaml': [...rest, next.bundle, after] });
  t.match(await application.until(isWell), { health: 'Healthy' }, 'the commit that mends it is taken up');
  t.equal((await api.get(after)).status, 200);
};

/** From the client, Argo CD puts right what git says, and leaves alone what it does not. */
const isChangedByHand = async (t: Test): Promise<void> => {
  const { application } = await deployed(t, 'by-hand', { registry: { versionConstraint: undefined } });
  await fixture.publish({ repository: 'acme/by-hand', tag: 'v1.1.0' });
  await fixture.until('by-hand', isSynced('v1.1.0'));
  await patch('by-hand', { spec: { registry: { tag: 'v1.0.0' } } });
  await fixture.until('by-hand', isSynced('v1.0.0'));
  for (let round = 1; round <= 3; round += 1)
    t.match(await application.refresh(), { sync: 'Synced', health: 'Healthy' });
  t.ok(isSynced('v1.0.0')(await fixture.bundle('by-hand')), 'a rollback by a person, of what git leaves open, stays');

  await patch('by-hand', { spec: { suspend: true } });
  t.match(await application.until(({ health }) => health === 'Suspended'), { sync: 'Synced', health: 'Suspended' });
  t.equal((await fixture.bundle('by-hand'))?.spec.suspend, true, 'and so does suspend: true');

  await patch('by-hand', { spec: { registry: { pollInterval: '2m' } } });
  const healed = await fixture.until('by-hand', (seen) => seen?.spec.registry.pollInterval === '1m');
  t.equal(healed?.spec.registry.pollInterval, '1m', 'what git says is put right');
};

/** A person has rolled back what git left open; then git brings a constraint, which a tag excludes. */
const constrainsWhatIsPinned = async (t: Test): Promise<void> => {
  for (const [name, syncPolicy] of Object.entries({ 'pinned-client': {}, 'pinned-server': SERVER_SIDE })) {
    const { repository, application } = await deployed(
      t,
      name,
      { registry: { versionConstraint: undefined } },
      syncPolicy,
    );
    await patch(name, { spec: { registry: { tag: 'v1.0.0' } } });
    await fixture.until(name, isSynced());
    await repository.commit({ 'shop.yaml': fixture.shop(name).all });
    const refused = await application.until((shown) => told(shown).includes('live object'));
    t.match(told(refused), /tag stands on the live object already, set by "kubectl-patch"/, name);
    const [, cure = ''] = /(kubectl patch [^;]*?'\{.*?\}')/.exec(told(refused)) ?? [];
    t.match(cure, /"tag":null/, name);
    await must(argumentsOf(cure));
    t.match(await application.until(isWell), { sync: 'Synced', health: 'Healthy' }, `${name}: what it says mends it`);
  }
};

/** `kubectl patch … -p '{…}'`, without the program and the quotes. */
const argumentsOf = (command: string): readonly string[] =>
  [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '').slice(1);

/** As Argo CD's API server carries an action out: what the script has changed is patched. */
const takesActions = async (t: Test): Promise<void> => {
  const { application } = await deployed(t, 'actions', { spec: { suspend: undefined } });
  const act = async (action: string): Promise<void> => {
    const object = await fixture.bundle('actions');
    const script = await readFile(join(CUSTOMIZATION, 'actions', action, 'action.lua'), 'utf8');
    const [answer] = answersOf([{ kind: 'action', script, object }]) as readonly StoredBundle[];
    const { annotations = {} } = answer?.metadata ?? {};
    await patch('actions', { metadata: { annotations }, spec: { suspend: answer?.spec.suspend ?? null } });
  };
  await act('deploy');
  const again = await fixture.until('actions', (seen) => isSynced()(seen) && seen?.status?.deployment?.number === 2);
  t.match(again, { status: { phase: 'Synced', deployment: { number: 2, reason: 'Requested' } } }, 'deploy: once more');
  await act('suspend');
  t.match(await application.until(({ health }) => health === 'Suspended'), { sync: 'Synced', health: 'Suspended' });
  await act('resume');
  t.match(await application.until(isWell), { sync: 'Synced', health: 'Healthy' });
  await act('reconcile');
  const asked = (await fixture.bundle('actions'))?.metadata.annotations?.['werf.io/reconcile-requested-at'];
  const looked = await fixture.until('actions', (seen) => seen?.status?.lastHandledRequest === asked);
  t.equal(looked?.status?.lastHandledRequest, asked, 'reconcile: it is acted on');
  t.match(await application.refresh(), { sync: 'Synced' }, 'and what an action has set is no difference');
  t.equal((await fixture.bundle('actions'))?.status?.deployment?.number, 2);
};

/** With `suspend: false` in git, a suspend by hand is put right, too. */
const saysThatItIsNotSuspended = async (t: Test): Promise<void> => {
  const { application } = await deployed(t, 'resumed', { spec: { suspend: false } });
  await patch('resumed', { spec: { suspend: true } });
  const resumed = await fixture.until('resumed', (seen) => seen?.spec.suspend === false);
  t.equal(resumed?.spec.suspend, false);
  t.match(await application.until(isWell), { health: 'Healthy' });
};

const isSuspendedInGit = async (t: Test): Promise<void> => {
  const repository = await fixture.repository('paused');
  await fixture.publish({ repository: 'acme/paused', tag: 'v1.0.0' });
  await repository.commit({ 'shop.yaml': fixture.shop('paused', { spec: { suspend: true } }).all });
  const application = await argocd.application({ name: 'paused', repository });
  const paused = await application.until(({ health, phase }) => health === 'Suspended' && phase === 'Succeeded');
  t.match(paused, {
    sync: 'Synced',
    phase: 'Succeeded',
    resources: [/^WerfBundle\/shop Suspended: suspended(; nothing is deployed yet)?$/],
  });
};

/** The rights come first and go last; what follows the bundle comes when it is deployed. */
const goesInWaves = async (t: Test): Promise<void> => {
  const repository = await fixture.repository('waves');
  const shop = fixture.shop('waves', { spec: { deletionPolicy: 'Dismiss' } });
  const first = [shop.namespace, ...shop.rights, shop.configMap, shop.secret].map((object) => inWave(-1, object));
  const after = { ...shop.configMap, metadata: { name: 'after', namespace: 'waves' } };
  await fixture.publish({ repository: 'acme/waves', tag: 'v1.0.0', behaviour: 'slow: 5' });
  await repository.commit({ 'shop.yaml': [...first, shop.bundle, inWave(1, after)] });
  const application = await argocd.application({ name: 'waves', repository });
  await fixture.until('waves', (seen) => seen?.status?.phase === 'Syncing');
  t.equal((await api.get(after)).status, 404, 'the next wave waits while the bundle is deployed');
  t.match(await application.until(isWell), { health: 'Healthy' });
  t.equal((await api.get(after)).status, 200);

  await repository.commit({ 'shop.yaml': [inWave(-1, shop.namespace)] });
  await application.until(isWell);
  t.equal(await fixture.until('waves', isGone), undefined);
  t.same(await fixture.eventsOf('waves', 'Dismissed'), ['release shop in namespace waves is uninstalled']);
  t.same(await fixture.eventsOf('waves', 'DismissFailed'), [], 'pruned in one commit, the bundle before its rights');
  t.match(await must(['get', 'sa', '-n', 'waves', '-o', 'name']), /^serviceaccount\/default\n$/);
};

/** The files as they stand, with a registry that is there. */
const playsTheExample = async (t: Test): Promise<void> => {
  const folder = join(MANIFESTS, 'argocd/examples');
  const application = parse(await readFile(join(folder, 'application.yaml'), 'utf8')) as Manifest;
  await must(['create', '--dry-run=server', '--validate=strict', '-f', '-'], application);
  const { registry } = fixture.shop('shop').bundle['spec'] as { readonly registry: object };
  const files = ['rights.yaml', 'values.yaml', 'bundle.yaml'].map(async (file) => {
    const texts = parseAllDocuments(await readFile(join(folder, 'shop', file), 'utf8'));
    const objects = texts.map((each) => each.toJS() as Manifest);
    const there = objects.map((object) =>
      object.kind === 'WerfBundle' ? { ...object, spec: { ...(object['spec'] as object), registry } } : object,
    );
    return [`shop/${file}`, there] as const;
  });
  const repository = await fixture.repository('shop');
  await fixture.publish({ repository: 'acme/shop', tag: 'v1.0.0' });
  await repository.commit(Object.fromEntries(await Promise.all(files)));
  const syncPolicy = valueAt(application, 'spec', 'syncPolicy') as object;
  const wish = { name: 'example', repository, syncPolicy, namespace: 'shop', source: { path: 'shop' } };
  const example = await argocd.application(wish);
  t.match(await example.until(isWell), { sync: 'Synced', health: 'Healthy' });
  t.ok(isSynced()(await fixture.bundle('shop')));
  const rest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'rest' } };
  await repository.commit({ shop: undefined, 'shop/rest.yaml': [rest] });
  await example.until(isWell);
  t.equal(await fixture.until('shop', isGone), undefined);
  // The event comes when the bundle has gone.
  const events = await eventually(
    () => fixture.eventsOf('shop', 'Dismissed'),
    (seen) => seen.length > 0,
  );
  t.same(events, ['release shop in namespace shop is uninstalled']);
  t.same(await fixture.eventsOf('shop', 'DismissFailed'), []);
};

t.jobs = 3;
await Promise.all(
  Object.entries({
    'one commit brings all; Healthy only when the bundle is deployed; ten rounds change nothing': bringsAllInOneCommit,
    'server-side apply does the same, and keeps nulls': appliesServerSide,
    'a bundle that failed is Degraded, with the message': isDegradedWhenItFailed,
    'an invalid bundle is refused with each of its mistakes': refusesAllMistakesAtOnce,
    'a typo is refused by server-side apply, and leaves the Application OutOfSync otherwise': findsTypos,
    'a bundle that failed holds the next wave up, until a commit mends it': mendsAFailedWave,
    'what a person has set and git has not stays; what git says is put right': isChangedByHand,
    'a constraint in git, where a person has pinned a tag, is refused with what mends it': constrainsWhatIsPinned,
    'its actions deploy once more, suspend, resume and ask for a look': takesActions,
    'where git says suspend: false, a suspend by hand is put right': saysThatItIsNotSuspended,
    'a new bundle that git suspends is Suspended, and its sync succeeds': isSuspendedInGit,
    'the example is what Argo CD takes, is deployed, and is dismissed in one commit': playsTheExample,
    'in sync waves, which are pruned in reverse, it is dismissed': goesInWaves,
  }).map(([title, play]) => t.test(title, play)),
);

// What follows is about the webhook that all the others need.
t.jobs = 1;

t.test("the operator's own manifests under self-heal: caBundle and url are left alone in ten rounds", async (t) => {
  const files = ['crd/werfbundles.werf.io.yaml', 'webhook/configurations.yaml'];
  const texts = await Promise.all(files.map((file) => readFile(join(MANIFESTS, file), 'utf8')));
  const read = texts.flatMap((text) => parseAllDocuments(text, { merge: true }).map((each) => each.toJS() as Manifest));
  const objects = read.map((object) => (object.kind.endsWith('WebhookConfiguration') ? reachedByUrl(object) : object));
  const repository = await fixture.repository('operator');
  await repository.commit({ 'operator.yaml': objects });
  const application = await argocd.application({ name: 'operator', repository, syncPolicy: SERVER_SIDE });
  t.match(await application.until(isWell), { sync: 'Synced', health: 'Healthy' });
  const configurations = objects.filter(({ kind }) => kind.endsWith('WebhookConfiguration'));
  const before = await versionsOf(api, configurations);
  for (let round = 1; round <= 10; round += 1)
    t.match(await application.refresh(), { sync: 'Synced', health: 'Healthy' }, `round ${round}`);
  t.same(await versionsOf(api, configurations), before);
  for (const object of configurations)
    t.match(valueAt((await api.get(object)).body, 'webhooks', 0, 'clientConfig'), {
      caBundle: /^LS0t/,
      url: /^https:/,
    });
});

const reachedByUrl = (configuration: Manifest): Manifest => {
  const path = configuration.kind.startsWith('Mutating') ? 'mutate' : 'validate';
  const webhooks = configuration['webhooks'] as readonly object[];
  const clientConfig = { url: `https://127.0.0.1:${fixture.webhook.port}/${path}` };
  return { ...configuration, webhooks: webhooks.map((webhook) => ({ ...webhook, clientConfig })) };
};

t.test('a webhook that is down holds a commit up, says so, and mends itself', async (t) => {
  const retry = { limit: 20, backoff: { duration: '2s', factor: 1, maxDuration: '4s' } };
  const { repository, application } = await deployed(t, 'outage');
  await must([
    'patch',
    'application',
    'outage',
    '-n',
    'argocd',
    '--type=merge',
    '-p',
    JSON.stringify({ spec: { syncPolicy: { retry } } }),
  ]);
  await fixture.webhook.stop();
  await fixture.publish({ repository: 'acme/outage', tag: 'v1.1.0' });
  const next = fixture.shop('outage', { registry: pinned('v1.1.0') });
  await repository.commit({ 'shop.yaml': next.all });
  const held = await application.until(({ message }) => message?.includes('failed calling webhook') === true);
  t.match(held.message, /failed calling webhook "mutate\.werfbundles\.werf\.io"/);
  await fixture.startWebhook();
  t.match(await application.until((shown) => isWell(shown) && shown.resources.join().includes('v1.1.0')), {
    health: 'Healthy',
  });
  t.ok(isSynced('v1.1.0')(await fixture.bundle('outage')));
});
