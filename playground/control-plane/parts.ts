import { join } from 'node:path';
import type { Binaries } from '../binaries/binaries.js';
import { ControlPlaneError } from './control-plane-error.js';
import { type Credentials, kubeconfigOf, writePrivate } from './credentials.js';
import { startFront } from './front.js';
import { type HeldPort, holdPorts } from './held-ports.js';
import {
  apiextensionsFlags,
  apiserverFlags,
  auditPolicyFile,
  controllerManagerFlags,
  enforcesCel,
  etcdFlags,
  hasTokenSecrets,
  type Layout,
  type Peculiarities,
  PORT_NAMES,
  type PortName,
} from './program-flags.js';
import { type Question, waitUntilReady } from './ready.js';
import { type StopHow, type SupervisedProcess, superviseProcess } from './supervised-process.js';

/** What the parts of one control plane are started with. */
export interface Setting {
  readonly dir: string;
  readonly binaries: Binaries;
  /** Of the apiserver: 20 for v1.20.2. */
  readonly minor: number;
  readonly credentials: Credentials;
  readonly peculiarities: Peculiarities;
  readonly say: (line: string) => void;
}

const TERM: StopHow = { signal: 'SIGTERM', patienceMs: 5000 };
/** The apiservers' graceful stop waits for open watches, up to a minute, and there is nothing to save. */
const KILL: StopHow = { signal: 'SIGKILL', patienceMs: 5000 };

/** The parts of one control plane in the order of their start; each is up before the next one starts. */
export class Parts {
  readonly #setting: Setting;
  readonly #held: Readonly<Record<PortName, HeldPort>>;
  readonly #layout: Layout;
  readonly #ends: (() => Promise<void>)[] = [];
  #stopping: Promise<void> | undefined;

  private constructor(setting: Setting, held: Readonly<Record<PortName, HeldPort>>) {
    this.#setting = setting;
    this.#held = held;
    const ports = Object.fromEntries(PORT_NAMES.map((name) => [name, held[name].port])) as Layout['ports'];
    this.#layout = { dir: setting.dir, ports };
  }

  static async withFreePorts(setting: Setting): Promise<Parts> {
    return new Parts(setting, await holdPorts(PORT_NAMES));
  }

  /** The address of the API. */
  get server(): string {
    return `https://127.0.0.1:${this.#layout.ports.front}`;
  }

  /** @throws ControlPlaneError; then call `stop` */
  async start(): Promise<void> {
    const { dir, minor, credentials, binaries, peculiarities } = this.#setting;
    const modern = enforcesCel(minor) ? undefined : binaries.apiextensionsApiserver;
    const corePort = modern === undefined ? 'front' : 'core';
    const core = this.#layout.ports[corePort];
    await writePrivate(join(dir, 'kubeconfig'), kubeconfigOf(this.server, credentials));
    await writePrivate(join(dir, 'core.kubeconfig'), kubeconfigOf(`https://127.0.0.1:${core}`, credentials));
    if (peculiarities.auditPolicy !== undefined)
      await writePrivate(auditPolicyFile(dir), JSON.stringify(peculiarities.auditPolicy));
    await this.#startCore(corePort);
    if (modern !== undefined) await this.#startModern(modern);
    if (!peculiarities.withoutControllers) await this.#startManager(core);
  }

  /** Clients first, etcd last. May be called again, and at any time. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    for (const end of this.#ends.toReversed()) await end();
    for (const name of PORT_NAMES) await this.#held[name].release();
  }

  async #startCore(port: 'front' | 'core'): Promise<void> {
    const { binaries, minor, peculiarities } = this.#setting;
    await this.#held.etcd.release();
    await this.#held.etcdPeer.release();
    const etcd = this.#run('etcd', binaries.etcd, etcdFlags(this.#layout), TERM);
    await this.#held[port].release();
    const listen = this.#layout.ports[port];
    const flags = apiserverFlags(this.#layout, { minor, listen, peculiarities });
    const core = this.#run('kube-apiserver', binaries.kubeApiserver, flags, KILL);
    await this.#ready([etcd, core], { port: listen, path: '/readyz', text: 'ok' });
  }

  async #startModern(program: string): Promise<void> {
    const { ports } = this.#layout;
    await this.#held.modern.release();
    const flags = apiextensionsFlags(this.#layout, this.#setting.peculiarities);
    const crds = this.#run('apiextensions-apiserver', program, flags, KILL);
    await this.#ready([crds], { port: ports.modern, path: '/readyz', text: 'ok' });
    await this.#held.front.release();
    const { credentials } = this.#setting;
    const front = await startFront({ ...ports, port: ports.front, credentials }).catch((error: Error) => {
      throw new ControlPlaneError(`the endpoint on port ${ports.front}: ${error.message}`, error.message);
    });
    this.#ends.push(() => front.close());
  }

  async #startManager(core: number): Promise<void> {
    const { binaries, minor } = this.#setting;
    const flags = controllerManagerFlags(this.#layout, minor);
    const manager = this.#run('kube-controller-manager', binaries.kubeControllerManager, flags, TERM);
    // Pods are refused in a namespace that has no complete service account yet.
    const path = '/api/v1/namespaces/default/serviceaccounts/default';
    await this.#ready([manager], { port: core, path, text: hasTokenSecrets(minor) ? '"secrets"' : '"default"' });
  }

  #run(name: string, program: string, flags: readonly string[], how: StopHow): SupervisedProcess {
    const { dir, say } = this.#setting;
    const command = [program, ...flags] as const;
    const part = superviseProcess({
      name,
      command,
      cwd: dir,
      env: environment(dir),
      logFile: join(dir, `${name}.log`),
    });
    this.#ends.push(() => part.stop(how));
    void part.ended.then((end) => {
      if (this.#stopping === undefined) say(`${name} ended (${end}); its log: ${part.logFile}`);
    });
    return part;
  }

  #ready(parts: readonly [...SupervisedProcess[], SupervisedProcess], question: Question): Promise<void> {
    return waitUntilReady({ parts, question, credentials: this.#setting.credentials });
  }
}

const environment = (dir: string): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '/usr/bin:/bin',
  HOME: dir,
  // The start is bound by CPU (building the OpenAPI document): fewer collections save about a second of it.
  GOGC: '400',
  // A 1.20 apiserver does not know the streaming form of list.
  KUBE_FEATURE_WatchListClient: 'false',
});
