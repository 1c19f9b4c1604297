// Builds what Argo CD and Flux apply with, from Go modules, into the project's cache: once for each state of its sources.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { copyFile, cp, mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The modules say the same; named here so that any Go from 1.21 on gets it as it gets a module. */
const TOOLCHAIN = 'go1.27.3';
const ARGO = 'github.com/argoproj/argo-cd/v3';
/** Argo CD's one program goes by the name it is called by. */
const ARGO_NAMES = ['application-controller', 'repo-server', 'cmp-server', 'git-ask-pass', 'redis', 'lua'].map(
  (name) => `argocd-${name}`,
);

/** Whose CRDs say what may stand in a Kustomization and a source: modules, whose programs are not built, and their sums. */
const FLUX_CRDS = {
  'github.com/fluxcd/kustomize-controller@v1.10.1': 'h1:IjTnrkIy0ULJoTNC2ZKuMb32vkqj7dJ6zt6UqbTFxKA=',
  'github.com/fluxcd/source-controller@v1.10.1': 'h1:vkYpgpLZu20LQ2UN4lPBdWH7sqTNdQ8FjcZD/HogN2E=',
};

const TOOLS = [
  {
    name: 'flux',
    program: 'kustomization',
    also: FLUX_CRDS,
    finish: async (folder) => {
      for (const [module, sum] of Object.entries(FLUX_CRDS)) {
        const found = JSON.parse(await run('go', ['mod', 'download', '-json', module], folder));
        if (found.Sum !== sum) throw new Error(`${module} is not what it was: ${found.Sum}`);
        await cp(join(found.Dir, 'config', 'crd', 'bases'), join(folder, 'crds'), { recursive: true });
      }
      await run('chmod', ['-R', 'u+w,+X', folder], folder);
    },
  },
  {
    name: 'argocd',
    program: 'argocd',
    also: [...ARGO_NAMES, 'repo-server'],
    // Beside the program, Argo CD's image has this script on its PATH; its CRDs come from the same module, and the Deployment that a plugin is added to.
    finish: async (folder, sources) => {
      const module = (await run('go', ['list', '-m', '-f', '{{.Dir}}', ARGO], sources)).trim();
      await copyFile(join(module, 'hack', 'git-verify-wrapper.sh'), join(folder, 'git-verify-wrapper.sh'));
      await cp(join(module, 'manifests', 'crds'), join(folder, 'crds'), { recursive: true });
      await cp(join(module, 'manifests', 'base', 'repo-server'), join(folder, 'repo-server'), { recursive: true });
      await run('chmod', ['-R', 'u+w,+X', folder], folder);
      await run('chmod', ['755', join(folder, 'git-verify-wrapper.sh')], folder);
      for (const name of ARGO_NAMES) await symlink('argocd', join(folder, name));
    },
  },
];

/** As playground/binaries/places.ts has it. */
const cacheDir = ({ WERFBUNDLE_CACHE: own, XDG_CACHE_HOME: xdg, HOME: home }) =>
  own ? resolve(own) : join(xdg || join(home || homedir(), '.cache'), 'werfbundle');

/**
 * Finds the programs of these tools, and builds those that are missing unless `build` is false.
 * @returns for each tool its folder, or why there is none
 */
export async function findTools({ names, build }) {
  const found = [];
  for (const tool of TOOLS.filter(({ name }) => names.includes(name))) {
    const sources = join(import.meta.dirname, tool.name);
    const folder = join(cacheDir(process.env), 'gitops', `${tool.name}-${digestOf(sources, tool.also)}`);
    const made = existsSync(folder)
      ? { folder }
      : build
        ? await makeTool(tool, { sources, folder })
        : { why: 'it is not built yet: npm run test:gitops' };
    found.push({ name: tool.name, ...made });
  }
  return found;
}

/** Of the module's files: versions and sums are among them; and of what else is put beside the program. */
function digestOf(sources, also) {
  const hash = createHash('sha256').update(
    `${TOOLCHAIN} ${process.platform} ${process.arch} ${JSON.stringify(also)}\n`,
  );
  for (const file of readdirSync(sources).sort()) hash.update(`${file}\n`).update(readFileSync(join(sources, file)));
  return hash.digest('hex').slice(0, 12);
}

async function makeTool(tool, { sources, folder }) {
  const started = performance.now();
  console.error(`building ${tool.name} from its Go modules (once; some five minutes of CPU) …`);
  await mkdir(join(folder, '..'), { recursive: true });
  const half = await mkdtemp(`${folder}-`);
  try {
    // Said first, and by itself: that there is no Go, or not the toolchain.
    await run('go', ['version'], sources);
    await run('nice', ['go', 'build', '-ldflags=-s -w', '-o', join(half, tool.program), '.'], sources);
    await tool.finish(half, sources);
    await rename(half, folder);
  } catch (error) {
    await rm(half, { recursive: true, force: true });
    return { why: error.message };
  }
  console.error(`${tool.name}: built in ${Math.round((performance.now() - started) / 1000)} s`);
  return { folder };
}

/** @returns its standard output @throws Error with the last line that it wrote, when it fails */
async function run(command, args, cwd) {
  const env = {
    ...process.env,
    GOTOOLCHAIN: TOOLCHAIN,
    CGO_ENABLED: '0',
    GOFLAGS: '-mod=readonly -trimpath -buildvcs=false',
  };
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text;
  });
  const code = await once(child, 'close').then(
    ([code]) => code,
    () => 127,
  );
  if (code === 0) return out;
  const last = errors.trim().split('\n').at(-1);
  throw new Error(code === 127 ? `${command} is not on the PATH` : `${command} ${args[0]}: ${last}`);
}
