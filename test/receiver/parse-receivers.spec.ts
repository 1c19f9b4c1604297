import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parseReceivers } from '../../receiver/parse-receivers.js';
import { SENDERS } from '../../receiver/senders/sender-table.js';

const SECRETS: Readonly<Record<string, string>> = {
  harbor: 'correct-horse-battery-staple\n',
  next: 'the-secret-that-comes-after-it\r\n',
  short: 'short',
  spaced: 'correct horse battery staple',
  odd: 'correct/horse/battery/staple',
};
const read = (text: string) =>
  parseReceivers(text, (file) => (Object.hasOwn(SECRETS, file) ? SECRETS[file] : undefined));
const one = (fields: Readonly<Record<string, unknown>>) =>
  read(
    JSON.stringify({
      receivers: [
        { name: 'harbor', type: 'Harbor', registry: 'harbor.example/acme', secretFiles: ['harbor'], ...fields },
      ],
    }),
  );

t.test('a file says who may call, by which secrets, and for which registry', async (t) => {
  const text = `
receivers:
- name: harbor
  type: Harbor
  registry: Harbor.example/acme
  secretFiles: [harbor, next]
- name: hub
  type: DockerHub
  registry: index.docker.io
  secretFiles: [harbor]
`;
  t.strictSame(read(text), {
    kind: 'ok',
    receivers: new Map([
      [
        'harbor',
        {
          name: 'harbor',
          type: 'Harbor',
          registry: { host: 'harbor.example', path: 'acme' },
          secrets: ['correct-horse-battery-staple', 'the-secret-that-comes-after-it'],
        },
      ],
      [
        'hub',
        {
          name: 'hub',
          type: 'DockerHub',
          registry: { host: 'docker.io', path: undefined },
          secrets: ['correct-horse-battery-staple'],
        },
      ],
    ]),
  });
  t.match(read('receivers: []'), { kind: 'ok' }, 'none is no fault: all calls are refused');
});

t.test('the file of docs/push.md is valid, and it has a row for each type of sender', async (t) => {
  const document = await readFile(join(import.meta.dirname, '..', '..', 'docs/push.md'), 'utf8');
  const [, text = ''] = /```yaml\n(receivers:[\s\S]*?)```/.exec(document) ?? [];
  t.match(
    parseReceivers(text, () => SECRETS['harbor']),
    {
      kind: 'ok',
      receivers: new Map([
        ['harbor', {}],
        ['ci', {}],
      ]),
    },
  );
  const rows = [...document.matchAll(/^\| `([A-Z]\w+)` \|/gm)].map(([, type]) => type);
  t.strictSame(rows.toSorted(), Object.keys(SENDERS).toSorted());
});

t.test('all faults are told at once, by field, and no secret is shown', async (t) => {
  const text = `
receivers:
- name: Harbor!
  type: harbor
  registry: https://harbor.example
  secretfiles: [harbor]
- name: ci
  type: Generic
  registry: localhost:5000/acme
  secretFiles: [short, spaced, ../etc/passwd, missing]
- name: ci
  type: Quay
  registry: quay.io/Acme
  secretFiles: [odd]
- text
other: 1
`;
  const parsed = read(text);
  t.strictSame(parsed.kind === 'invalid' && parsed.problems, [
    'other: is no field; only receivers is one',
    'receivers[0].secretfiles: is no field of a receiver; there is secretFiles',
    'receivers[0].name: a name of lower-case letters, digits and "-" is needed; it is the end of the URL',
    'receivers[0].type: must be one of ACR, Distribution, DockerHub, ECR, Generic, GitHub, GitLab, Harbor, Quay',
    'receivers[0].registry: the registry is needed as the bundles\' url has it, with or without a path: "ghcr.io/acme" or "registry.corp.example"',
    'receivers[0].secretFiles: a list of names of files beside this one is needed, with a secret in each',
    'receivers[1].secretFiles[0]: the secret in "short" needs 16 characters or more',
    'receivers[1].secretFiles[1]: the secret in "spaced" has white space or letters that no header may have',
    'receivers[1].secretFiles[2]: the name of a file beside this one is needed, without a folder',
    'receivers[1].secretFiles[3]: there is no file of this name beside this one',
    'receivers[2].registry: the registry is needed as the bundles\' url has it, with or without a path: "ghcr.io/acme" or "registry.corp.example"',
    'receivers[2].secretFiles[0]: the secret in "odd" stands in a URL: only letters, digits, "-" and "_" may be in it',
    'receivers[2].name: there is another receiver "ci"',
    'receivers[3]: a map of name, type, registry, secretFiles is needed',
    ...[
      'receivers[3].name: a name of lower-case letters, digits and "-" is needed; it is the end of the URL',
      'receivers[3].type: must be one of ACR, Distribution, DockerHub, ECR, Generic, GitHub, GitLab, Harbor, Quay',
      'receivers[3].registry: the registry is needed as the bundles\' url has it, with or without a path: "ghcr.io/acme" or "registry.corp.example"',
      'receivers[3].secretFiles: a list of names of files beside this one is needed, with a secret in each',
    ],
  ]);
});

/** Each line stands for ten of the one before. */
const ALIASES = [
  'a0: &a0 [1]',
  ...Array.from({ length: 9 }, (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at},`.repeat(10)}]`),
].join('\n');

t.test('what is no list of receivers is refused', async (t) => {
  for (const text of ['', 'receivers', '[]', 'receivers: {}', 'receivers: [', '\t', 'receivers: *nothing', ALIASES])
    t.match(read(text), { kind: 'invalid' }, JSON.stringify(text));
});

t.test('a registry means the same with oci:// and without', async (t) => {
  const registryOf = (registry: string) => {
    const parsed = one({ registry });
    return parsed.kind === 'ok' && parsed.receivers.get('harbor')?.registry;
  };
  t.strictSame(registryOf('oci://ghcr.io/acme'), registryOf('ghcr.io/acme'));
});

t.test('a registry is what the url of a bundle may begin with', async (t) => {
  for (const registry of ['ghcr.io', 'ghcr.io/acme', 'localhost:5000', '[::1]:5000/a/b', 'oci://ghcr.io/acme'])
    t.match(one({ registry }), { kind: 'ok' }, registry);
  for (const registry of [
    '',
    'acme',
    'acme/shop',
    'ghcr.io/',
    'ghcr.io/acme/',
    'ghcr.io/*',
    'https://ghcr.io',
    5,
    null,
  ])
    t.match(one({ registry }), { kind: 'invalid' }, String(registry));
});
