import { execFile } from 'node:child_process';
import { basename, dirname, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import { CommandError, misuse } from '../command-error.js';
import { type Input, readInputs } from '../validate/inputs.js';
import { manifestsIn, mentionsSecret } from '../validate/manifests.js';

/** Names by which kustomize finds its file. */
const KUSTOMIZATIONS = new Set(['kustomization.yaml', 'kustomization.yml', 'Kustomization']);
/** Manifests of one Application, bytes; Argo CD has limits of its own, which are lower. */
const MAX_OUTPUT = 256 * 1024 * 1024;

/**
 * The manifests of a folder.
 * @param kustomize - the command that makes them of it; undefined: its files are the manifests
 * @throws CommandError with a line for each reason why there are none
 */
export const readFolder = async (
  folder: string,
  kustomize: readonly string[] | undefined,
): Promise<readonly Input[]> => {
  if (kustomize !== undefined) return [await built(folder, kustomize)];
  const { files, faults } = await readInputs([folder], { confined: true });
  const others = [...chartFaults(files), ...kustomizationFaults(folder, files)];
  if (faults.length + others.length > 0) throw misuse(...faults, ...others);
  return files;
};

/** Charts in the folder; what is within a chart is not told apart from it. */
const chartFaults = (files: readonly Input[]): readonly string[] => {
  const isChart = (file: Input) =>
    basename(file.name) === 'Chart.yaml' && manifestsIn(file).objects.every(({ kind }) => kind === '');
  const charts = files.filter(isChart).map(({ name }) => name);
  const outer = charts.filter((name) => !charts.some((other) => other !== name && isBelow(dirname(other), name)));
  const [first] = outer;
  if (first === undefined) return [];
  const what = outer.length === 1 ? `${first} is that of a Helm chart` : `${some(outer)} are those of Helm charts`;
  return [
    `${what}, and no chart is rendered here: give a folder of manifests that has none; to deploy a chart, publish it as a bundle (werfbundle publish ${dirname(first)} HOST/PATH:TAG), or let Argo CD render it in an Application without this plugin`,
  ];
};

/** kustomize builds the folder that it is given, and none below it. */
const kustomizationFaults = (folder: string, files: readonly Input[]): readonly string[] => {
  const found = files.map(({ name }) => name).filter((name) => KUSTOMIZATIONS.has(basename(name)));
  const [first] = found;
  if (first === undefined) return [];
  const own = found.find((name) => resolve(dirname(name)) === resolve(folder));
  if (own !== undefined)
    return [`${own} is for kustomize, which is not run: give --kustomize (${IN_ARGO_CD}), or take the file away`];
  return [
    `${some(found)} ${found.length === 1 ? 'is' : 'are'} for kustomize, which builds only the folder that it is given: give the one that has it: werfbundle generate ${dirname(first)} --kustomize (in Argo CD, give that folder as source.path, and set KUSTOMIZE to "true" under source.plugin.env)`,
  ];
};

/** Argo CD gives the program what an Application sets as a variable of another name. */
const IN_ARGO_CD =
  'in Argo CD, set KUSTOMIZE to "true" under source.plugin.env; elsewhere ARGOCD_ENV_KUSTOMIZE=true is the same';

const isBelow = (folder: string, name: string): boolean =>
  resolve(name).startsWith(resolve(folder) === sep ? sep : `${resolve(folder)}${sep}`);

/** How many files are named. */
const MOST = 3;
const some = (names: readonly string[]): string =>
  names.length <= MOST ? names.join(', ') : `${names.slice(0, MOST).join(', ')} and ${names.length - MOST} more`;

const built = async (folder: string, [program = '', ...args]: readonly string[]): Promise<Input> => {
  const name = [program, ...args, folder].join(' ');
  try {
    const { stdout } = await promisify(execFile)(program, [...args, folder], { maxBuffer: MAX_OUTPUT });
    return { name, text: stdout, found: false };
  } catch (error) {
    const { code, stderr = '' } = error as { readonly code?: unknown; readonly stderr?: string };
    throw new CommandError([`${name}: ${code === 'ENOENT' ? `${program} is not on the PATH` : shown(stderr.trim())}`]);
  }
};

/** kustomize quotes a patch that it can't read. */
const shown = (message: string): string =>
  mentionsSecret(message) ? 'it failed, and says why in words that may hold a Secret: run it to read them' : message;
