import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';

t.test('a controller that can not start says why in one line, and ends with exit code 2', async (t) => {
  const dir = t.testdir({
    'empty.kubeconfig': '',
    kubeconfig: '',
    template: 'apiVersion: v1\nkind: PodTemplate\ntemplate: {spec: {serviceAccountName: admin}}\n',
  });
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.teardown(() => taken.close());
  const address = taken.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const cluster = { name: 'x', cluster: { server: 'https://127.0.0.1:1' } };
  const context = { name: 'x', context: { cluster: 'x', user: 'x' } };
  await writeFile(
    join(dir, 'kubeconfig'),
    JSON.stringify({
      clusters: [cluster],
      contexts: [context],
      users: [{ name: 'x', user: { token: 'x' } }],
      'current-context': 'x',
    }),
  );
  const usable = ['--kubeconfig', join(dir, 'kubeconfig'), '--health-address', '127.0.0.1:0'];
  const rows = [
    { title: 'a wrong flag', flags: ['--poll'], want: /--poll/ },
    {
      title: 'a kubeconfig that is not there',
      flags: ['--kubeconfig', join(dir, 'none')],
      want: /none: cannot be read: no such file/,
    },
    { title: 'an empty kubeconfig', flags: ['--kubeconfig', join(dir, 'empty.kubeconfig')], want: /is empty/ },
    {
      title: 'a health port in use',
      flags: ['--kubeconfig', join(dir, 'kubeconfig'), '--health-address', `127.0.0.1:${port}`],
      want: /^cannot listen on 127\.0\.0\.1:\d+: the port is in use; give another --health-address\n$/,
    },
    {
      title: 'a Job template that would change whose rights a Job has',
      flags: [...usable, '--job-template', join(dir, 'template')],
      want: /template: template\.spec\.serviceAccountName: may not be set; only tolerations, /,
    },
    {
      title: 'a Job template that is not there',
      flags: [...usable, '--job-template', join(dir, 'none')],
      want: /^--job-template: .*none can't be read: ENOENT\n$/,
    },
    {
      title: 'an apiserver that is not there',
      flags: ['--kubeconfig', join(dir, 'kubeconfig'), '--health-address', '127.0.0.1:0'],
      want: /cannot start: .*127\.0\.0\.1:1/,
    },
  ];
  for (const { title, flags, want } of rows) {
    await t.test(title, async (t) => {
      const { code, stderr } = await runController(flags);
      t.match(stderr, want);
      t.same([code, stderr.split('\n').length], [2, 2]);
    });
  }
});

const runController = (flags: readonly string[]): Promise<{ readonly code: number | null; readonly stderr: string }> =>
  new Promise((resolve, reject) => {
    const program = join(import.meta.dirname, '..', '..', 'dist', 'controller.js');
    const child = spawn(process.execPath, [program, ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 60_000,
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject).on('close', (code) => resolve({ code, stderr }));
  });
