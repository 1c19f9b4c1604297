import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { tarOf } from '../../cli/publish/tar.js';
import { lookForBinaries } from '../../playground/binaries/find.js';
import { holdPort } from '../../playground/control-plane/held-ports.js';
import { startControlPlane } from '../../playground/control-plane/start.js';
import { superviseProcess } from '../../playground/control-plane/supervised-process.js';
import type { RegistryAuth } from '../../playground/registry/auth.js';
import { htpasswdLine } from '../../playground/registry/bcrypt.js';
import { PushError, publishBundle, publishImage } from '../../playground/registry/publish.js';
import { startRegistry } from '../../playground/registry/start.js';
import { eventually } from '../kit/eventually.js';
import { program } from './program-script.js';

const run = promisify(execFile);

/** The same for the real registry and its substitute. */
const registryContract = async (
  t: Test,
  kind: 'docker-registry' | 'in-process',
  binary: string | undefined,
): Promise<void> => {
  const dir = t.testdir();
  const lines: string[] = [];
  const options = { dir, say: (line: string) => lines.push(line), ...(binary && { binary }) };
  const start = async (more: { readonly dir?: string; readonly auth?: RegistryAuth; readonly port?: number } = {}) => {
    const started = await startRegistry({ ...options, ...more });
    t.teardown(() => started.stop());
    return started;
  };
  const registry = await start();
  const { host } = registry;
  t.equal(registry.kind, kind);
  t.equal(lines.length > 0, kind === 'in-process', 'a substitute says that it is one');
  const target = { host, repository: 'acme/app' };
  const chart = { name: 'app', version: '1.0.0', files: { 'values.yaml': 'a: 1\n' } };
  const first = await publishBundle({ ...target, tag: 'v1.0.0', chart });
  const again = await publishBundle({ ...target, tag: 'v1.0.1', chart });
  t.same(again, first, 'equal charts have equal digests');
  const moved = await publishBundle({ ...target, tag: 'v1.0.1', chart: { ...chart, version: '1.0.1' } });
  t.not(moved.digest, first.digest);
  await publishImage({ ...target, tag: 'image' });

  const accept = 'application/vnd.oci.image.manifest.v1+json';
  const get = (path: string) => fetch(`http://${host}/v2/acme/app/${path}`, { headers: { accept } });
  const { name, tags } = (await (await get('tags/list')).json()) as { name: string; tags: string[] };
  t.same([name, ...tags.sort()], ['acme/app', 'image', 'v1.0.0', 'v1.0.1']);
  const manifest = await get('manifests/v1.0.1');
  t.equal(manifest.headers.get('docker-content-digest'), moved.digest);
  t.equal(manifest.headers.get('content-type'), accept);
  const { config, layers } = (await manifest.json()) as {
    config: { mediaType: string; digest: string };
    layers: { mediaType: string; digest: string }[];
  };
  t.same(
    [config.mediaType, ...layers.map(({ mediaType }) => mediaType)],
    ['application/vnd.cncf.helm.config.v1+json', 'application/tar+gzip'],
  );
  t.match(await (await get(`blobs/${config.digest}`)).json(), { name: 'app', version: '1.0.1' });
  t.equal((await get('manifests/none')).status, 404);
  const head = await fetch(`http://${host}/v2/acme/app/manifests/v1.0.0`, { method: 'HEAD', headers: { accept } });
  t.equal(head.headers.get('docker-content-digest'), first.digest);
  t.equal((await fetch(`http://${host}/v2/acme/none/tags/list`)).status, 404);
  const gone = await fetch(`http://${host}/v2/acme/app/manifests/${first.digest}`, { method: 'DELETE' });
  t.equal(gone.status, 202);
  t.equal((await get('manifests/v1.0.0')).status, 404);

  await registry.stop();
  await registry.stop();
  await t.rejects(get('tags/list'), 'a stopped registry answers nothing');
  await t.rejects(publishImage({ ...target, tag: 'x' }), PushError);
  const port = Number(host.split(':')[1]);
  const second = await start({ port });
  t.equal(second.host, host);
  t.equal(
    (await get('manifests/v1.0.1')).headers.get('docker-content-digest'),
    moved.digest,
    'its content is there again',
  );
  await t.rejects(start({ dir: join(dir, 'other'), port }), {
    name: 'RegistryError',
    message: `port ${port} of 127.0.0.1, wanted for the registry, is in use; choose another one`,
  });
  await second.stop();

  const guarded = await start({ dir: join(dir, 'guarded'), auth: AUTH });
  t.equal(guarded.kind, kind);
  const privately = { host: guarded.host, repository: 'acme/app', tag: 'v1', chart };
  await t.rejects(publishBundle(privately), { name: 'PushError', message: /^POST http:.*: 401 / });
  await t.rejects(publishBundle({ ...privately, credential: { ...AUTH, password: 'wrong' } }), { name: 'PushError' });
  t.same(await publishBundle({ ...privately, credential: AUTH }), first);
  const refused = await fetch(`http://${guarded.host}/v2/`);
  t.same([refused.status, refused.headers.get('www-authenticate')], [401, 'Basic realm="playground"']);
  await guarded.stop();
};

/** A process that runs; a zombie does not. */
const isAlive = async (pid: number): Promise<boolean> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return /^State:\s+[^Z]/m.test(status);
};

t.test('a supervised program', async (t) => {
  const dir = t.testdir();
  const start = (name: string, script: string) =>
    superviseProcess({
      name,
      command: ['/bin/sh', '-c', script],
      cwd: dir,
      env: { PATH: process.env['PATH'] ?? '' },
      logFile: join(dir, `${name}.log`),
    });

  t.test('says how it ended, and what it logged last', async (t) => {
    const ended = start('fails', 'for i in $(seq 40); do echo line $i; done; echo last words >&2; exit 3');
    t.equal(await ended.ended, 'exit code 3');
    const lines = (await ended.logEnd()).split('\n');
    t.same([lines.length, lines.at(-1)], [14, 'last words']);
    await ended.stop({ signal: 'SIGTERM', patienceMs: 100 });
  });

  t.test('that ignores SIGTERM is killed when patience ends, with all that it started', async (t) => {
    const deaf = start('deaf', 'trap "" TERM; sleep 300 & echo $! >child; while :; do sleep 300; done');
    const child = await pidIn(join(dir, 'child'));
    await deaf.stop({ signal: 'SIGTERM', patienceMs: 200 });
    t.equal(await deaf.ended, 'signal SIGKILL');
    t.equal(
      await eventually(
        () => isAlive(child),
        (alive) => !alive,
      ),
      false,
    );
  });

  t.test('ends when the process that started it is killed with SIGKILL', async (t) => {
    const source = join(dir, 'parent.ts');
    const module = join(import.meta.dirname, '../../playground/control-plane/supervised-process.ts');
    await writeFile(
      source,
      `import { superviseProcess } from ${JSON.stringify(module)};
       superviseProcess({ name: 'orphan', command: ['/bin/sh', '-c', 'echo $$ >orphan; exec sleep 300'], cwd: ${JSON.stringify(dir)},
         env: { PATH: process.env['PATH'] ?? '' }, logFile: ${JSON.stringify(join(dir, 'orphan.log'))} });`,
    );
    const bundle = join(dir, 'parent.mjs');
    const { build } = await import('esbuild');
    await build({ entryPoints: [source], outfile: bundle, bundle: true, platform: 'node', format: 'esm' });
    const parent = spawn(process.execPath, [bundle], { stdio: 'ignore' });
    const orphan = await pidIn(join(dir, 'orphan'));
    t.equal(await isAlive(orphan), true);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    t.equal(
      await eventually(
        () => isAlive(orphan),
        (alive) => !alive,
      ),
      false,
    );
  });
});

t.test('a control plane whose program fails says which, why, and leaves nothing running', async (t) => {
  const dir = t.testdir();
  const etcd = await program(dir, 'etcd', 'echo "no space left for etcd" >&2; exit 7');
  const kubeApiserver = await program(
    dir,
    'kube-apiserver',
    `[ "$1" = --version ] && { echo Kubernetes v1.34.1; exit; }; echo $$ >${dir}/pid; exec sleep 300`,
  );
  const binaries = { etcd, kubeApiserver, kubeControllerManager: kubeApiserver, kubectl: kubeApiserver };
  const state = join(dir, 'state');
  await t.rejects(startControlPlane({ dir: state, binaries }), {
    name: 'ControlPlaneError',
    message: `etcd ended at start (exit code 7); the end of ${state}/etcd.log:\nno space left for etcd`,
  });
  const pid = await readFile(join(dir, 'pid'), 'utf8').then(Number, () => undefined);
  if (pid !== undefined) t.equal(await isAlive(pid), false, 'the apiserver was stopped');
  const mode = async (name: string) => ((await stat(join(state, name))).mode & 0o777).toString(8);
  t.same(await Promise.all(['kubeconfig', 'ca.key', 'admin.token'].map(mode)), ['600', '600', '600']);

  const clash = await program(
    dir,
    'clash',
    `echo x >>${dir}/tries; echo "listen tcp: bind: address already in use"; exit 1`,
  );
  const clashing = { dir: join(dir, 'clash-state'), binaries: { ...binaries, etcd: clash } };
  await t.rejects(startControlPlane(clashing), { message: /^etcd ended at start \(exit code 1\)/ });
  t.equal(await readFile(join(dir, 'tries'), 'utf8'), 'x\nx\nx\n', 'a taken port is tried three times with others');
});

t.test('equal charts make equal archives, which tar can read', async (t) => {
  const long = `app/${'d'.repeat(90)}/${'f'.repeat(60)}.yaml`;
  const files = { 'app/values.yaml': 'a: ä\n', 'app/Chart.yaml': 'name: app\n', [long]: '' };
  const archive = tarOf(files);
  t.equal(archive.compare(tarOf(Object.fromEntries(Object.entries(files).toReversed()))), 0);
  t.equal(archive.length % 512, 0);
  const dir = t.testdir();
  await writeFile(join(dir, 'a.tar'), archive);
  await run('tar', ['-xf', 'a.tar'], { cwd: dir });
  t.equal(await readFile(join(dir, 'app/values.yaml'), 'utf8'), 'a: ä\n');
  t.equal(await readFile(join(dir, long), 'utf8'), '');
  t.throws(() => tarOf({ [`${'x'.repeat(120)}`]: '' }), { message: /too long for a ustar archive/ });
});

const AUTH: RegistryAuth = { kind: 'htpasswd', username: 'anna', password: 'sesame, "öffne" dich' };

t.test('the registry inside this process is a registry, and its pages follow each other', async (t) => {
  await registryContract(t, 'in-process', undefined);

  const registry = await startRegistry({ dir: t.testdir(), say: () => {} });
  t.teardown(() => registry.stop());
  for (const tag of ['a', 'b', 'c', 'd', 'e']) await publishImage({ host: registry.host, repository: 'many', tag });
  const pages: unknown[] = [];
  for (let path: string | undefined = '/v2/many/tags/list?n=2'; path !== undefined; ) {
    const answer: Response = await fetch(`http://${registry.host}${path}`);
    pages.push(((await answer.json()) as { tags: unknown }).tags);
    path = /^<(.*)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
  }
  t.same(pages, [['a', 'b'], ['c', 'd'], ['e']], 'its pages follow each other by their links');
});

t.test("Debian's docker-registry does the same, if the machine has it", async (t) => {
  const found = JSON.parse(process.env['WERFBUNDLE_BINARIES'] ?? '{}') as { dockerRegistry?: string };
  const looked = await lookForBinaries(process.env);
  const binary = found.dockerRegistry ?? (looked.kind === 'found' ? looked.binaries.dockerRegistry : undefined);
  if (binary === undefined) t.comment('docker-registry is not on this machine: only its substitute was tried');
  else await registryContract(t, 'docker-registry', binary);
});

t.test('a password is hashed as docker-registry wants it', async (t) => {
  t.match(await htpasswdLine('anna', 'x'), /^anna:\$2[aby]\$05\$[./A-Za-z0-9]{53}\n$/);
});

t.test('nobody else can take a held port until it is released', async (t) => {
  const held = await holdPort(0);
  await t.rejects(holdPort(held.port), { code: 'EADDRINUSE' });
  await held.release();
  await held.release();
  const taken = await holdPort(held.port);
  t.equal(taken.port, held.port);
  await taken.release();
});

/** The process id that a program writes down when it has started; 0 if it never does. */
const pidIn = (file: string): Promise<number> =>
  eventually(
    () => readFile(file, 'utf8').then(Number, () => 0),
    (pid) => pid > 0,
  );
