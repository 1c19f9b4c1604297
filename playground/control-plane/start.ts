import { join, resolve } from 'node:path';
import type { Binaries, ControlPlaneProgram } from '../binaries/binaries.js';
import { ControlPlaneError } from './control-plane-error.js';
import { credentialsIn } from './credentials.js';
import { Parts, type Setting } from './parts.js';
import type { Peculiarities } from './program-flags.js';

/** A running control plane on 127.0.0.1. */
export interface ControlPlane {
  /** All its state, logs (`<program>.log`), and `ca.crt` with `ca.key` to issue certificates that it trusts. */
  readonly dir: string;
  /** Path of a kubeconfig (JSON, mode 600): cluster-admin by token. */
  readonly kubeconfig: string;
  /** `https://127.0.0.1:PORT` */
  readonly server: string;
  /** Address of its store, without TLS: `http://127.0.0.1:PORT` */
  readonly etcd: string;
  /** Certificate of the authority, PEM. */
  readonly ca: string;
  /** Stops clients first and etcd last; afterwards no process and no port of it is left. May be called again. */
  stop(): Promise<void>;
}

const ATTEMPTS = 3;

/**
 * Starts etcd, kube-apiserver and kube-controller-manager; returns when Pods can be created in namespace default. State that
 * `dir` holds already is used again. All of it ends with this process, even if that is killed.
 * @param options.arrived - resolves when a program can be run, for those that are still being got: each is started as soon as possible
 * @throws ControlPlaneError; what `arrived` throws
 */
export const startControlPlane = async (options: {
  readonly dir: string;
  readonly binaries: Binaries;
  readonly say?: (line: string) => void;
  readonly arrived?: (program: ControlPlaneProgram) => Promise<void>;
  readonly peculiarities?: Peculiarities;
}): Promise<ControlPlane> => {
  const { binaries, say = () => {}, arrived = async () => {}, peculiarities = {} } = options;
  const dir = resolve(options.dir);
  const setting: Setting = { dir, binaries, arrived, credentials: await credentialsIn(dir), peculiarities, say };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(setting);
    } catch (error) {
      if (!(error instanceof ControlPlaneError && error.portTaken) || attempt === ATTEMPTS) throw error;
      say('a port was taken meanwhile; trying others');
    }
  }
};

const startOnce = async (setting: Setting): Promise<ControlPlane> => {
  const { dir, credentials } = setting;
  const parts = await Parts.withFreePorts(setting);
  try {
    await parts.start();
  } catch (error) {
    await parts.stop();
    throw error;
  }
  const kubeconfig = join(dir, 'kubeconfig');
  return { dir, kubeconfig, server: parts.server, etcd: parts.etcd, ca: credentials.ca, stop: () => parts.stop() };
};
