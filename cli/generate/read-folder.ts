import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { CommandError, misuse } from '../command-error.js';
import { type Input, readInputs } from '../validate/inputs.js';
import { mentionsSecret } from '../validate/manifests.js';

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
  const kustomizations = files.map(({ name }) => name).filter((name) => KUSTOMIZATIONS.has(basename(name)));
  const notBuilt = kustomizations.map(
    (name) => `${name} is for kustomize, which is not run: set KUSTOMIZE to true (--kustomize), or take the file away`,
  );
  if (faults.length + notBuilt.length > 0) throw misuse(...faults, ...notBuilt);
  return files;
};

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
