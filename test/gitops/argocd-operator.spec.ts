import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parseAllDocuments } from 'yaml';
import { valueAt } from '../../api/json-map.js';
import { OPERATOR_NAMESPACE } from '../../playground/operator.js';
import type { Manifest } from '../kit/raw-api.js';
import { startWebhookProgram } from '../kit/webhook-program.js';
import { type Application, startArgoCd } from './argocd.js';
import { startGitOpsFixture, versionsOf } from './gitops-fixture.js';

const MANIFESTS = join(import.meta.dirname, '..', '..', 'manifests');
/** All that can be installed without other CRDs. */
const KUSTOMIZATION = {
  apiVersion: 'kustomize.config.k8s.io/v1beta1',
  kind: 'Kustomization',
  resources: ['manifests/crd', 'manifests/default', 'manifests/network-policies'],
  components: ['manifests/webhook/values-guard', 'manifests/controller/watch-secrets'],
};

const fixture = await startGitOpsFixture(t);
const argocd = await startArgoCd(t, fixture);
const { api, must } = fixture;
await fixture.webhook.stop();
t.jobs = 1;

/** Nodes, of which there are none, would make the Deployments healthy. */
const isSynced = ({ sync, phase }: Awaited<ReturnType<Application['show']>>): boolean =>
  sync === 'Synced' && phase === 'Succeeded';

/** Installs everything, lets the webhook write its certificate, and looks ten times: nothing differs, nothing is written. */
const installs = async (t: Test, { name, syncPolicy }: { readonly name: string; readonly syncPolicy: object }) => {
  await must(['delete', 'mutatingwebhookconfiguration,validatingwebhookconfiguration', '--all']);
  const repository = await fixture.repository(name);
  await cp(MANIFESTS, join(repository.folder, 'manifests'), { recursive: true });
  await repository.commit({ 'kustomization.yaml': [KUSTOMIZATION] });
  const application = await argocd.application({ name, repository, syncPolicy });
  t.match(await application.until(isSynced), { sync: 'Synced', phase: 'Succeeded', conditions: [] });

  const { dir } = fixture.cluster;
  const flags = ['--kubeconfig', join(dir, 'webhook.kubeconfig'), '--namespace', OPERATOR_NAMESPACE, '--guard-values'];
  const webhook = await startWebhookProgram(dir, [...flags, '--shutdown-delay', '0s']);
  t.teardown(webhook.stop);
  const text = await must(['kustomize', repository.folder]);
  const configurations = parseAllDocuments(text)
    .map((each) => each.toJS() as Manifest)
    .filter(({ kind }) => kind.endsWith('WebhookConfiguration'));
  for (const object of configurations)
    t.match(valueAt((await api.get(object)).body, 'webhooks', 0, 'clientConfig'), {
      caBundle: /^LS0t/,
      service: { name: 'werfbundle-webhook' },
    });
  const before = await versionsOf(api, configurations);
  for (let round = 1; round <= 10; round += 1)
    t.match(await application.refresh(), { sync: 'Synced', conditions: [] }, `round ${round}`);
  t.same(await versionsOf(api, configurations), before);
  await must(['delete', 'application', name, '-n', 'argocd']);
};

for (const [name, syncPolicy] of Object.entries({
  'client-side': {},
  'server-side': { syncOptions: ['ServerSideApply=true'] },
}))
  t.test(`all manifests, applied ${name}: Synced from the start, and ten looks find nothing that differs`, (t) =>
    installs(t, { name, syncPolicy }),
  );
