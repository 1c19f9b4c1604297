import { execFile } from 'node:child_process';
import { access, cp, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { parse } from 'yaml';

// What a release is made by. That it is made runs elsewhere: docs/releasing.md says what of it was never seen.

const ROOT = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);
const read = (file: string): Promise<string> => readFile(join(ROOT, file), 'utf8');
const manifest = async () =>
  JSON.parse(await read('package.json')) as {
    readonly version: string;
    readonly dependencies: Readonly<Record<string, string>>;
    readonly scripts: Readonly<Record<string, string>>;
  };

const dockerfile = await read('Dockerfile');
/** What is copied from the sources. */
const COPIED = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) =>
  sources.split(' '),
);
const PROGRAMS = [...dockerfile.matchAll(/build\.mjs --only (\S+)/g)].map(([, program = '']) => program);

t.test(
  'what the Dockerfile copies is there, and let through by .dockerignore, which lets nothing else through',
  async (t) => {
    const let_through = (await read('.dockerignore')).split('\n').filter((line) => line.startsWith('!'));
    t.strictSame(let_through.toSorted(), [...new Set(COPIED)].map((name) => `!${name}`).toSorted());
    for (const source of COPIED) await access(join(ROOT, source));
  },
);

t.test('what it copies is enough to build the programs, each of which says its version', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'werfbundle-image-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  for (const source of COPIED) await cp(join(ROOT, source), join(folder, source), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  t.strictSame(PROGRAMS, ['webhook', 'controller', 'receiver', 'werfbundle']);
  const { version } = await manifest();
  for (const program of PROGRAMS) {
    await run(process.execPath, ['build.mjs', '--only', program], { cwd: folder });
    const { stdout } = await run(process.execPath, [join(folder, 'dist', `${program}.js`), '--version']);
    t.match(stdout, version, program);
    const text = await readFile(join(folder, 'dist', `${program}.js`), 'utf8');
    t.same(/[\u0100-\uffff]/.exec(text), null, `${program}: V8 keeps its text with one byte a letter`);
    t.notMatch(text, /V1PodSpec|toASCII/, `${program}: the API's classes, and what node-fetch needs, are left out`);
  }
});

t.test('the image that is shipped has Node and the programs: nobody is root, nothing is run to make it', async (t) => {
  const [, shipped = ''] = /^(FROM (?!.* AS )[\s\S]*)$/m.exec(dockerfile) ?? [];
  const { version } = await manifest();
  t.match(shipped, /^FROM gcr\.io\/distroless\/cc-debian12:nonroot\n/, 'no shell, no package manager');
  t.match(shipped, /^USER 65532:65532$/m, 'a numeric user');
  t.notMatch(shipped, /^(RUN|ADD) /m, 'so it is made for any architecture by copying alone');
  t.match(shipped, new RegExp(`^ARG VERSION=${version}$`, 'm'));
  const labels = [...shipped.matchAll(/org\.opencontainers\.image\.(\w+)=/g)].map(([, label]) => label);
  t.strictSame(labels.toSorted(), [
    'created',
    'description',
    'documentation',
    'licenses',
    'revision',
    'source',
    'title',
    'url',
    'version',
  ]);
});

t.test('the bill of materials has each dependency, in its version, and no tool', async (t) => {
  const bill = async () =>
    (await run(process.execPath, [join(ROOT, 'release/sbom.mjs')], { maxBuffer: 1 << 26 })).stdout;
  const text = await bill();
  const { components, metadata } = JSON.parse(text) as {
    readonly components: readonly { readonly name: string; readonly version: string }[];
    readonly metadata: object;
  };
  const { version, dependencies } = await manifest();
  t.match(metadata, {
    component: { type: 'application', name: 'werfbundle', version, purl: `pkg:npm/werfbundle@${version}` },
  });
  const found = new Set(components.map((component) => `${component.name}@${component.version}`));
  t.strictSame(
    Object.entries(dependencies).filter(([name, exact]) => !found.has(`${name}@${exact}`)),
    [],
  );
  t.notOk([...found].some((name) => /^(typescript|tap|esbuild)@/.test(name)));
  t.notMatch(text, /https?:\/\/(?!cyclonedx)[^"]*\.tgz/, 'and says nothing of where they were fetched from');
  t.equal(await bill(), text);
});

interface Workflow {
  readonly permissions: object;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly permissions?: Readonly<Record<string, string>>;
        readonly 'timeout-minutes'?: number;
        readonly steps: readonly { readonly uses?: string; readonly with?: object; readonly run?: string }[];
      }
    >
  >;
}

t.test('workflows may do what they need and no more, and take each action in one version', async (t) => {
  const folder = '.github/workflows';
  const needed: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
    'ci.yaml': { specs: [], workflows: [], image: [], chart: [] },
    'release.yaml': {
      verify: [],
      image: ['packages', 'id-token', 'attestations'],
      chart: ['packages', 'id-token', 'attestations'],
      executable: [],
      publish: ['contents', 'id-token', 'attestations'],
    },
  };
  t.strictSame((await readdir(join(ROOT, folder))).toSorted(), Object.keys(needed).toSorted());
  for (const [file, jobs] of Object.entries(needed)) {
    const workflow = parse(await read(join(folder, file))) as Workflow;
    t.strictSame(workflow.permissions, file === 'ci.yaml' ? { contents: 'read' } : {}, `${file}: nothing by default`);
    t.strictSame(Object.keys(workflow.jobs), Object.keys(jobs));
    for (const [name, { permissions = {}, steps, 'timeout-minutes': timeout }] of Object.entries(workflow.jobs)) {
      const writes = Object.entries(permissions).flatMap(([scope, right]) => (right === 'write' ? [scope] : []));
      t.strictSame(writes, jobs[name], `${file}: ${name} writes that`);
      t.ok(timeout, `${file}: ${name} ends`);
      for (const { uses, with: given, run: script = '' } of steps) {
        if (uses !== undefined) t.match(uses, /^[\w-]+\/[\w-]+@(v\d+|[0-9a-f]{40})$/);
        if (uses?.startsWith('actions/checkout') === true) t.match(given, { 'persist-credentials': false });
        t.notMatch(script, /\$\{\{/, 'what comes from outside is no part of a script');
      }
    }
  }
});

t.test(
  'a release has install.yaml with the image by its digest, and checksums of all that it has, signed',
  async (t) => {
    const { jobs } = parse(await read('.github/workflows/release.yaml')) as Workflow;
    const script = (jobs['publish']?.steps ?? []).map(({ run: text = '' }) => text).join('\n');
    const { scripts } = await manifest();
    t.ok(scripts['build:install']);
    t.match(
      script,
      'npm run -s build:install -- --image "$IMAGE:$VERSION@$DIGEST" --output release-files/install.yaml',
    );
    t.match(
      script,
      /sha256sum -- \*[^\n]*\n.*\n.*cosign sign-blob --yes --bundle SHA256SUMS\.sigstore\.json SHA256SUMS/,
    );
    t.match(script, /gh release create [^\n]* release-files\/\*/);
  },
);
