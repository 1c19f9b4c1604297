import { join } from 'node:path';
import t from 'tap';
import { isWell, startArgoCd } from './argocd.js';
import { startGitOpsFixture } from './gitops-fixture.js';
import { Kustomization } from './kustomization.js';

/** The shortest of what the other specs show, for every change: one commit, and the tool says so when it is deployed. */
const fixture = await startGitOpsFixture(t);

t.test('Flux', async (t) => {
  const repository = await fixture.repository('flux');
  await fixture.publish({ repository: 'acme/flux', tag: 'v1.0.0', behaviour: 'slow: 2' });
  await repository.commit({ 'shop.yaml': fixture.shop('flux').all });
  const { kubeconfig, dir } = fixture.cluster;
  const kustomization = new Kustomization({ name: 'flux', repository, kubeconfig, dir: join(dir, 'flux') });
  t.match(await kustomization.reconcile(), { ready: 'True', message: /^Applied revision: / });
  t.match(await fixture.bundle('flux'), { status: { phase: 'Synced', lastAppliedTag: 'v1.0.0' } });
  t.match(await kustomization.reconcile(), { ready: 'True', changes: null });
});

t.test('Argo CD', async (t) => {
  const argocd = await startArgoCd(t, fixture);
  const repository = await fixture.repository('argocd-shop');
  await fixture.publish({ repository: 'acme/argocd-shop', tag: 'v1.0.0', behaviour: 'slow: 2' });
  await repository.commit({ 'shop.yaml': fixture.shop('argocd-shop').all });
  const application = await argocd.application({ name: 'shop', repository });
  t.match(await application.until(isWell), { sync: 'Synced', health: 'Healthy' });
  t.match(await fixture.bundle('argocd-shop'), { status: { phase: 'Synced', lastAppliedTag: 'v1.0.0' } });
});
