import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse, parseAllDocuments } from 'yaml';
import { createProgram } from '../../cli/program.js';
import { createFakeTerminal } from '../kit/fake-terminal.js';
import { judgeText } from '../kit/judge-text.js';
import { missingRights } from '../kit/werf-rights.js';

const init = async (...argv: readonly string[]) => {
  const terminal = createFakeTerminal();
  const program = await createProgram({ name: 'werfbundle', version: '1', argv: ['init', ...argv], terminal });
  await program();
  return { out: terminal.taken(), err: terminal.takenErrors(), ended: terminal.ended };
};
const GIVEN = ['shop', '--registry', 'ghcr.io/acme/shop', '--target', 'production'];

t.test('what init prints is valid, strictly, and has the rights of the samples', async (t) => {
  const { out, err, ended } = await init(
    ...GIVEN,
    '-n',
    'ops',
    '--version-constraint',
    '1.x',
    '--service-account',
    'shop',
  );
  t.strictSame([err, ended], ['', [0]]);
  const [result] = await judgeText('init', out, { strict: true });
  t.match(result, { verdict: 'allow', name: 'shop', namespace: 'ops', problems: [], unresolved: [] });
  const objects = parseAllDocuments(out).map((document) => document.toJS());
  t.strictSame(
    objects.map(({ kind, metadata }) => [kind, metadata.namespace, metadata.name]),
    [
      ['Namespace', undefined, 'production'],
      ['ServiceAccount', 'production', 'shop'],
      ['Role', 'production', 'shop'],
      ['RoleBinding', 'production', 'shop'],
      ['WerfBundle', 'ops', 'shop'],
    ],
  );
  t.strictSame(objects[0].metadata.annotations, { 'werf.io/accept-bundles-from': 'ops' });
  const sample = readFileSync(join(import.meta.dirname, '../../manifests/samples/werf-converge.yaml'), 'utf8');
  const role = sample.split(/^---$/m).find((part) => /^kind: Role$/m.test(part)) ?? '';
  t.strictSame(objects[2].rules, parse(role).rules);
  t.strictSame(missingRights(objects[2].rules), []);
});

t.test('a registry on this machine, which usually speaks plain HTTP, is warned of without --insecure', async (t) => {
  const warned = 'Warning: --registry: 127.0.0.1:5000 usually speaks plain HTTP: if so, give --insecure\n';
  for (const [registry, says] of [
    ['127.0.0.1:5000/demo/shop', warned],
    ['localhost:5000/demo/shop', warned.replace('127.0.0.1', 'localhost')],
    ['ghcr.io/acme/shop', ''],
  ] as const) {
    const argv = ['shop', '--registry', registry, '--target', 'demo', '--tag', 'v1'];
    const { out, err, ended } = await init(...argv);
    t.strictSame([err, ended], [says, [0]], registry);
    t.notMatch(out, 'insecure', 'nothing is rewritten');
    t.notMatch((await init(...argv, '--insecure')).err, '--insecure', registry);
  }
});

t.test('the rights alone are for a ServiceAccount that is there', async (t) => {
  const { out, ended } = await init(
    '--rights',
    '--target',
    'production',
    '--service-account',
    'shop',
    '--role',
    'shop-werf',
  );
  const [role, binding, ...more] = parseAllDocuments(out).map((document) => document.toJS());
  t.strictSame([more, ended], [[], [0]]);
  t.match(role, { kind: 'Role', metadata: { name: 'shop-werf', namespace: 'production' } });
  t.strictSame(missingRights(role.rules), []);
  t.match(binding, {
    kind: 'RoleBinding',
    metadata: { name: 'shop-werf', namespace: 'production' },
    roleRef: { kind: 'Role', name: 'shop-werf' },
    subjects: [{ kind: 'ServiceAccount', name: 'shop', namespace: 'production' }],
  });
  const usual = await init('--rights', '--target', 'production', '-o', 'json');
  t.strictSame(
    JSON.parse(usual.out).items.map(({ metadata }: { readonly metadata: { readonly name: string } }) => metadata.name),
    ['werf-converge', 'werf-converge'],
  );
  const refused = [
    {
      argv: ['shop', '--rights', '--target', 'a'],
      says: /--rights: the rights are of a ServiceAccount; leave out "shop"/,
    },
    { argv: ['--rights', '--target', 'a', '--role', 'A b'], says: /--role: "A b" is no name/ },
    {
      argv: ['--target', 'a', '--registry', 'x.y/z'],
      says: /^werfbundle: give the name of the bundle; or --rights and --target, for the rights alone\n$/,
    },
    {
      argv: [],
      says: /^werfbundle: give the name of the bundle and --registry and --target; or --rights and --target, for the rights alone\n$/,
    },
    { argv: ['--rights'], says: /^werfbundle: --rights: give --target, the namespace of the ServiceAccount\n$/ },
    {
      argv: ['--rights', '-n', 'a'],
      says: /^werfbundle: --rights: they are in the namespace of the ServiceAccount: --target a in the place of --namespace\n$/,
    },
    {
      argv: ['--rights', '--target', 'a', '-n', 'b'],
      says: /^werfbundle: --rights: they are in the namespace of --target; leave out --namespace\n$/,
    },
    {
      argv: ['--rights', '--target', 'a', '--tag', 'v1', '--insecure'],
      says: /^werfbundle: --rights: the rights are of a ServiceAccount; leave out --tag and --insecure\n$/,
    },
  ];
  for (const { argv, says } of refused) t.match(await init(...argv), { out: '', ended: [2], err: says });
});

t.test('a bundle in its own target needs no consent; -o json is the same as a List', async (t) => {
  const { out } = await init(...GIVEN, '--tag', 'v1.0.0', '--registry-secret', 'creds', '-o', 'json');
  const { items } = JSON.parse(out);
  t.strictSame(
    items.map(({ kind }: { readonly kind: string }) => kind),
    ['ServiceAccount', 'Role', 'RoleBinding', 'WerfBundle'],
  );
  t.strictSame(items.at(-1).spec, {
    registry: { url: 'ghcr.io/acme/shop', tag: 'v1.0.0', secretRef: { name: 'creds' } },
    converge: { serviceAccountName: 'werf-converge' },
  });
  const yaml = (await init(...GIVEN, '--tag', 'v1.0.0', '--registry-secret', 'creds')).out;
  t.strictSame(
    parseAllDocuments(yaml).map((document) => document.toJS()),
    items,
  );
  t.match(yaml, /^# Its credentials: kubectl create secret docker-registry creds -n production /m);
});

t.test('what breaks a rule is told by its option, all at once, and nothing is printed', async (t) => {
  const wrong = await init(
    'shop',
    '--registry',
    'https://ghcr.io/acme/shop:v1',
    '--target',
    'production',
    '--version-constraint',
    'new',
    '--tag',
    'v1',
  );
  t.strictSame([wrong.out, wrong.ended], ['', [2]]);
  t.match(wrong.err, /^werfbundle: --registry: .*did you mean "ghcr\.io\/acme\/shop"\?$/m);
  const tagged = await init('shop', '--registry', 'http://ghcr.io/acme/shop:v1', '--target', 'production');
  t.match(tagged.err, /did you mean "ghcr\.io\/acme\/shop" with --tag v1 and --insecure\?\n$/);
  t.match(wrong.err, /^werfbundle: --version-constraint: .*"new" is no version range/m);
  t.match(await init('Shop', ...GIVEN.slice(1)), { out: '', err: /^werfbundle: NAME: "Shop" is no name: / });
  t.match((await init(...GIVEN)).err, /^Warning: spec\.registry: no versionConstraint and no tag/);
  t.match(await init('shop', '--target', 'a'), { out: '', ended: [2], err: /--registry/ });
});

t.test('a name that YAML could read as something else is in quotes', async (t) => {
  for (const name of ['y', 'on', 'no', '1e3', '12', '0b1', '07', '0x1f', 'null', 'true']) {
    const { out, err, ended } = await init(name, '--registry', 'ghcr.io/acme/shop', '--target', name, '--tag', '1.10');
    t.strictSame([err, ended], ['', [0]], name);
    t.notMatch(out, new RegExp(`name(space)?: ${name}$`, 'm'), name);
    const objects = parseAllDocuments(out, { version: '1.1' }).map((document) => document.toJS());
    t.strictSame(
      [objects.at(-1).metadata, objects.at(-1).spec.registry.tag],
      [{ name, namespace: name }, '1.10'],
      name,
    );
  }
});
