import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const BRANCH = 'main';
/** Nothing of the machine's own git settings counts. */
const ENV = {
  PATH: process.env['PATH'],
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.com',
};

/** Content of a file; objects are written as YAML documents (JSON is YAML), undefined takes the file away. */
type Content = string | readonly object[] | undefined;

/** A git repository on disk, with one branch. */
export class GitRepository {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async init(folder: string): Promise<GitRepository> {
    await mkdir(folder, { recursive: true });
    const repository = new GitRepository(folder);
    await repository.#git('init', '--quiet', '--initial-branch', BRANCH);
    return repository;
  }

  get url(): string {
    return `file://${this.folder}`;
  }

  /** @returns the commit */
  async commit(files: Readonly<Record<string, Content>>): Promise<string> {
    for (const [name, content] of Object.entries(files)) {
      const file = join(this.folder, name);
      await mkdir(dirname(file), { recursive: true });
      if (content === undefined) await rm(file, { recursive: true });
      else await writeFile(file, typeof content === 'string' ? content : documentsOf(content));
    }
    await this.#git('add', '--all');
    await this.#git('commit', '--quiet', '--allow-empty', '--message', Object.keys(files).join(', '));
    return (await this.#git('rev-parse', 'HEAD')).trim();
  }

  /** What source-controller does: a copy of the branch in a new folder. */
  async checkout(folder: string): Promise<{ readonly folder: string; readonly revision: string }> {
    await this.#git('clone', '--quiet', '--branch', BRANCH, this.url, folder);
    const commit = (await this.#git('rev-parse', 'HEAD')).trim();
    return { folder, revision: `${BRANCH}@sha1:${commit}` };
  }

  async #git(...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)('git', [...args], { cwd: this.folder, env: ENV });
    return stdout;
  }
}

const documentsOf = (objects: readonly object[]): string =>
  objects.map((object) => `${JSON.stringify(object, undefined, 2)}\n`).join('---\n');
