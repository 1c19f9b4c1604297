import { join } from 'node:path';
import t from 'tap';
import { isWell, startArgoCd } from './argocd.js';
import { startGitOpsStage } from './gitops-stage.js';
import { Kustomization } from './kustomization.js';

/** The shortest of what the other specs show, for every change: one commit, and the tool says so when it is deployed. */
const stage = await startGitOpsStage(t);

t.test('Flux', async (t) => {
  const repository = await stage.repository('flux');
  await stage.publish({ repository: 'acme/flux', tag: 'v1.0.0', behaviour: 'slow: 2' });
  await repository.commit({ 'shop.yaml': stage.shop('flux').all });
  const { kubeconfig, dir } = stage.cluster;
  const kustomization = new Kustomization({ name: 'flux', repository, kubeconfig, dir: join(dir, 'flux') });
  t.match(await kustomization.reconcile(), { ready: 'True', message: /^Applied revision: / });
  t.match(await stage.bundle('flux'), { status: { phase: 'Synced', lastAppliedTag: 'v1.0.0' } });
  t.match(await kustomization.reconcile(), { ready: 'True', changes: null });
});

t.test('Argo CD', async (t) => {
  const argocd = await startArgoCd(t, stage);
  const repository = await stage.repository('argocd-shop');
  await stage.publish({ repository: 'acme/argocd-shop', tag: 'v1.0.0', behaviour: 'slow: 2' });
  await repository.commit({ 'shop.yaml': stage.shop('argocd-shop').all });
  const application = await argocd.application({ name: 'shop', repository });
  t.match(await application.until(isWell), { sync: 'Synced', health: 'Healthy' });
  t.match(await stage.bundle('argocd-shop'), { status: { phase: 'Synced', lastAppliedTag: 'v1.0.0' } });
});
