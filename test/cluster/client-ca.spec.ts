import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { issueAuthority } from '../../certs/issue.js';
import { holdPort } from '../../playground/control-plane/held-ports.js';
import { startAdmissionFixture } from '../kit/admission-fixture.js';
import { eventually } from '../kit/eventually.js';
import { headersOf, openSlowCaller } from '../kit/slow-caller.js';

const ROOT = join(import.meta.dirname, '..', '..');
const OPERATIONS = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
/** Where the documents have the apiserver's files. */
const DOCUMENTED = '/etc/kubernetes/webhooks';

const section = OPERATIONS.split(/^## /m).find((text) => text.startsWith('Client certificates\n')) ?? '';
const [commands = '', admission = '', kubeconfig = ''] = [...section.matchAll(/```(?:bash|yaml)\n([\s\S]*?)```/g)].map(
  ([, text = '']) => text,
);

const hasOpenssl = (): boolean => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

if (!hasOpenssl()) t.plan(0, 'openssl, by which the documents make the certificates, is not on this machine');
else {
  const dir = t.testdir({});
  execFileSync('bash', ['-ec', commands], { cwd: dir, stdio: 'ignore' });
  const held = await holdPort(0);
  t.teardown(() => held.release());
  const here = (text: string): string => text.replaceAll(DOCUMENTED, dir);
  writeFileSync(join(dir, 'admission.yaml'), here(admission));
  // Without a Service, the host is that of --advertise-url.
  const host = `127.0.0.1:${held.port}`;
  writeFileSync(
    join(dir, 'kubeconfig.yaml'),
    here(kubeconfig).replace('werfbundle-webhook.k8s-werf-operator-go-system.svc', `"${host}"`),
  );
  const fixture = await startAdmissionFixture(t, { admissionConfig: join(dir, 'admission.yaml') });
  const { must } = fixture;
  await must(['create', 'namespace', 'team-a']);
  await held.release();
  const clientCa = join(dir, 'given.crt');
  cpSync(join(dir, 'client-ca.crt'), clientCa);
  const webhook = await fixture.startWebhook({
    flags: [
      ...['--listen', host, '--advertise-url', `https://${host}`],
      ...['--client-ca', clientCa, '--client-names', 'kube-apiserver-webhook-client', '--time-scale', '10'],
    ],
  });
  const create = () =>
    fixture.cluster.kubectl(
      ['create', '--dry-run=server', '-f', '-'],
      JSON.stringify({
        apiVersion: 'werf.io/v1alpha1',
        kind: 'WerfBundle',
        metadata: { namespace: 'team-a', name: 'shop' },
        spec: { registry: { url: 'ghcr.io/acme/app', tag: 'v1.0.0' } },
      }),
    );

  t.test('an apiserver that shows its certificate, set up as documented, is answered; others are not', async (t) => {
    const applied = await create();
    t.equal(applied.code, 0, applied.stderr);
    const stranger = await openSlowCaller(webhook.port);
    stranger.send(`${headersOf('/validate', 2)}{}`);
    await stranger.ended;
    t.match(stranger.received(), /^HTTP\/1\.1 403 /);
    t.equal((await fetch(`http://127.0.0.1:${webhook.healthPort}/readyz`)).status, 200, 'a kubelet needs none');
  });

  t.test('another CA counts as soon as the file has it', async (t) => {
    writeFileSync(clientCa, (await issueAuthority(Date.now())).certificate);
    const refused = await eventually(create, ({ stderr }) => stderr.includes('client certificate'));
    t.match(
      refused.stderr,
      /a client certificate is needed that --client-ca vouches for/,
      'and kubectl says what is missing',
    );
    cpSync(join(dir, 'client-ca.crt'), clientCa);
    const again = await eventually(create, ({ code }) => code === 0);
    t.equal(again.code, 0, again.stderr);
    t.match(await webhook.metrics(), /^werfbundle_webhook_refusals_total\{reason="client-certificate"\} [1-9]/m);
  });

  t.test('the part of the manifests that takes the CAs from a ConfigMap is what kustomize can build', async (t) => {
    const overlay = t.testdir({});
    const manifests = join(overlay, 'manifests');
    cpSync(join(ROOT, 'manifests'), manifests, { recursive: true });
    writeFileSync(
      join(overlay, 'kustomization.yaml'),
      'resources: [manifests/default]\ncomponents: [manifests/certs, manifests/webhook/client-ca]\n',
    );
    const { stdout, stderr, code } = await fixture.cluster.kubectl(['kustomize', overlay]);
    t.equal(code, 0, stderr);
    const deployment =
      stdout
        .split('\n---\n')
        .find((text) => /kind: Deployment/.test(text) && text.includes('name: werfbundle-webhook')) ?? '';
    for (const text of [
      'WERFBUNDLE_CLIENT_CA',
      'WERFBUNDLE_NAMESPACE',
      '--cert-dir=',
      'name: client-ca',
      'name: certificates',
    ])
      t.ok(deployment.includes(text), text);
    const policies = await fixture.cluster.kubectl([
      'apply',
      '--dry-run=server',
      '-k',
      join(ROOT, 'manifests/network-policies'),
    ]);
    t.equal(policies.code, 0, policies.stderr);
    const [, patched = ''] = /^## Network policies[\s\S]*?```yaml\n([\s\S]*?)```/m.exec(OPERATIONS) ?? [];
    // As it is written there, beside a checkout.
    const beside = patched.replace('../werfbundle/manifests', 'manifests');
    writeFileSync(join(overlay, 'kustomization.yaml'), beside);
    const built = await fixture.cluster.kubectl(['kustomize', overlay]);
    t.match(
      built.stdout,
      /cidr: 192\.0\.2\.10\/32[\s\S]*port: 9443|port: 5000/,
      'and so are the patches of the documents',
    );
    t.equal(built.code, 0, built.stderr);
  });
}
