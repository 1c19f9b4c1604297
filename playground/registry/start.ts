import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import { type HeldPort, holdPort } from '../control-plane/held-ports.js';
import { type SupervisedProcess, superviseProcess } from '../control-plane/supervised-process.js';
import type { RegistryAuth, TokenAuth } from './auth.js';
import { htpasswdLine } from './bcrypt.js';
import { registryServer } from './in-process.js';

/** A running registry on 127.0.0.1, plain HTTP. */
export interface RunningRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** The distribution registry as a process, or its substitute inside this process. */
  readonly kind: 'docker-registry' | 'in-process';
  /** Ends it; what was pushed stays in its folder, for the next start. May be called again. */
  stop(): Promise<void>;
}

/** A registry did not come up; nothing of it is left running. */
class RegistryError extends Error {
  override readonly name = 'RegistryError';
}

const READY_WITHIN_MS = 20_000;

/**
 * Starts Debian's docker-registry, or, without `binary`, a registry inside this process, and says which. All it holds is in
 * `dir`, so that stopping and starting it again on the same port shows the same content.
 * @throws RegistryError, for a taken port for example
 */
export const startRegistry = async (options: {
  readonly dir: string;
  readonly binary?: string;
  readonly auth?: RegistryAuth | TokenAuth;
  /** Absent: a free one. */
  readonly port?: number;
  /** Whom to tell of pushes; only docker-registry can. */
  readonly notify?: Notify;
  readonly say: (line: string) => void;
}): Promise<RunningRegistry> => {
  const { binary, auth, notify, say } = options;
  const dir = resolve(options.dir);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const held = await holdPort(options.port ?? 0).catch((error: NodeJS.ErrnoException) => {
    const what = error.code === 'EADDRINUSE' ? 'is in use; choose another one' : `can't be used: ${error.message}`;
    throw new RegistryError(`port ${options.port} of 127.0.0.1, wanted for the registry, ${what}`);
  });
  if (notify !== undefined && binary === undefined)
    throw new RegistryError('only docker-registry, which is not on this machine, tells of pushes');
  if (auth?.kind === 'token') {
    if (binary === undefined)
      throw new RegistryError('only docker-registry, which is not on this machine, takes tokens');
    return startProcess({ dir, binary, held, notify, access: await tokenAccess(dir, auth) });
  }
  const account = binary && auth ? await htpasswdLine(auth.username, auth.password) : undefined;
  if (binary === undefined) {
    say('registry: docker-registry is not on this machine; one inside this process takes its place');
  } else if (auth !== undefined && account === undefined) {
    say(
      'registry: nothing here makes the bcrypt hash that docker-registry needs for a password (perl, python3 or htpasswd do);',
    );
    say('registry: one inside this process takes its place');
  } else {
    return startProcess({ dir, binary, held, notify, access: await passwordAccess(dir, account) });
  }
  return startInProcess({ dir, auth, held });
};

/** Who is told of each push and pull. */
interface Notify {
  readonly url: string;
  /** Of the header Authorization. */
  readonly token: string;
}

/** The `notifications` part of a distribution registry's configuration. */
const notificationsTo = ({ url, token }: Notify) => {
  const headers = { Authorization: [`Bearer ${token}`] };
  return { endpoints: [{ name: 'receiver', url, headers, timeout: '2s', threshold: 5, backoff: '1s' }] };
};

/** The `auth` part of a distribution registry's configuration. */
type Access = Readonly<Record<string, unknown>> | undefined;

const passwordAccess = async (dir: string, account: string | undefined): Promise<Access> => {
  if (account === undefined) return undefined;
  const path = join(dir, 'htpasswd');
  await writeFile(path, account, { mode: 0o600 });
  return { htpasswd: { realm: 'playground', path } };
};

const tokenAccess = async (dir: string, { realm, service, issuer, authority }: TokenAuth): Promise<Access> => {
  const rootcertbundle = join(dir, 'token-authority.pem');
  await writeFile(rootcertbundle, authority, { mode: 0o600 });
  return { token: { realm, service, issuer, rootcertbundle } };
};

const startProcess = async (options: {
  readonly dir: string;
  readonly binary: string;
  readonly held: HeldPort;
  readonly access: Access;
  readonly notify: Notify | undefined;
}): Promise<RunningRegistry> => {
  const { dir, binary, held, access, notify } = options;
  const host = `127.0.0.1:${held.port}`;
  const config = {
    version: '0.1',
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(dir, 'storage') }, delete: { enabled: true } },
    http: { addr: host },
    ...(access !== undefined && { auth: access }),
    ...(notify !== undefined && { notifications: notificationsTo(notify) }),
  };
  const configFile = join(dir, 'config.yml');
  await writeFile(configFile, stringify(config), { mode: 0o600 });
  await held.release();
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: dir, OTEL_TRACES_EXPORTER: 'none' };
  const registry = superviseProcess({
    name: 'docker-registry',
    command: [binary, 'serve', configFile],
    cwd: dir,
    env,
    logFile: join(dir, 'docker-registry.log'),
  });
  const stop = () => registry.stop({ signal: 'SIGTERM', patienceMs: 2000 });
  try {
    await waitUntilReady(host, registry);
  } catch (error) {
    await stop();
    throw error;
  }
  return { host, kind: 'docker-registry', stop };
};

const waitUntilReady = async (host: string, registry: SupervisedProcess): Promise<void> => {
  const failed = async (what: string): Promise<never> => {
    const { logFile } = registry;
    throw new RegistryError(`docker-registry ${what}; the end of ${logFile}:\n${await registry.logEnd()}`);
  };
  let end: string | undefined;
  void registry.ended.then((how) => {
    end = how;
  });
  for (const start = performance.now(); performance.now() - start < READY_WITHIN_MS; await delay(30)) {
    if (end !== undefined) await failed(`ended at start (${end})`);
    if (await answers(host)) return;
  }
  await failed(`did not answer in ${READY_WITHIN_MS / 1000} s`);
};

/** Whether a registry answers; a 401 counts, since it may want a password. */
const answers = (host: string): Promise<boolean> =>
  fetch(`http://${host}/v2/`).then(
    async ({ status, body }) => {
      await body?.cancel();
      return status === 200 || status === 401;
    },
    () => false,
  );

const startInProcess = async (options: {
  readonly dir: string;
  readonly auth: RegistryAuth | undefined;
  readonly held: HeldPort;
}): Promise<RunningRegistry> => {
  const { dir, auth, held } = options;
  const server = registryServer(join(dir, 'content'), auth);
  await held.release();
  server.listen(held.port, '127.0.0.1');
  await once(server, 'listening');
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    return stopped;
  };
  return { host: `127.0.0.1:${held.port}`, kind: 'in-process', stop };
};
