import { spawn } from 'node:child_process';
import { isMap, valueAt } from '../api/json-map.js';
import type { Clock } from '../process/ports.js';

/** `users[].user.exec` of a kubeconfig, as far as it is read here. */
export interface ExecConfig {
  /** A program of the PATH, or a path. */
  readonly command: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
  readonly apiVersion?: string;
  /** `Never`, `IfAvailable`, `Always`: whether the program may ask its user. */
  readonly interactiveMode?: string;
  /** How to get the program, in words of whoever wrote the kubeconfig. */
  readonly installHint?: string;
}

/** What a plugin gave. */
interface ExecCredential {
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** A plugin gave nothing. The message is one line, and names the command; nothing of what it wrote to standard output is in it. */
export class PluginError extends Error {
  override readonly name = 'PluginError';
}

/** What a plugin needs of the process. */
interface PluginDeps {
  readonly env: NodeJS.ProcessEnv;
  /** Whether somebody can answer the program's questions: then it has the terminal to itself, as with kubectl. */
  readonly isInteractive: boolean;
  readonly clock: Pick<Clock, 'now'>;
}

/** How long a credential without an end is used, milliseconds: nobody says when it is taken back. */
const KEPT_MS = 60_000;
/** Of what a plugin says, characters. */
const MAX_WORDS = 400;

/** Gets credentials by running a program, and again once they have expired; several that ask at once wait for one run. */
export class ExecPlugin {
  readonly #config: ExecConfig;
  readonly #deps: PluginDeps;
  #kept: { readonly credential: ExecCredential; readonly until: number } | undefined;
  #running: Promise<ExecCredential> | undefined;

  constructor(config: ExecConfig, deps: PluginDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  /** @throws PluginError */
  async credential(): Promise<ExecCredential> {
    if (this.#kept !== undefined && this.#deps.clock.now() < this.#kept.until) return this.#kept.credential;
    this.#running ??= this.#get().finally(() => {
      this.#running = undefined;
    });
    return await this.#running;
  }

  async #get(): Promise<ExecCredential> {
    const ended = await run(this.#config, this.#deps);
    const fault = faultOf(this.#config, ended);
    if (fault !== undefined) throw new PluginError(`command "${this.#config.command}" ${fault}`);
    const status = statusIn(ended.stdout);
    if (typeof status === 'string') throw new PluginError(`command "${this.#config.command}" ${status}`);
    const end = Date.parse(String(status.expires));
    this.#kept = { credential: status.credential, until: Number.isNaN(end) ? this.#deps.clock.now() + KEPT_MS : end };
    return status.credential;
  }
}

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  /** Of a program that could not be run. */
  readonly error?: NodeJS.ErrnoException;
  readonly code?: number | null;
  readonly signal?: NodeJS.Signals | null;
}

const run = (config: ExecConfig, { env, isInteractive }: PluginDeps): Promise<Ended> => {
  const asks = isInteractive && config.interactiveMode !== 'Never';
  const child = spawn(config.command, config.args ?? [], {
    env: {
      ...env,
      ...infoFor(config, asks),
      ...Object.fromEntries((config.env ?? []).map(({ name, value }) => [name, value])),
    },
    stdio: [asks ? 'inherit' : 'ignore', 'pipe', asks ? 'inherit' : 'pipe'],
  });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  const texts = () => ({ stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ ...texts(), error }));
    child.on('close', (code, signal) => resolve({ ...texts(), code, signal }));
  });
};

/** What client-go tells each plugin. */
const infoFor = ({ apiVersion }: ExecConfig, interactive: boolean) => ({
  KUBERNETES_EXEC_INFO: JSON.stringify({ apiVersion, kind: 'ExecCredential', spec: { interactive } }),
});

const faultOf = ({ installHint }: ExecConfig, { error, code, signal, stderr }: Ended): string | undefined => {
  if (error !== undefined) {
    const reason = RUN_FAULTS[error.code ?? ''] ?? error.code ?? 'unknown error';
    return `cannot be run: ${reason}${hint(error.code === 'ENOENT' ? installHint : undefined)}`;
  }
  if (code === 0) return undefined;
  const end = typeof code === 'number' ? `failed with exit code ${code}` : `was ended by ${signal ?? 'a signal'}`;
  return `${end}${hint(stderr)}`;
};

const RUN_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
};

/** Text that may be a token; JSON web tokens begin with eyJ. */
const LIKE_A_TOKEN = /[\w.+=~-]{32,}|\beyJ[\w.-]+/g;

const hint = (text = ''): string => {
  const lines = text.split('\n').map((line) => line.trim());
  const words = lines
    .filter((line) => line !== '')
    .join('; ')
    .replace(LIKE_A_TOKEN, '…');
  if (words === '') return '';
  return `: ${words.length > MAX_WORDS ? `${words.slice(0, MAX_WORDS)}…` : words}`;
};

/** @returns a text that says what is wrong */
const statusIn = (stdout: string): { readonly credential: ExecCredential; readonly expires: unknown } | string => {
  let given: unknown;
  try {
    given = JSON.parse(stdout);
  } catch {
    return 'did not print a credential as JSON';
  }
  const status = valueAt(given, 'status');
  const {
    token,
    clientCertificateData: cert,
    clientKeyData: key,
    expirationTimestamp: expires,
  } = isMap(status) ? status : {};
  const credential = {
    ...(isText(token) && { token }),
    ...(isText(cert) && isText(key) && { cert, key }),
  };
  return Object.keys(credential).length === 0
    ? 'printed a credential without token and certificate'
    : { credential, expires };
};

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
