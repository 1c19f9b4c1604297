import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { tarOf } from '../../cli/publish/tar.js';
import { scriptPath } from '../../playground/binaries/debian.js';
import { findBinaries, gatherBinaries, lookForBinaries } from '../../playground/binaries/find.js';
import { goModOf } from '../../playground/binaries/go-build.js';
import { progressLine, progressOf } from '../../playground/binaries/go-progress.js';
import { cacheDir } from '../../playground/binaries/places.js';
import {
  downloadEtcd,
  downloadKubernetes,
  releasePlatform,
  releaseServerAnswers,
} from '../../playground/binaries/release.js';
import { reportTo, SILENT } from '../../playground/binaries/report.js';
import {
  fitEtcd,
  fitKubernetes,
  PINNED,
  plainVersion,
  versionFault,
  versionIn,
} from '../../playground/binaries/versions.js';
import { eventually } from '../kit/eventually.js';
import { program } from './program-script.js';

const run = promisify(execFile);

const serve = async (t: Test, answer: (path: string) => Buffer | undefined): Promise<Server> => {
  const server = createServer((req, res) => {
    const body = answer(req.url ?? '');
    res.writeHead(body === undefined ? 404 : 200).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return server;
};

t.test('programs are accepted that are new enough, and of the version that is asked for', async (t) => {
  const table = [
    { given: 'Kubernetes v1.36.3\n', wanted: undefined, want: 'fit' },
    { given: 'Kubernetes v1.30.0', wanted: undefined, want: 'fit' },
    { given: 'Kubernetes v1.29.14', wanted: undefined, want: 'it is 1.29.14, and 1.30 is the oldest that serves' },
    { given: 'Kubernetes v1.20.2', wanted: undefined, want: 'it is 1.20.2, and 1.30 is the oldest that serves' },
    { given: '{"clientVersion": {"gitVersion": "v1.37.0"}}', wanted: '1.37.0', want: 'fit' },
    { given: 'Kubernetes v1.36.3', wanted: '1.34.2', want: 'it is 1.36.3, and 1.34.2 is asked for' },
    { given: 'usage: kube-apiserver', wanted: undefined, want: 'it does not say its version' },
  ];
  for (const { given, wanted, want } of table) {
    const fitness = fitKubernetes(versionIn(given), wanted);
    t.equal(fitness.kind === 'fit' ? 'fit' : fitness.because, want, `${given.trim()} for ${wanted ?? 'any'}`);
  }
  t.same(fitEtcd(versionIn('etcd Version: 3.6.16\nGit SHA: 0')), { kind: 'fit' });
  t.same(fitEtcd(versionIn('etcd Version: 3.4.23')), {
    kind: 'unfit',
    because: 'it is 3.4.23, and 3.5 is the oldest that serves',
  });
  const wishes = ['v1.34.2', '1.37.0', '1.37', 'latest', '1.29.1'];
  t.same(
    wishes.map((wish) => versionFault(wish) ?? plainVersion(wish)),
    [
      ...['1.34.2', '1.37.0'],
      '"1.37" is no version of Kubernetes; for example 1.36.3',
      '"latest" is no version of Kubernetes; for example 1.36.3',
      '"1.29.1" is too old: 1.30 is the oldest that serves',
    ],
  );
});

/** Stands for a program that says its version. */
const says = (program: string, version: string): string => {
  if (program === 'etcd') return `echo etcd Version: ${version}`;
  return program === 'kubectl' ? `echo '"gitVersion": "v${version}"'` : `echo Kubernetes v${version}`;
};

t.test('programs are looked for', async (t) => {
  const dir = t.testdir();
  const [assets, path] = [join(dir, 'assets'), join(dir, 'path')];
  const cache = join(dir, 'cache', `kubernetes-${PINNED.kubernetes}`);
  const env = { KUBEBUILDER_ASSETS: assets, WERFBUNDLE_CACHE: join(dir, 'cache'), PATH: path, HOME: dir };
  const put = async (place: string, versions: Readonly<Record<string, string>>) => {
    for (const [name, version] of Object.entries(versions)) await program(place, name, says(name, version));
  };
  await put(path, { kubectl: '1.20.2', etcd: '3.6.1' });
  await put(cache, { kubectl: '1.36.3' });
  await put(assets, { 'kube-apiserver': '1.36.3' });
  const missing = await lookForBinaries(env);
  t.equal(missing.kind, 'missing', 'an apiserver without its controller manager is none');
  if (missing.kind === 'missing')
    t.same(
      missing.missing.map(({ name }) => name),
      ['kube-apiserver', 'kube-controller-manager'],
    );

  await put(cache, { 'kube-apiserver': '1.36.3', 'kube-controller-manager': '1.36.3' });
  t.same(
    await lookForBinaries(env),
    {
      kind: 'found',
      binaries: {
        etcd: join(path, 'etcd'),
        kubeApiserver: join(cache, 'kube-apiserver'),
        kubeControllerManager: join(cache, 'kube-controller-manager'),
        kubectl: join(cache, 'kubectl'),
      },
      source: `Kubernetes 1.36.3 from the cache (${cache}) and the PATH (${path})`,
    },
    'a kubectl too old is passed over',
  );

  await put(assets, { 'kube-controller-manager': '1.36.2' });
  const half = await lookForBinaries(env);
  t.match(half, { binaries: { kubeApiserver: join(cache, 'kube-apiserver') } }, 'two versions are no control plane');
  await put(assets, { 'kube-controller-manager': '1.36.3' });
  const full = await lookForBinaries(env);
  t.match(full, { binaries: { kubeApiserver: join(assets, 'kube-apiserver') } }, 'KUBEBUILDER_ASSETS comes first');

  const said: string[] = [];
  const { signal } = new AbortController();
  const report = { ...SILENT, say: (line: string) => said.push(line) };
  await put(path, {
    etcd: '3.4.23',
    'kube-apiserver': '1.31.0',
    'kube-controller-manager': '1.31.0',
    kubectl: '1.31.0',
  });
  const wish = { need: ['control-plane'], kubernetes: '1.31.0', env, report, signal } as const;
  const gathering = await gatherBinaries({ ...wish, releases: NOWHERE });
  t.same(gathering.binaries, {
    etcd: join(dir, 'cache', 'kubernetes-1.31.0', 'etcd'),
    kubeApiserver: join(path, 'kube-apiserver'),
    kubeControllerManager: join(path, 'kube-controller-manager'),
    kubectl: join(path, 'kubectl'),
  });
  await t.rejects(gathering.arrived('etcd'), {
    name: 'GatherError',
    message:
      /^missing: etcd: there is no Go 1\.26 or later on the PATH; with it they are built here\. Or set KUBEBUILDER_ASSETS/,
  });
  t.same(
    said.toSorted(),
    [
      `${join(assets, 'kube-apiserver')} is passed over: it is 1.36.3, and 1.31.0 is asked for`,
      `${join(path, 'etcd')} is passed over: it is 3.4.23, and 3.5 is the oldest that serves`,
      `KUBEBUILDER_ASSETS (${assets}) has no control plane that serves; looking elsewhere`,
      `${NOWHERE.kubernetes.base} can't be reached from here`,
    ].toSorted(),
  );

  t.equal(cacheDir({ HOME: '/home/a' }), '/home/a/.cache/werfbundle');
  t.equal(cacheDir({ HOME: '/home/a', XDG_CACHE_HOME: '/var/c' }), '/var/c/werfbundle');
});

/** Nobody listens there. */
const NOWHERE = {
  kubernetes: { version: 'v1.31.0', base: 'http://127.0.0.1:9/k' },
  etcd: { version: 'v3.6.16', base: 'http://127.0.0.1:9/e' },
};

/**
 * Stands for Go: `list` names four packages, `build` compiles what is not compiled yet, a package at a time, and makes the programs;
 * it waits before package d until the file `go-on` is there.
 */
const FAKE_GO = `case $1 in
  version) echo go version go1.26.8 linux/amd64;;
  list) echo "go: downloading k8s.io/kubernetes v1.36.3" >&2; printf '%s\\n' a.example/a a.example/b a.example/c a.example/d;;
  build)
    if [ -e "$HOME/fails" ]; then cat "$HOME/fails" >&2; exit 1; fi
    echo x >>"$HOME/builds"
    for package in a b c d; do
      [ -e "$GOCACHE/$package" ] && continue
      if [ $package = d ]; then until [ -e "$HOME/go-on" ]; do sleep 0.05; done; fi
      echo a.example/$package >&2
      mkdir -p "$GOCACHE"; : >"$GOCACHE/$package"; echo $package >>"$HOME/compiled"
    done
    for last; do :; done
    while [ "$1" != -o ]; do shift; done; out=$2
    make() { printf '#!/bin/sh\\n%s\\n' "$2" >"$out/$1.new"; chmod 755 "$out/$1.new"; mv "$out/$1.new" "$out/$1"; }
    make server 'echo etcd Version: 3.6.16'
    for name in kube-apiserver kube-controller-manager; do make $name 'echo Kubernetes v1.36.3'; done
    make kubectl "echo '"gitVersion": "v1.36.3"'";;
esac`;

t.test('programs that are found nowhere are built with Go', { timeout: 60_000 }, async (t) => {
  const dir = t.testdir();
  await program(join(dir, 'bin'), 'go', FAKE_GO);
  // The PATH of this machine may have programs that serve.
  for (const tool of ['sh', 'nice', 'flock', 'sleep', 'mkdir', 'chmod', 'mv', 'cat'])
    await symlink((await run('/bin/sh', ['-c', `command -v ${tool}`])).stdout.trim(), join(dir, 'bin', tool));
  const env = { WERFBUNDLE_CACHE: join(dir, 'cache'), PATH: join(dir, 'bin'), HOME: dir };
  const begin = (signal = new AbortController().signal) => {
    const said: string[] = [];
    const report = {
      say: (line: string) => said.push(line),
      progress: (line: string) => said.push(line),
      progressEnds: () => {},
    };
    const found = findBinaries({
      need: ['control-plane'],
      kubernetes: PINNED.kubernetes,
      env,
      report,
      signal,
      releases: NOWHERE,
    });
    return { said, found };
  };
  const until = (said: readonly string[], words: RegExp) =>
    eventually(
      async () => said.some((line) => words.test(line)),
      (seen) => seen,
    );

  const fails = async (words: string, want: RegExp) => {
    await writeFile(join(dir, 'fails'), words);
    const found = await begin().found;
    t.equal(found.kind, 'missing');
    if (found.kind === 'missing') t.match(found.missing.map(({ how }) => how).join('\n'), want);
    await rm(join(dir, 'fails'));
  };
  await fails(
    'a.example/a\ngo: k8s.io/api@v0.36.3: Get "https://proxy.example/mod": dial tcp: lookup proxy.example: no such host\n',
    /^the build with Go failed: the Go modules can't be fetched: dial tcp: lookup proxy\.example: no such host \(go env GOPROXY says from where\); the next start goes on/,
  );
  await fails('write /x/b001/exe/a.out: no space left on device\n', /the build with Go failed: the disk is full/);

  const stop = new AbortController();
  const first = begin(stop.signal);
  t.ok(
    await until(first.said, /step 2 of 2: 70 %.*Ctrl-C stops it, the next start goes on from there/),
    'it says how far it is',
  );
  stop.abort(new Error('interrupted'));
  await t.rejects(first.found, { message: 'interrupted' });
  t.equal(await readFile(join(dir, 'compiled'), 'utf8'), 'a\nb\nc\n');

  const second = begin();
  await until(second.said, /step 2 of 2/);
  const third = begin();
  t.ok(await until(third.said, /another start builds these programs; waiting for it/));
  t.ok(await until(third.said, /step 2 of 2/), 'who waits sees how far it is, too');
  await writeFile(join(dir, 'go-on'), '');
  const [one, other] = await Promise.all([second.found, third.found]);
  const at = join(dir, 'cache', 'kubernetes-1.36.3');
  const binaries = {
    etcd: join(at, 'etcd'),
    kubeApiserver: join(at, 'kube-apiserver'),
    kubeControllerManager: join(at, 'kube-controller-manager'),
    kubectl: join(at, 'kubectl'),
  };
  t.match(one, { kind: 'found', binaries, source: /^Kubernetes 1\.36\.3 and etcd 3\.6\.16, built with Go in \d+ s$/ });
  t.match(other, { kind: 'found', binaries });
  t.equal(
    await readFile(join(dir, 'compiled'), 'utf8'),
    'a\nb\nc\nd\n',
    'what was compiled before is not compiled again',
  );
  t.equal(await readFile(join(dir, 'builds'), 'utf8'), 'x\nx\n', 'two starts share one build');
  t.same((await readdir(at)).sort(), ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl']);
  t.same(await readdir(join(dir, 'cache', 'build')), ['kubernetes-1.36.3.lock'], 'nothing of the build is left');
  t.match(await begin().found, { source: `Kubernetes 1.36.3 from the cache (${at})` }, 'the next start builds nothing');
});

t.test('the modules of the build are those that the versions name', async (t) => {
  const pinned = await readFile(join(import.meta.dirname, '../../playground/binaries/go-build/go.mod'), 'utf8');
  t.match(pinned, `go.etcd.io/etcd/server/v3 v${PINNED.etcd}\n\tk8s.io/kubernetes v${PINNED.kubernetes}\n`);
  const staging = [...pinned.matchAll(/^\tk8s\.io\/(\S+) => k8s\.io\/\1 v0\.36\.3$/gm)];
  t.equal(staging.length, [...pinned.matchAll(/ => /g)].length, 'all that is replaced is of this Kubernetes');
  const upstream =
    'module k8s.io/kubernetes\n\ngo 1.24.0\n\ngodebug default=go1.24\n\nreplace (\n\tk8s.io/api => ./staging/src/k8s.io/api\n)\n';
  t.equal(
    goModOf(upstream, { kubernetes: '1.34.4', etcd: '3.6.16' }),
    [
      ...['module werfbundle.invalid/controlplane', '', 'go 1.24.0', 'godebug default=go1.24', '', 'require ('],
      ...['\tgo.etcd.io/etcd/server/v3 v3.6.16', '\tk8s.io/kubernetes v1.34.4', ')', '', 'replace ('],
      ...['\tk8s.io/api => k8s.io/api v0.34.4', ')', ''],
    ].join('\n'),
    'another version has staging modules of its own',
  );
});

t.test('progress is reported in a readable form', async (t) => {
  const table = [
    { title: 'nothing is guessed at the beginning', given: [0, 0, 100], want: 'x: 0 %' },
    { title: 'the first packages are the small ones', given: [0, 20, 30_000], want: 'x: 12 %, about 4 min left' },
    { title: 'what an earlier run did is no speed', given: [40, 60, 50_000], want: 'x: 55 %, about 2 min left' },
    { title: 'it is never done before it is', given: [0, 100, 400_000], want: 'x: 99 %, about 5 s left' },
  ] as const;
  for (const { title, given, want } of table) {
    const [before, compiled, elapsedMs] = given;
    const line = progressLine('x', progressOf({ total: 100, before, compiled, elapsedMs }));
    t.equal(line, `${want} (Ctrl-C stops it, the next start goes on from there)`, title);
  }
});

t.test('progress takes one line of a terminal, and few of a log', async (t) => {
  const written: string[] = [];
  const stream = { isTTY: true, columns: 20, write: (text: string) => written.push(text) };
  const terminal = reportTo({ stream, say: (line) => written.push(`${line}\n`), now: () => 0 });
  terminal.progress('1 of 2: some words that are long');
  terminal.say('said');
  terminal.progressEnds();
  t.same(written, ['\r\u001b[K1 of 2: some words ', '\r\u001b[K', 'said\n']);
  let now = 0;
  const kept: string[] = [];
  const log = reportTo({
    stream: { write: () => t.fail('no control characters') },
    say: (line) => kept.push(line),
    now: () => now,
  });
  for (const at of [0, 1_000, 14_999, 15_000, 29_000, 30_000]) {
    now = at;
    log.progress(`at ${at}`);
  }
  log.progressEnds();
  t.same(kept, ['at 0', 'at 15000', 'at 30000']);
});

t.test('programs are downloaded from their releases', async (t) => {
  const dir = t.testdir();
  const { signal } = new AbortController();
  const files = new Map<string, Buffer>();
  const server = await serve(t, (path) => files.get(path));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const releases = {
    kubernetes: { version: 'v1.36.3', base: `${base}/k` },
    etcd: { version: 'v3.6.16', base: `${base}/e` },
  };
  const sum = (content: Buffer) => createHash('sha256').update(content).digest('hex');
  const options = { releases, platform: 'linux/amd64', dir: join(dir, 'release'), report: SILENT, signal };

  t.equal(await releaseServerAnswers(releases, signal), false, 'a server without the version is none');
  const apiserver = Buffer.from('#!/bin/sh\necho real\n');
  files.set('/k/v1.36.3/bin/linux/amd64/kube-apiserver', apiserver);
  files.set('/k/v1.36.3/bin/linux/amd64/kube-apiserver.sha256', Buffer.from(sum(apiserver)));
  t.equal(await releaseServerAnswers(releases, signal), true);
  await downloadKubernetes('kube-apiserver', options);
  t.same(await run(join(options.dir, 'kube-apiserver')), { stdout: 'real\n', stderr: '' });

  files.set('/k/v1.36.3/bin/linux/amd64/kubectl', Buffer.from('tampered'));
  files.set('/k/v1.36.3/bin/linux/amd64/kubectl.sha256', Buffer.from(sum(apiserver)));
  await t.rejects(downloadKubernetes('kubectl', options), {
    name: 'DownloadError',
    message: `${base}/k/v1.36.3/bin/linux/amd64/kubectl: its SHA-256 is ${sum(Buffer.from('tampered'))}, published is ${sum(apiserver)}; not used`,
  });
  await t.rejects(downloadKubernetes('kube-controller-manager', options), {
    message: `${base}/k/v1.36.3/bin/linux/amd64/kube-controller-manager.sha256: the server answered 404`,
  });

  const archive = gzipSync(
    tarOf({ 'etcd-v3.6.16-linux-amd64/etcd': 'an etcd', 'etcd-v3.6.16-linux-amd64/README': 'no' }),
  );
  files.set('/e/v3.6.16/etcd-v3.6.16-linux-amd64.tar.gz', archive);
  files.set(
    '/e/v3.6.16/SHA256SUMS',
    Buffer.from(`0  other.tar.gz\n${sum(archive)}  etcd-v3.6.16-linux-amd64.tar.gz\n`),
  );
  await downloadEtcd(options);
  t.equal(await readFile(join(options.dir, 'etcd'), 'utf8'), 'an etcd');
  t.same((await readdir(options.dir)).sort(), ['etcd', 'kube-apiserver'], 'nothing half-done is left');

  t.equal(releasePlatform('linux', 'arm64'), 'linux/arm64');
  t.equal(releasePlatform('darwin', 'arm64'), undefined, 'no apiserver is released for other systems');

  const aborted = AbortSignal.abort(new Error('enough'));
  const search = {
    need: ['control-plane'],
    env: { WERFBUNDLE_CACHE: dir, PATH: '' },
    report: SILENT,
    releases,
  } as const;
  await t.rejects(findBinaries({ ...search, signal: aborted }), { message: 'enough' });
});

t.test("Debian's sources are taken from the machine's, in either form", async (t) => {
  const table = [
    {
      title: 'deb822, with a key inside, after a stranger',
      files: {
        'sources.list.d': {
          'a.sources': 'Types: deb\nURIs: http://a.example/x\nSuites: nodistro\nComponents: main\n',
          'd.sources':
            '# ours\nTypes: deb\nURIs: http://mirror.example/debian\nSuites: CODENAME\n CODENAME-updates\nComponents: main contrib\nSigned-By:\n -----BEGIN\n .\n abc\n',
        },
      },
      want: 'Types: deb-src\nURIs: http://mirror.example/debian\nSuites: sid\nComponents: main\nSigned-By:\n -----BEGIN\n .\n abc\n',
    },
    {
      title: 'one line, with options, after a disc and a comment',
      files: {
        'sources.list':
          '# deb http://no.example/debian CODENAME main\ndeb cdrom:[Debian] CODENAME main\ndeb [ arch=amd64 signed-by=/k.gpg ] http://mirror.example/debian CODENAME main non-free # x\n',
      },
      want: 'Types: deb-src\nURIs: http://mirror.example/debian\nSuites: sid\nComponents: main\nSigned-By: /k.gpg\n',
    },
    {
      title: 'a stanza that is switched off does not count',
      files: {
        'sources.list.d': {
          'd.sources': 'Enabled: no\nTypes: deb\nURIs: http://m.example/\nSuites: CODENAME\nComponents: main\n',
        },
      },
      want: undefined,
    },
  ];
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const codename = /^VERSION_CODENAME=(.+)$/m.exec(release)?.[1] ?? 'stable';
  const shell = join(scriptPath(), '..', 'private-apt.sh');
  for (const { title, files, want } of table) {
    const root = t.testdir(JSON.parse(JSON.stringify(files).replaceAll('CODENAME', codename)));
    const asked = run('/bin/bash', ['-c', '. "$0"; debian_source sid deb-src', shell], {
      env: { ...process.env, APT_SOURCES_ROOT: root },
    });
    const stdout = await asked.then(
      (answer) => answer.stdout,
      () => undefined,
    );
    t.equal(stdout, want, title);
  }
});

t.test('a failed step is reported with its log, and the next run resumes it', async (t) => {
  const dir = t.testdir({
    'script.sh': `set -euo pipefail
      . "$STEPS"; exclusively
      first() { echo x >>"$cache/first"; }
      second() { echo compiling; [ -e "$cache/mended" ]; echo unreached >>"$cache/second"; }
      step one 'the first' first
      step two 'the second' second`,
  });
  const steps = join(scriptPath(), '..', 'steps.sh');
  const env = { ...process.env, WERFBUNDLE_CACHE: dir, STEPS: steps };
  const timeless = (stdout: string) => stdout.replace(/done in \d+ s/g, 'done in N s');
  const begin = () => run('/bin/bash', [join(dir, 'script.sh')], { env });
  const endOf = (running: ReturnType<typeof begin>) =>
    running.then(
      ({ stdout }) => ({ code: 0, stdout: timeless(stdout) }),
      (error: { code: number; stdout: string }) => ({ code: error.code, stdout: timeless(error.stdout) }),
    );
  const attempt = () => endOf(begin());
  t.same(await attempt(), {
    code: 1,
    stdout: `the first …
the first: done in N s
the second …
failed: the second (exit code 1). The end of ${dir}/logs/two.log:
compiling
Once the cause is mended, run the same again: it goes on with this step.
`,
  });
  await writeFile(join(dir, 'mended'), '');
  t.same(await attempt(), { code: 0, stdout: 'the second …\nthe second: done in N s\n' });
  t.same(await attempt(), { code: 0, stdout: '' });
  t.equal(await readFile(join(dir, 'first'), 'utf8'), 'x\n', 'a step that is done is not done again');

  const owner = spawn('/bin/bash', ['-c', '. "$STEPS"; exclusively; echo held; read -r _', 'owner'], { env });
  await once(owner.stdout, 'data');
  const second = begin();
  await Promise.race([once(second.child.stdout ?? owner, 'data'), second]);
  owner.stdin.end('\n');
  t.same(
    await endOf(second),
    { code: 0, stdout: `waiting for another run (pid ${owner.pid}) that fills ${dir}\n` },
    'two runs at once take turns',
  );
});
