import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { watchDirectory } from '../certs/directory-source.js';
import { authorityFacts, certificatesIn, pemOf } from '../certs/inspect.js';
import type { Clock, Log } from '../process/ports.js';
import { pause } from '../process/sleep.js';
import { StartError } from '../process/start-error.js';

interface ClientCaDeps {
  /** PEM, of one CA or several. */
  readonly file: string;
  /** How often it is read if no event comes from its folder, milliseconds. */
  readonly lookMs: number;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
}

/** Events come in bunches, milliseconds, and at the first of them a file is half written. */
const SETTLE_MS = 300;

type ReadCa = { readonly kind: 'ok'; readonly pem: string } | { readonly kind: 'invalid'; readonly reason: string };

const readCa = async (file: string): Promise<ReadCa> => {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return { kind: 'invalid', reason: `can't be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})` };
  }
  const certificates = certificatesIn(text);
  if (certificates.length === 0) return { kind: 'invalid', reason: 'holds no PEM certificate' };
  if (certificates.some((pem) => authorityFacts(pem) === undefined))
    return { kind: 'invalid', reason: 'holds a certificate that is broken, or not that of a CA' };
  return { kind: 'ok', pem: pemOf(certificates) };
};

/** The CAs of --client-ca: read at the start, and anew when the file changes. One that is broken by then changes nothing. */
export class ClientCa {
  readonly #deps: ClientCaDeps;
  #pem: string;
  #complaint: string | undefined;

  private constructor(deps: ClientCaDeps, pem: string) {
    this.#deps = deps;
    this.#pem = pem;
  }

  /** @throws StartError if the file can't be used */
  static async open(deps: ClientCaDeps): Promise<ClientCa> {
    const read = await readCa(deps.file);
    if (read.kind === 'invalid') throw new StartError([`--client-ca: ${deps.file} ${read.reason}`]);
    return new ClientCa(deps, read.pem);
  }

  /** The last good ones. */
  get pem(): string {
    return this.#pem;
  }

  /** Watches the file until aborted, by its folder: a mounted ConfigMap is replaced by renaming a link beside it. */
  async run(onChange: (pem: string) => void, signal: AbortSignal): Promise<void> {
    const { file, lookMs, clock, log } = this.#deps;
    let settling: Promise<void> | undefined;
    const lookSoon = (): void => {
      settling ??= pause(clock, SETTLE_MS, signal).then(() => {
        settling = undefined;
        return this.#look(onChange);
      });
    };
    const looking = async (): Promise<void> => {
      while (!signal.aborted) {
        await pause(clock, lookMs, signal);
        await this.#look(onChange);
      }
    };
    await Promise.all([looking(), watchDirectory({ directory: dirname(file), log }, lookSoon, signal)]);
    await settling;
  }

  async #look(onChange: (pem: string) => void): Promise<void> {
    const { file, log } = this.#deps;
    const read = await readCa(file);
    const complaint = read.kind === 'invalid' ? read.reason : undefined;
    if (complaint !== undefined && complaint !== this.#complaint)
      log.warn('the file of --client-ca is not usable; the CAs that were read last go on to count', {
        file,
        complaint,
      });
    this.#complaint = complaint;
    if (read.kind === 'invalid' || read.pem === this.#pem) return;
    this.#pem = read.pem;
    onChange(read.pem);
    log.info('client CAs were read anew', { file, count: certificatesIn(read.pem).length });
  }
}
