import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { WERFBUNDLES } from '../../kube/resources.js';
import { type BundleScenario, scenarioIn, TIME_SCALE } from '../kit/bundle-scenario.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { documentCommands } from '../kit/document-commands.js';
import { Guide } from '../kit/guide.js';
import { GuideReader, type GuideShell } from '../kit/guide-reader.js';
import { recordWatch } from '../kit/record-watch.js';

// Each command that stands in a block of README.md or of docs/ is run here, as it stands there, with other names, or somewhere else.

const ROOT = join(import.meta.dirname, '..', '..');
const NAMESPACE = 'documents';

/** Where a command is run, if not here; or why nowhere. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'npm ci && npm start': 'test/cluster/playground.spec.ts',
  'npm ci && npm test': 'it runs this spec',
  'npm run build': 'it is run before all specs',
  'npm ci && npm run build && npm install --global .': 'test/release/installed.spec.ts',
  'docker build -t registry.example.com/platform/werfbundle:0.1.0 .': 'there is no docker',
  'docker push registry.example.com/platform/werfbundle:0.1.0': 'there is no docker',
  'npm run -s build:install -- --image registry.example.com/platform/werfbundle:0.1.0 > install.yaml':
    'test/cluster/install.spec.ts',
  'kubectl apply -f install.yaml': 'test/cluster/install.spec.ts',
  'kubectl rollout status deployment -n k8s-werf-operator-go-system': 'the node agent runs no images',
  'helm install werfbundle charts/werfbundle -n k8s-werf-operator-go-system --create-namespace \\\n  --set image.repository=registry.example.com/platform/werfbundle':
    'test/cluster/chart.spec.ts',
  'kubectl apply -k werfbundle/manifests/crd': 'test/cluster/install.spec.ts',
  'kubectl apply -k my-overlay': 'test/cluster/install.spec.ts',
  'kubectl delete mutatingwebhookconfigurations,validatingwebhookconfigurations -l app.kubernetes.io/part-of=werfbundle':
    'test/cluster/install.spec.ts',
  'kubectl delete -k my-overlay --ignore-not-found': 'test/cluster/install.spec.ts',
  'kubectl delete -k werfbundle/manifests/crd': 'test/cluster/install.spec.ts',
  'kubectl create secret generic werfbundle-receivers -n k8s-werf-operator-go-system --from-file=receivers.yaml --from-file=harbor --from-file=ci':
    'test/cluster/receiver.spec.ts',
  'body="{\\"repository\\":\\"acme/shop\\",\\"time\\":\\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\\"}"':
    'test/cluster/receiver.spec.ts',
  'signature=$(printf %s "$body" | openssl dgst -sha256 -hmac "$(cat ci)" -hex | sed \'s/.* //\')':
    'test/cluster/receiver.spec.ts',
  'curl -sS --fail-with-body -d "$body" -H "X-Signature: sha256=$signature" https://push.corp.example/receivers/ci':
    'test/cluster/receiver.spec.ts',
  'kubectl port-forward -n k8s-werf-operator-go-system service/werfbundle-dashboard 8310:80':
    'the node agent runs no images',
  "kubectl get validatingadmissionpolicy werfbundle-rules -o jsonpath='{.status.typeChecking}'":
    'test/cluster/admission-policy.spec.ts',
  "kubectl get wb my-app -o jsonpath='{.status.plan}'": 'test/cluster/plan.spec.ts',
  "kubectl get wb my-app -o jsonpath='{.status.plan.applies}: {.status.plan.whyAnew}'": 'test/cluster/plan.spec.ts',
  'kubectl get events --field-selector reason=PlanMade': 'test/cluster/plan.spec.ts',
  'kubectl get secrets -A -l werf.io/secret-kind=kept': 'test/cluster/return.spec.ts',
  'kubectl apply -f app-config.yaml': 'test/cluster/values-guard.spec.ts',
  'kubectl apply -f platform.yaml': 'test/cluster/impact-warnings.spec.ts',
  'kubectl apply -k manifests/monitoring': 'test/cluster/monitoring.spec.ts',
  'kubectl apply -k manifests/monitoring/grafana': 'test/cluster/monitoring.spec.ts',
  'kubectl apply -f my-app.yaml': 'test/cluster/schema-admission.spec.ts',
  'kubectl apply -f shop.yaml': 'test/cluster/steer.spec.ts',
  'kubectl create namespace shops': 'test/cluster/steer.spec.ts',
  'kubectl patch configmap argocd-cm -n argocd --type=merge -p "$(kubectl kustomize manifests/argocd)"':
    'test/gitops/customizations.spec.ts',
};

/** The same for the command line's commands: which spec runs each of them, with the options that the documents show or others. */
const RUN_BY: Readonly<Record<string, string>> = {
  approve: 'test/cluster/approve.spec.ts',
  check: 'test/cluster/check.spec.ts',
  completion: 'test/cli/completion.spec.ts',
  dashboard: 'test/cluster/dashboard.spec.ts',
  diff: 'test/cli/diff.spec.ts',
  doctor: 'test/cluster/doctor.spec.ts',
  explain: 'test/cluster/explain.spec.ts',
  generate: 'test/cli/generate.spec.ts',
  impact: 'test/cluster/impact.spec.ts',
  init: 'test/cli/init.spec.ts',
  publish: 'test/cluster/publish.spec.ts',
  reconcile: 'test/cluster/steer.spec.ts',
  'release-hold': 'test/cluster/steer.spec.ts',
  resume: 'test/cluster/steer.spec.ts',
  rollback: 'test/cluster/steer.spec.ts',
  suspend: 'test/cluster/steer.spec.ts',
  tree: 'test/cli/tree.spec.ts',
  uninstall: 'test/cluster/uninstall-command.spec.ts',
  validate: 'test/cli/validate.spec.ts',
};
/** Whether the spec that is named is there, and has the command. */
const isRunByItsSpec = (command: string): boolean => {
  const [, name = ''] = /^werfbundle ([a-z-]+)/.exec(command) ?? [];
  const spec = join(ROOT, RUN_BY[name] ?? 'nowhere');
  return existsSync(spec) && new RegExp(`'${name}'|/cli/${name}/`).test(readFileSync(spec, 'utf8'));
};

/** The same for commands of one kind. */
const OTHERS: readonly { readonly are: RegExp; readonly where: string }[] = [
  { are: /^kubectl (logs|get pods) -n k8s-werf-operator-go-system\b/, where: 'the node agent runs no images' },
  { are: /^(openssl|printf) /, where: 'test/cluster/client-ca.spec.ts' },
  { are: /^(IDENTITY|ISSUER)=|^(cosign|sha256sum|gh) /, where: 'no release was made yet, whose signatures they check' },
];

const BUNDLE = `apiVersion: werf.io/v1alpha1
kind: WerfBundle
metadata: {name: web, namespace: ${NAMESPACE}}
spec:
  registry: {url: ghcr.io/acme/web, versionConstraint: 1.x}
`;

/** What the commands find on the disk, and on the PATH. */
const prepareFolder = async ({ dir, kubectl }: GuideShell): Promise<void> => {
  const files = {
    'deploy/web.yaml': BUNDLE,
    'chart/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n',
    'chart/values.schema.json': '{"required": ["domain"]}',
    'bundles/web.yaml': BUNDLE,
    'overlays/production/web.yaml': BUNDLE,
    'overlays/production/kustomization.yaml': 'resources: [web.yaml]\n',
    'bin/kustomize': `#!/bin/sh\nshift; exec '${kubectl}' kustomize "$@"\n`,
  };
  for (const [file, text] of Object.entries(files)) {
    await mkdir(join(dir, file, '..'), { recursive: true });
    await writeFile(join(dir, file), text, { mode: 0o755 });
  }
};

interface Row {
  readonly does: RegExp;
  readonly shows: RegExp;
  readonly code?: number;
}

const show = async (t: Test, reader: GuideReader, rows: readonly Row[]): Promise<void> => {
  for (const { does, shows, code = 0 } of rows) {
    t.match(await reader.does(does), { code, text: shows }, String(does));
  }
};

const READ: readonly Row[] = [
  { does: /^kubectl apply -f manifests.*four-mistakes/, shows: /is invalid: *\n\* spec/, code: 1 },
  { does: /^werfbundle get -A$/, shows: /^documents +shop +True /m },
  { does: /^werfbundle get --field-selector/, shows: /^$|No bundle that fits/ },
  { does: /^werfbundle status shop -n demo$/, shows: /v1\.0\.0/ },
  { does: /^werfbundle status .*json$/, shows: /"ready": true/ },
  { does: /^werfbundle history/, shows: /v1\.0\.0/ },
  { does: /^werfbundle logs .*--follow/, shows: /Succeeded release "shop"/ },
  { does: /^werfbundle logs .*--tail 50/, shows: /Succeeded release "shop"/ },
  { does: /^werfbundle validate deploy\/$/, shows: /web\.yaml/ },
  { does: /--exclude/, shows: /web\.yaml/ },
  { does: /--ignore-rule/, shows: /^1 bundle, 0 refused: 0 problems, 0 warnings$/m },
  { does: /^kubectl get jobs -A -l werf\.io\/bundle$/, shows: /shop/ },
  { does: /^kustomize build/, shows: /WerfBundle|web/ },
  { does: /^werfbundle validate deploy\/ --chart chart/, shows: /"domain" is missing .* \[WB095\]/, code: 1 },
  { does: /^werfbundle validate deploy\/ --cluster/, shows: /web\.yaml/ },
  { does: /^werfbundle validate deploy\/ -o json/, shows: /1 WB046 spec\.converge\.serviceAccountName$/m },
  { does: /^node dist/, shows: /web\.yaml/ },
];

const WRITE: readonly Row[] = [
  {
    does: /^werfbundle reconcile shop -n demo --wait$/,
    shows: /^shop: Synced: deployed v1\.0\.0 to namespace documents$/m,
  },
  { does: /--field-manager=on-call/, shows: /patched$/m },
  { does: /reconcile\.fluxcd\.io\/requestedAt/, shows: /annotated$/m },
  { does: /no-headers/, shows: /shop patched/ },
  { does: /^kubectl annotate wb my-app werf.io\/deploy/, shows: /annotated$/m },
  { does: /^kubectl annotate werfbundle my-app -n .*deploy-requested-at/, shows: /annotated$/m },
];

/** From the older operator: what it left is judged, and its finalizer goes. */
const migrated = async (t: Test, scenario: BundleScenario, reader: GuideReader): Promise<void> => {
  await scenario.patch('shop', { metadata: { finalizers: ['werf.io/finalizer', 'example.com/kept'] } });
  await show(t, reader, [
    { does: /> bundles\.yaml$/, shows: /^$/ },
    { does: /^werfbundle validate bundles\.yaml$/, shows: /shop/ },
    { does: /werf\.io\/finalizer/, shows: /shop patched/ },
  ]);
  t.strictSame((await scenario.bundle('shop'))?.metadata.finalizers, ['example.com/kept'], 'and no other one');
  await scenario.patch('shop', { metadata: { finalizers: null } });
};

t.test('the commands of the documents on a real control plane', async (t) => {
  const fixture = await startDeployFixture(t);
  const states = await recordWatch(t, fixture, WERFBUNDLES);
  const [webhook, controller] = await Promise.all([
    fixture.startWebhook(),
    fixture.startController({ timeScale: TIME_SCALE, leaderElect: true }),
  ]);
  const guide = Guide.of([...new Set(documentCommands().map(({ command }) => command))]);
  const shell = await GuideReader.shellOn(fixture, { guide, webhook, controller });
  await prepareFolder(shell);
  const scenario = await scenarioIn({ fixture, controller, states }, NAMESPACE);
  for (const namespace of ['team-a', 'team-a-production']) await fixture.makeNamespace(namespace);
  await fixture.publish({ repository: 'acme/shop', tag: 'v1.0.0' });
  await scenario.applyBundle('shop', scenario.spec('acme/shop'));
  await scenario.synced('shop', 'v1.0.0');

  const reader = new GuideReader(shell, {
    '-n demo': `-n ${NAMESPACE}`,
    'wb my-app': `wb shop -n ${NAMESPACE}`,
    'werfbundle my-app': `werfbundle shop -n ${NAMESPACE}`,
    '--number 3': '--number 1',
    'manifests/': `${ROOT}/manifests/`,
    'dist/': `${ROOT}/dist/`,
  });
  const inOperatorNamespace = reader.knowing({ '-n k8s-werf-operator-go-system': `-n ${NAMESPACE}` });
  await t.test('what is there is read', (t) => show(t, reader, READ));
  await t.test('what is asked for is done', (t) => show(t, inOperatorNamespace, WRITE));
  await t.test('what the older operator left is judged and mended', (t) => migrated(t, scenario, reader));
  await t.test('rights are bound, and who leads is found', (t) =>
    show(t, reader, [
      { does: /^for namespace in/, shows: /(rolebinding\S+ created\n?){3}/ },
      { does: /^kubectl get lease/, shows: /werfbundle/ },
    ]),
  );
  await reader.doesUntil(/^shop /m, /^werfbundle get shop .*--watch$/);
  await reader.doesUntil(/^shop /m, /^kubectl get wb shop .*--watch$/);
  t.same(
    guide.open
      .filter((command) => !isRunByItsSpec(command) && OTHERS.every(({ are }) => !are.test(command)))
      .toSorted(),
    Object.keys(ELSEWHERE).toSorted(),
    'all others are run elsewhere, or it is said why not',
  );
});
