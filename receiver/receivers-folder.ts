import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Log } from '../process/ports.js';
import { pause } from '../process/sleep.js';
import { parseReceivers } from './parse-receivers.js';
import type { Receivers } from './receivers.js';

/** The file with the receivers, in the folder where their secrets are, too. */
const FILE = 'receivers.yaml';
/** How often the folder is looked at, milliseconds: a kubelet takes up to a minute to bring a mounted Secret up to date. */
const LOOK_MS = 5_000;

interface ReceiversFolderDeps {
  readonly folder: string;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Pick<Log, 'info' | 'error'>;
  /** Called after each look that found something else. */
  readonly onLook: (isValid: boolean) => void;
}

/** The receivers, as the folder has them: read again and again, and what is invalid changes nothing. */
export class ReceiversFolder {
  readonly #deps: ReceiversFolderDeps;
  #receivers: Receivers = new Map();
  /** What was found last; undefined: nothing was read yet. */
  #found: string | undefined;

  constructor(deps: ReceiversFolderDeps) {
    this.#deps = deps;
  }

  /** The last valid ones. */
  get receivers(): Receivers {
    return this.#receivers;
  }

  /** Reads them for the first time. @returns what is wrong with them, a line each */
  async open(): Promise<readonly string[]> {
    return await this.#look();
  }

  /** Reads them again and again until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(this.#deps.clock, LOOK_MS, signal);
      if (!signal.aborted) await this.#look();
    }
  }

  async #look(): Promise<readonly string[]> {
    const { folder, log, onLook } = this.#deps;
    const { text, secrets, fault } = await contentOf(folder);
    const found = JSON.stringify([text, [...secrets], fault]);
    if (found === this.#found) return [];
    this.#found = found;
    const parsed = fault === undefined ? parseReceivers(text, (file) => secrets.get(file)) : unreadable(fault);
    onLook(parsed.kind === 'ok');
    if (parsed.kind === 'invalid') {
      const problems = parsed.problems.map((problem) => `${join(folder, FILE)}: ${problem}`);
      log.error('the receivers are invalid; those from before are used on', { problems });
      return problems;
    }
    this.#receivers = parsed.receivers;
    log.info('receivers were read', { receivers: [...parsed.receivers.keys()] });
    return [];
  }
}

const unreadable = (fault: string) => ({ kind: 'invalid', problems: [fault] }) as const;

interface Content {
  readonly text: string;
  /** All other files, by name. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Why the receivers can't be read, if so. */
  readonly fault?: string;
}

const contentOf = async (folder: string): Promise<Content> => {
  try {
    const entries = await readdir(folder);
    // Kubernetes keeps the files of a mounted Secret in folders that begin with two dots.
    const files = entries.filter((name) => !name.startsWith('..') && name !== FILE);
    const texts = await Promise.all(files.map(async (name) => [name, await readText(join(folder, name))] as const));
    const secrets = new Map(texts.flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const])));
    return { text: await readFile(join(folder, FILE), 'utf8'), secrets };
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    return { text: '', secrets: new Map(), fault: `can't be read (${code})` };
  }
};

/** @returns undefined for a folder */
const readText = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EISDIR') return undefined;
    throw error;
  }
};
