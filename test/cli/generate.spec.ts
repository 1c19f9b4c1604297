import { chmod, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t from 'tap';
import { CommandError } from '../../cli/command-error.js';
import { generate } from '../../cli/generate/command.js';
import { createFakeTerminal } from '../kit/fake-terminal.js';

const ROOT = t.testdir({});

/** Stands in every Secret of these specs; nothing but the manifests themselves may repeat it. */
const SECRET_TEXT = 'hunter2-hunter2';

const BUNDLE = `# the shop
apiVersion: werf.io/v1alpha1
kind: WerfBundle
metadata: {name: shop}
spec:
  registry:
    url: registry.example/acme/shop
`;
const WRONG = BUNDLE.replace('registry.example/', 'https://registry.example/');
const SECRET = `apiVersion: v1\nkind: Secret\nmetadata: {name: keys}\nstringData: {key: ${SECRET_TEXT}}\n`;

interface Wish {
  readonly files: Readonly<Record<string, string>>;
  readonly options?: Parameters<typeof generate>[1]['options'];
  readonly env?: NodeJS.ProcessEnv;
}

/** What is printed, told and returned for a folder with these files. `DIR` stands for its path. */
const run = async ({ files, ...wish }: Wish) => {
  const folder = await mkdtemp(join(ROOT, 'folder-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return runIn(folder, wish);
};

const runIn = async (folder: string, { options = {}, env = {} }: Omit<Wish, 'files'> = {}) => {
  const terminal = createFakeTerminal();
  const failure = await generate(folder, { options, env, terminal }).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure !== undefined && !(failure instanceof CommandError)) throw failure;
  const told = failure === undefined ? terminal.takenErrors() : failure.lines.map((line) => `${line}\n`).join('');
  return {
    out: terminal.taken(),
    err: told.replaceAll(folder, 'DIR'),
    code: failure?.exitCode ?? terminal.ended.at(-1),
  };
};

t.test('all files that hold Kubernetes objects are printed byte by byte, --- between them', async (t) => {
  const files = {
    'b.yaml': `---\n${SECRET}---\n\n# nothing\n`,
    'a.yml': '\uFEFFapiVersion: v1\r\nkind: ConfigMap\r\nmetadata: {name: a}\r\n',
    'c/shop.yaml': BUNDLE,
    'c/values.yaml': 'replicas: 2\n',
    'd.json': '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "d"}}',
    'empty.yaml': '# nothing\n',
    '.hidden.yaml': 'a: b: c',
  };
  const { 'b.yaml': b, 'c/shop.yaml': c, 'd.json': d } = files;
  t.strictSame(await run({ files }), {
    out: `${files['a.yml'].slice(1)}${b}---\n${c}---\n${d}\n`,
    err: 'werfbundle: DIR/c/values.yaml holds no Kubernetes object, and is left out\n',
    code: 0,
  });
});

t.test('--- comes before each of several JSON objects, so that Argo CD reads them all', async (t) => {
  const objects = ['a', 'b', 'c'].map((name) =>
    JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: '}{' } }),
  );
  const [a, b, c] = objects;
  const files = { 'a.json': `${a}${b}\n${c}`, 'b.json': `\n${a}\n---\n${b}\n`, 'c.yaml': BUNDLE };
  t.strictSame(await run({ files }), {
    out: `---\n${a}\n---\n${b}\n---\n${c}\n---\n\n${a}\n---\n${b}\n---\n${BUNDLE}`,
    err: '',
    code: 0,
  });
});

t.test('one problem, and no manifest is printed: each problem has a number and can be read by itself', async (t) => {
  const files = {
    'a.yaml': SECRET,
    'shop.yaml': `${WRONG}    pollInterval: "15"\n`,
    'web.yaml': BUNDLE.replace('shop}', 'web}'),
  };
  t.strictSame(await run({ files }), {
    out: '',
    err:
      '2 problems, nothing is applied:\n' +
      '(1) DIR/shop.yaml:7:5: WerfBundle default/shop: spec.registry.url: Invalid value: "https://registry.example/acme/shop": a repository without scheme is needed; did you mean "registry.example/acme/shop"? [WB017]\n' +
      '(2) DIR/shop.yaml:8:5: WerfBundle default/shop: spec.registry.pollInterval: Invalid value: "15": a unit is missing; durations from "1m" to "24h", for example "15m" [WB018]\n',
    code: 1,
  });
});

t.test('hundreds of problems do not flood the Application: what is left out is counted', async (t) => {
  const files = {
    'all.yaml': Array.from({ length: 200 }, (_, n) => WRONG.replace('shop}', `shop-${n}}`)).join('---\n'),
  };
  const { out, err, code } = await run({ files });
  t.strictSame([out, code], ['', 1]);
  const lines = err.trimEnd().split('\n');
  t.equal(lines[0], '200 problems, nothing is applied:');
  t.match(lines.at(-1), /^and \d+ problems more: werfbundle validate lists them$/);
  t.ok(err.length > 8_000 && err.length < 20_000, `${err.length} characters`);
});

t.test('what is no YAML, a file that is half manifests, and an empty folder are problems', async (t) => {
  const broken = await run({
    files: { 'a.yaml': `${SECRET}---\napiVersion: v1\nkind: ConfigMap\na: b: ${SECRET_TEXT}\n` },
  });
  t.match(broken, { out: '', err: /^1 problem, nothing is applied:\n\(1\) DIR\/a\.yaml:8:4: is no YAML/, code: 1 });
  t.notMatch(broken.err, SECRET_TEXT);
  t.strictSame(await run({ files: { 'a.yaml': `${BUNDLE}---\nreplicas: 2\n` } }), {
    out: '',
    err: 'DIR/a.yaml has documents that are no Kubernetes objects: apiVersion or kind is missing\n',
    code: 1,
  });
  t.match(
    await run({ files: { 'a.yaml': '{apiVersion: v1,\n kind: ConfigMap, metadata: {name: a}\n', 'b.yaml': SECRET } }),
    { out: '', err: /^1 problem, nothing is applied:\n\(1\) DIR\/a\.yaml:/, code: 1 },
    'flow style is known as manifests, too',
  );
  t.strictSame(await run({ files: {} }), {
    out: '',
    err: 'there is no .yaml, .yml or .json file in DIR\n',
    code: 2,
  });
});

t.test('links are read within the folder, and none leads out of it', async (t) => {
  const base = await mkdtemp(join(ROOT, 'links-'));
  const folder = join(base, 'app');
  await mkdir(join(folder, 'sub'), { recursive: true });
  await mkdir(join(base, 'app-2'));
  await writeFile(join(base, 'token'), SECRET_TEXT);
  await writeFile(join(base, 'app-2/b.yaml'), SECRET);
  await writeFile(join(folder, 'shop.yaml'), BUNDLE);
  await symlink('../shop.yaml', join(folder, 'sub/link.yaml'));
  await symlink('app', join(base, 'by-link'));
  for (const asked of [folder, `${folder}/`, join(base, 'by-link')])
    t.strictSame(
      await runIn(asked),
      { out: `${BUNDLE}---\n${BUNDLE}`, err: '', code: 0 },
      'a folder may be a link itself',
    );
  await symlink('../token', join(folder, 'a.yaml'));
  await symlink('../../app-2/b.yaml', join(folder, 'sub/b.yaml'));
  await symlink('../app-2', join(folder, 'c'));
  t.strictSame(await runIn(folder), {
    out: '',
    err:
      'DIR/a.yaml is a link to a file outside of the folder, which is not read: put a copy in its place\n' +
      'DIR/sub/b.yaml is a link to a file outside of the folder, which is not read: put a copy in its place\n',
    code: 2,
  });
});

t.test("Argo CD's environment is what options are, but below them", async (t) => {
  const files = {
    'shop.yaml': `${BUNDLE}  converge:\n    valuesFrom:\n    - configMapRef: {name: values}\n`,
    'values.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: values, namespace: prod}\ndata: {}\n',
  };
  const inProd = { ARGOCD_APP_NAMESPACE: 'prod' };
  const rows: readonly {
    title: string;
    env?: NodeJS.ProcessEnv;
    options?: NonNullable<Wish['options']>;
    err: RegExp;
    code: number;
  }[] = [
    { title: 'the namespace', env: inProd, err: /WerfBundle prod\/shop: .*ConfigMap/, code: 1 },
    { title: 'an option in its place', env: inProd, options: { namespace: 'ops' }, err: /^$/, code: 0 },
    { title: 'not strict', err: /^$/, code: 0 },
    {
      title: 'strict',
      env: { ARGOCD_ENV_STRICT: 'true' },
      err: /ConfigMap values of namespace default is not in the input/,
      code: 1,
    },
    { title: 'strict by option', options: { strict: true }, err: /is not in the input/, code: 1 },
    { title: 'not strict by a variable', env: { ARGOCD_ENV_STRICT: 'false' }, err: /^$/, code: 0 },
    {
      title: 'neither',
      env: { ARGOCD_ENV_STRICT: 'yes' },
      err: /^ARGOCD_ENV_STRICT: "yes" is neither true nor false\n$/,
      code: 2,
    },
    { title: 'a wrong option of the webhook', options: { crossNamespace: 'x' }, err: /^--cross-namespace: /, code: 2 },
  ];
  for (const { title, err, code, ...wish } of rows) t.match(await run({ files, ...wish }), { err, code }, title);
});

t.test('a chart is refused, and so is a document that lacks its kind', async (t) => {
  const chart = {
    'shop/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n',
    'shop/values.yaml': 'replicas: 1\n',
    'shop/templates/deployment.yaml':
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: "{{ .Release.Name }}"}\n',
    'shop/charts/db/Chart.yaml': 'apiVersion: v2\nname: db\nversion: 1.0.0\n',
  };
  const words =
    'and no chart is rendered here: give a folder of manifests that has none; to deploy a chart, publish it as a bundle (werfbundle publish DIR/shop HOST/PATH:TAG), or let Argo CD render it in an Application without this plugin\n';
  t.strictSame(await run({ files: { ...chart, 'a.yaml': BUNDLE } }), {
    out: '',
    err: `DIR/shop/Chart.yaml is that of a Helm chart, ${words}`,
    code: 2,
  });
  const two = await run({ files: { ...chart, 'web/Chart.yaml': chart['shop/Chart.yaml'] } });
  t.equal(two.err, `DIR/shop/Chart.yaml, DIR/web/Chart.yaml are those of Helm charts, ${words}`);
  const object = 'apiVersion: example.com/v1\nkind: Chart\nmetadata: {name: a}\n';
  t.strictSame(
    await run({ files: { 'Chart.yaml': object } }),
    { out: object, err: '', code: 0 },
    'an object of that name',
  );
  t.strictSame(await run({ files: { 'a.yaml': BUNDLE, 'b.yaml': 'apiVersion: v2\nname: shop\n' } }), {
    out: '',
    err: 'DIR/b.yaml has documents that are no Kubernetes objects: apiVersion or kind is missing\n',
    code: 1,
  });
});

t.test('a kustomization is built only when it is asked for, and what comes out is judged', async (t) => {
  const files = { 'kustomization.yaml': 'resources: [shop.yaml]\n', 'shop.yaml': BUNDLE };
  t.strictSame(await run({ files }), {
    out: '',
    err: 'DIR/kustomization.yaml is for kustomize, which is not run: give --kustomize (in Argo CD, set KUSTOMIZE to "true" under source.plugin.env; elsewhere ARGOCD_ENV_KUSTOMIZE=true is the same), or take the file away\n',
    code: 2,
  });
  const below = ['a', 'b', 'c', 'd', 'e'].map((name) => [`${name}/kustomization.yaml`, 'resources: []\n'] as const);
  t.strictSame(
    await run({ files: Object.fromEntries(below) }),
    {
      out: '',
      err: 'DIR/a/kustomization.yaml, DIR/b/kustomization.yaml, DIR/c/kustomization.yaml and 2 more are for kustomize, which builds only the folder that it is given: give the one that has it: werfbundle generate DIR/a --kustomize (in Argo CD, give that folder as source.path, and set KUSTOMIZE to "true" under source.plugin.env)\n',
      code: 2,
    },
    'below the folder they are one line',
  );
  const program = join(ROOT, 'builder');
  const built = async (script: string, env: NodeJS.ProcessEnv = {}) => {
    await writeFile(program, `#!/bin/sh\n${script}\n`);
    await chmod(program, 0o755);
    const { err, ...rest } = await run({ files, env, options: { kustomize: `${program} build` } });
    return { ...rest, err: err.replaceAll(program, 'builder') };
  };
  t.strictSame(await built('cat "$2/shop.yaml"'), { out: BUNDLE, err: '', code: 0 });
  t.match(await built('sed "s,registry.example/,https://x/," "$2/shop.yaml"'), {
    out: '',
    err: /^1 problem, nothing is applied:\n\(1\) builder build DIR:7:5: WerfBundle default\/shop: spec\.registry\.url: /,
    code: 1,
  });
  t.strictSame(await built('echo no such base >&2; exit 1'), {
    out: '',
    err: 'builder build DIR: no such base\n',
    code: 1,
  });
  t.strictSame(await built(`echo "patch of Secret: ${SECRET_TEXT}" >&2; exit 1`), {
    out: '',
    err: 'builder build DIR: it failed, and says why in words that may hold a Secret: run it to read them\n',
    code: 1,
  });
  const missing = await run({ files, options: { kustomize: 'no-such-program build' } });
  t.strictSame(missing, { out: '', err: 'no-such-program build DIR: no-such-program is not on the PATH\n', code: 1 });
});
