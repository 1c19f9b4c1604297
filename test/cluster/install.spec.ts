import { execFile } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { stringify } from 'yaml';
import { established } from '../../playground/established.js';
import { startCluster } from '../kit/cluster.js';
import { objectsOf } from '../kit/kustomized.js';

// How people install it: the file of a release, and the manifests as a base that lies in a git repository.

const ROOT = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);
const cluster = await startCluster(t);
const must = async (args: readonly string[], input?: string): Promise<string> => {
  const { code, stdout, stderr } = await cluster.kubectl(args, input);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
};
const kustomize = async (folder: string) => objectsOf(await must(['kustomize', folder]));
const buildInstall = async (...args: readonly string[]): Promise<string> =>
  (await run(process.execPath, [join(ROOT, 'release/install.mjs'), ...args])).stdout;

t.test('install.yaml has the CRD and what manifests/default makes of itself, and is the same each time', async (t) => {
  const text = await buildInstall();
  t.strictSame(objectsOf(text), {
    ...(await kustomize(join(ROOT, 'manifests/crd'))),
    ...(await kustomize(join(ROOT, 'manifests/default'))),
  });
  t.equal(await buildInstall(), text);
});

t.test('it has the image that it is told, by tag or digest, and takes none that may be another tomorrow', async (t) => {
  const digest = `sha256:${'0'.repeat(64)}`;
  for (const image of ['registry.example.com:5000/platform/werfbundle:1.2.3', `ghcr.io/acme/werfbundle@${digest}`]) {
    const text = await buildInstall('--image', image);
    const images = [...text.matchAll(/^ +image: (.*)$/gm)].map(([, named]) => named);
    t.strictSame(images, [image, image]);
  }
  for (const image of [
    'ghcr.io/acme/werfbundle',
    'https://ghcr.io/acme/werfbundle:1',
    'ghcr.io/acme/werfbundle@sha256:0',
  ])
    await t.rejects(buildInstall('--image', image), /--image: "/, image);
});

t.test('install.yaml is applied without a warning, and a second time changes nothing', async (t) => {
  const text = await buildInstall();
  const first = await cluster.kubectl(['apply', '-f', '-'], text);
  t.strictSame([first.code, first.stderr], [0, '']);
  t.ok(await established(cluster.kubectl, 'werfbundles.werf.io'));
  const difference = await cluster.kubectl(['diff', '-f', '-'], text);
  t.strictSame([difference.code, difference.stdout], [0, '']);
  await must(['apply', '-f', '-'], text);
  const generations = ['-o', 'jsonpath={range .items[*]}{.kind}: {.metadata.generation}{"\\n"}{end}'];
  const kinds = 'deployments,poddisruptionbudgets,mutatingwebhookconfigurations,validatingwebhookconfigurations';
  const found = await must(['get', kinds, '-A', '-l', 'app.kubernetes.io/part-of=werfbundle', ...generations]);
  t.strictSame(found.trim().split('\n'), [
    ...Array(2).fill('Deployment: 1'),
    ...Array(2).fill('PodDisruptionBudget: 1'),
    'MutatingWebhookConfiguration: 1',
    'ValidatingWebhookConfiguration: 1',
  ]);
});

/** A kustomization of somebody else's, outside of this repository. */
const overlay = async (name: string, kustomization: object): Promise<string> => {
  const folder = join(cluster.dir, name);
  await mkdir(folder, { recursive: true });
  const head = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' };
  await writeFile(join(folder, 'kustomization.yaml'), stringify({ ...head, ...kustomization }));
  return folder;
};

/** The manifests as a repository that kustomize clones, and the address of a folder in it. */
const repository = async (): Promise<(folder: string) => string> => {
  const folder = join(cluster.dir, 'repository');
  await cp(join(ROOT, 'manifests'), join(folder, 'manifests'), { recursive: true });
  const git = (...args: readonly string[]) =>
    run('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], { cwd: folder });
  await git('init', '-q', '-b', 'main', '.');
  await git('add', '-A');
  await git('commit', '-qm', 'manifests');
  await git('tag', 'v0.1.0');
  return (path) => `file://${folder}//${path}?ref=v0.1.0`;
};

const COMPONENTS = [
  'manifests/webhook/values-guard',
  'manifests/certs',
  'manifests/webhook/client-ca',
  'manifests/controller/watch-secrets',
  'manifests/receiver',
  'manifests/dashboard',
  'manifests/admission-policy',
];

t.test('the manifests are a base in a git repository, with each component, from wherever the overlay is', async (t) => {
  const remote = await repository();
  const at = async (name: string, addressed: (path: string) => string) =>
    await kustomize(
      await overlay(name, {
        resources: ['manifests/default', 'manifests/network-policies'].map(addressed),
        components: COMPONENTS.map(addressed),
      }),
    );
  await cp(join(ROOT, 'manifests'), join(cluster.dir, 'checkout/manifests'), { recursive: true });
  const made = await at('of-a-repository', remote);
  t.strictSame(made, await at('of-a-checkout', (path) => `../checkout/${path}`));
  const [container] = (made['Deployment werfbundle-webhook'] as never as Deployed).spec.template.spec.containers;
  t.match(container, {
    args: [/^--listen=/, /^--health-address=/, '--guard-values', '--cert-dir=/etc/werfbundle/certificates'],
    env: [{ name: 'WERFBUNDLE_NAMESPACE' }, { name: 'WERFBUNDLE_CLIENT_CA' }].toReversed(),
  });
  t.strictSame(container?.volumeMounts.map(({ name }) => name).toSorted(), ['certificates', 'client-ca']);
});

t.test('an overlay moves all of it into another namespace', async (t) => {
  await cp(join(ROOT, 'manifests'), join(cluster.dir, 'checkout/manifests'), { recursive: true });
  const moved = await kustomize(
    await overlay('moved', { namespace: 'platform', resources: ['../checkout/manifests/default'] }),
  );
  t.notMatch(JSON.stringify(moved), 'k8s-werf-operator-go-system');
  t.ok(moved['Namespace platform']);
  const above = await kustomize(
    await overlay('above', { resources: ['../moved'], components: ['../checkout/manifests/admission-policy'] }),
  );
  t.notMatch(JSON.stringify(above), 'k8s-werf-operator-go-system', 'and a component above it follows');
  t.match(above['ValidatingAdmissionPolicy werfbundle-rules'], {
    spec: { variables: [{ name: 'operatorNamespace', expression: "'platform'" }] },
  });
});

interface Deployed {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly args: readonly string[];
          readonly volumeMounts: readonly { readonly name: string }[];
        }[];
      };
    };
  };
}
