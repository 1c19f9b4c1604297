import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { Binaries } from '../../playground/binaries/binaries.js';
import { keepMetrics } from '../kit/canary.js';
import { binariesOfThisRun, startCluster } from '../kit/cluster.js';
import { eventually } from '../kit/eventually.js';

const ROOT = join(import.meta.dirname, '..', '..');
const PLAYGROUND = join(ROOT, 'dist', 'playground.js');

interface Run {
  readonly child: ChildProcess;
  /** stdout and stderr so far. */
  text(): string;
  readonly ended: Promise<number | null>;
  /** Where it keeps everything; what runs from there was started by it. */
  readonly home: string;
}

/** The folder of the programs that this test run found, in the form that the playground takes them. */
const assetsOf = ({ kubeApiserver }: Binaries): string => join(kubeApiserver, '..');

/** @param below - where its files go */
const run = async (t: Test, args: readonly string[], below = tmpdir()): Promise<Run> => {
  const home = await mkdtemp(join(below, 'werfbundle-playground-spec-'));
  t.teardown(() => rm(home, { recursive: true, force: true }));
  const env = { ...process.env, TMPDIR: home, KUBEBUILDER_ASSETS: assetsOf(await binariesOfThisRun()) };
  const child = spawn(process.execPath, [PLAYGROUND, ...args], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => child.kill('SIGKILL'));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  }
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, text: () => text, ended, home };
};

/** Command lines of processes that run from a folder, or have it in their arguments. */
const processesOf = async (home: string): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const [words, cwd] = await Promise.all([
      readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
      readlink(`/proc/${pid}/cwd`).catch(() => ''),
    ]);
    if (words.includes(home) || cwd.startsWith(home)) found.push(words.replaceAll('\0', ' '));
  }
  return found;
};

const nothingIsLeft = async (t: Test, { home }: Run): Promise<void> => {
  // A process that was killed may take a moment to be gone.
  for (let tries = 0; tries < 50 && (await processesOf(home)).length > 0; tries += 1) await delay(100);
  t.strictSame(await processesOf(home), [], 'no process is left');
};

const said = async (running: Run, words: string, withinMs = 60_000): Promise<void> => {
  await eventually(
    async () => running.text(),
    (text) => text.includes(words) || running.child.exitCode !== null,
    withinMs,
  );
  if (!running.text().includes(words)) throw new Error(`not said: ${words}\n${running.text()}`);
};

/** What its sample has in a Secret. */
const PASSWORD = 'correct horse battery staple';

t.test('npm start -- --once shows the whole story, and leaves nothing', { timeout: 240_000 }, async (t) => {
  const running = await run(t, ['--once']);
  const code = await running.ended;
  const text = running.text();
  t.equal(code, 0, 'it exits 0') || t.comment(text);
  const lines = [
    { title: 'a good bundle is Syncing first', words: /^ {2}shop +Unknown +Syncing /m },
    {
      title: 'and then Synced with its tag',
      words: /^ {2}shop +True +Synced +v1\.0\.0 +\S+ +deployed v1\.0\.0 to namespace demo/m,
    },
    { title: 'it says which werf runs', words: /^- werf in them: (a stand-in, which deploys no chart: |\d+\.\d+)/m },
    { title: 'its Job really ran', words: /Succeeded release "shop" \(namespace: "demo"\)/ },
    {
      title: 'a second tag is deployed',
      words: /^ {2}shop +True +Synced +v1\.1\.0 +\S+ +deployed v1\.1\.0 to namespace demo/m,
    },
    {
      title: 'the first of four mistakes is named',
      words: '* spec.registry.url: Invalid value: "https://ghcr.io/acme/my-app:v1"',
    },
    { title: 'so is the second', words: '* spec.registry.pollInterval: Invalid value: "15"' },
    { title: 'the third', words: '* spec.converge.serviceAccountName: Required value' },
    { title: 'and the fourth', words: '* spec.converge.resourceLimits.memory: Invalid value: "-1Gi"' },
    {
      title: 'OOMKilled is reported with what to do',
      words: 'pod failed with OOMKilled: memory limit 256Mi; set spec.converge.resourceLimits.memory to 512Mi',
    },
    {
      title: 'a failing chart tells werf\u2019s words',
      words: /pod failed with exit code 1: release install: .*nil pointer evaluating/,
    },
    {
      title: 'the first failed poll waits 30s',
      words: /error polling registry: connection refused \(\S+\/shop\) \(failure 1 of 6, next try after 30s\)/,
    },
    {
      title: 'the second waits 1m',
      words: /error polling registry: connection refused \(\S+\/shop\) \(failure 2 of 6, next try after 1m\)/,
    },
    { title: 'and it recovers', words: 'the counter is 0 again, and shop is Synced as before' },
  ];
  for (const { title, words } of lines) {
    t.ok(typeof words === 'string' ? text.includes(words) : words.test(text), title);
  }
  t.notMatch(text, PASSWORD, 'what is in a Secret is not shown');
  t.notMatch(text, '\u2717', 'nothing went wrong while stopping');
  await nothingIsLeft(t, running);
  t.strictSame(await readdir(running.home), [], 'no file is left');
});

t.test('on a cluster that is there already nothing of a Secret leaves that', { timeout: 300_000 }, async (t) => {
  const cluster = await startCluster(t, { secrets: [PASSWORD], anyKubelet: true });
  const running = await run(t, ['--kubeconfig', cluster.kubeconfig], cluster.dir);
  await said(running, '== Go on by hand', 240_000);
  await writeFile(join(cluster.dir, 'screen.log'), running.text());
  const logs = (await readdir(running.home, { recursive: true })).filter((file) => file.endsWith('.log'));
  for (const file of logs.filter((file) => /(webhook|controller|playground)\.log$/.test(file))) {
    const path = join(running.home, file);
    const kept = join(cluster.dir, basename(file));
    // A link: it has what is still to come, and stays when the playground's own folder goes.
    await link(path, kept);
    const [, port] = /"health":(\d+)/.exec(await readFile(path, 'utf8')) ?? [];
    if (port !== undefined) await keepMetrics(kept.replace(/log$/, 'metrics'), port);
  }
  const kept = (await readdir(cluster.dir)).filter((name) => /\.(log|metrics)$/.test(name)).toSorted();
  t.strictSame(kept, [
    ...['controller.log', 'controller.metrics', 'playground.log', 'screen.log'],
    ...['webhook.log', 'webhook.metrics'],
  ]);
  running.child.kill('SIGINT');
  t.equal(await running.ended, 0, 'it has shown all, and ends');
  const { stdout } = await cluster.kubectl(['get', 'validatingwebhookconfigurations', '-o', 'name']);
  t.equal(stdout, '', 'nobody refuses bundles in its place');
});

t.test('nothing is left, however it ends', { timeout: 120_000 }, async (t) => {
  const interrupted = await run(t, []);
  await said(interrupted, '== A good bundle');
  t.not((await processesOf(interrupted.home)).length, 0, 'it runs');
  interrupted.child.kill('SIGINT');
  t.equal(await interrupted.ended, 130, 'Ctrl-C ends it with 130');
  await nothingIsLeft(t, interrupted);
  t.strictSame(await readdir(interrupted.home), [], 'no file is left');

  const killed = await run(t, []);
  await said(killed, '== A good bundle');
  killed.child.kill('SIGKILL');
  await killed.ended;
  await nothingIsLeft(t, killed);
});

t.test('bad input is one clear line and exit code 2, with nothing started', async (t) => {
  const home = await mkdtemp(join(tmpdir(), 'werfbundle-playground-spec-'));
  t.teardown(() => rm(home, { recursive: true, force: true }));
  const broken = join(home, 'broken');
  await writeFile(broken, 'no: [kubeconfig');
  const rows: readonly { readonly args: readonly string[]; readonly want: RegExp }[] = [
    { args: ['--onec'], want: /^--onec: there is no such flag; did you mean --once\?\n$/ },
    { args: ['--time-scale', '0'], want: /^--time-scale: .*\n$/ },
    {
      args: ['--kubeconfig', '/nowhere/config'],
      want: /kubeconfig \/nowhere\/config: cannot be read: .*give another one with --kubeconfig FILE\n$/,
    },
    { args: ['--werf', '/nowhere/werf'], want: /--werf: \/nowhere\/werf is no werf: .*ENOENT\n$/ },
    { args: ['--kubeconfig', broken], want: /is no kubeconfig: .*give another one with --kubeconfig FILE\n$/ },
  ];
  for (const { args, want } of rows) {
    const running = await run(t, args);
    t.equal(await running.ended, 2, args.join(' '));
    t.match(running.text(), want);
    await nothingIsLeft(t, running);
  }
});
