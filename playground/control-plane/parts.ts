import { join } from 'node:path';
import type { Binaries, ControlPlaneProgram } from '../binaries/binaries.js';
import { type Credentials, kubeconfigOf, writePrivate } from './credentials.js';
import { type HeldPort, holdPorts } from './held-ports.js';
import {
  apiserverFlags,
  auditPolicyFile,
  controllerManagerFlags,
  etcdFlags,
  type Layout,
  type Peculiarities,
  PORT_NAMES,
  type PortName,
} from './program-flags.js';
import { type ReadinessProbe, waitUntilReady } from './ready.js';
import { type StopHow, type SupervisedProcess, superviseProcess } from './supervised-process.js';

/** The settings that the parts of one control plane are started with. */
export interface Setting {
  readonly dir: string;
  readonly binaries: Binaries;
  /** Resolves when the program can be run: it may still be on its way. */
  readonly arrived: (program: ControlPlaneProgram) => Promise<void>;
  readonly credentials: Credentials;
  readonly peculiarities: Peculiarities;
  readonly say: (line: string) => void;
}

const TERM: StopHow = { signal: 'SIGTERM', patienceMs: 5000 };
/** The apiserver's graceful stop waits for open watches, up to a minute, and there is nothing to save. */
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
    return `https://127.0.0.1:${this.#layout.ports.apiserver}`;
  }

  /** The address of its store. */
  get etcd(): string {
    return `http://127.0.0.1:${this.#layout.ports.etcd}`;
  }

  /** @throws ControlPlaneError; then call `stop` */
  async start(): Promise<void> {
    const { dir, credentials, peculiarities } = this.#setting;
    await writePrivate(join(dir, 'kubeconfig'), kubeconfigOf(this.server, credentials));
    if (peculiarities.auditPolicy !== undefined)
      await writePrivate(auditPolicyFile(dir), JSON.stringify(peculiarities.auditPolicy));
    await this.#startApiserver();
    if (!peculiarities.withoutControllers) await this.#startManager();
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

  async #startApiserver(): Promise<void> {
    const { binaries, peculiarities, arrived } = this.#setting;
    await arrived('etcd');
    await arrived('kube-apiserver');
    await this.#held.etcd.release();
    await this.#held.etcdPeer.release();
    const etcd = this.#run('etcd', binaries.etcd, etcdFlags(this.#layout), TERM);
    await this.#held.apiserver.release();
    const flags = apiserverFlags(this.#layout, peculiarities);
    const apiserver = this.#run('kube-apiserver', binaries.kubeApiserver, flags, KILL);
    await this.#ready([etcd, apiserver], { port: this.#layout.ports.apiserver, path: '/readyz', text: 'ok' });
  }

  async #startManager(): Promise<void> {
    const { binaries, arrived } = this.#setting;
    await arrived('kube-controller-manager');
    const flags = controllerManagerFlags(this.#layout);
    const manager = this.#run('kube-controller-manager', binaries.kubeControllerManager, flags, TERM);
    // Pods are refused in a namespace that has no service account yet.
    const path = '/api/v1/namespaces/default/serviceaccounts/default';
    await this.#ready([manager], { port: this.#layout.ports.apiserver, path, text: '"default"' });
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

  #ready(parts: readonly [...SupervisedProcess[], SupervisedProcess], probe: ReadinessProbe): Promise<void> {
    return waitUntilReady({ parts, probe, credentials: this.#setting.credentials });
  }
}

const environment = (dir: string): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '/usr/bin:/bin',
  HOME: dir,
  // The start is bound by CPU (building the OpenAPI document): fewer collections save about a second of it.
  GOGC: '400',
});
