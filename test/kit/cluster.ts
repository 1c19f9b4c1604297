import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Binaries } from '../../playground/binaries/binaries.js';
import { lookForBinaries } from '../../playground/binaries/find.js';
import type { Peculiarities } from '../../playground/control-plane/program-flags.js';
import { type ControlPlane, startControlPlane } from '../../playground/control-plane/start.js';
import { AUDIT_POLICY, leaksIn } from './canary.js';
import { copyLogsSince, type Lease, logSizes, takeLease } from './lease.js';

/** A real control plane that one spec file has to itself. */
export interface Cluster {
  /** Path of a cluster-admin's kubeconfig. */
  readonly kubeconfig: string;
  /** A folder for the spec's own files; it goes with the cluster. */
  readonly dir: string;
  readonly controlPlane: Lease;
  /** Ends a control plane of the spec's own before the spec does. @throws if it is lent */
  stopControlPlane(): Promise<void>;
  /** Runs kubectl as cluster-admin; never throws for what kubectl refuses. */
  kubectl(args: readonly string[], input?: string): Promise<KubectlResult>;
}

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a spec may ask for, beside peculiarities of a control plane. */
interface ClusterWish extends Peculiarities {
  /** Why it needs a control plane that nobody else has had; with peculiarities it gets one of its own in any case. */
  readonly own?: string;
}

/**
 * A control plane: the one that the runner lends to this spec, or one of its own (4 s) that ends with the spec file. The spec fails
 * if anything of a Secret was written elsewhere, logged or exported meanwhile.
 * @param options - `secrets`: what stands in Secrets that are not of the spec's making, and is looked for, too
 */
export const startCluster = async (
  t: Test,
  { secrets = [], ...wish }: ClusterWish & { readonly secrets?: readonly string[] } = {},
): Promise<Cluster> => {
  const atEnd = async (dir: string): Promise<void> => {
    const leaks = await leaksIn(dir, secrets);
    if (leaks.length > 0) throw new Error(`canaries (test/kit/canary.ts):\n${leaks.join('\n')}`);
  };
  return openCluster(t, atEnd, wish);
};

/** The same, but for what is done when all has ended: `atEnd` gets the spec's folder. */
export const openCluster = async (
  t: Test,
  atEnd: (dir: string) => Promise<void>,
  { own, ...peculiarities }: ClusterWish = {},
): Promise<Cluster> => {
  const binaries = await binariesOfThisRun();
  const dir = await mkdtemp(join(tmpdir(), 'werfbundle-spec-'));
  // One step: of several, what follows a failed one is not done.
  t.teardown(() => atEnd(dir).finally(() => rm(dir, { recursive: true, force: true })));
  const lease = own === undefined && Object.keys(peculiarities).length === 0 ? takeLease() : undefined;
  const logs = join(dir, 'control-plane');
  const owned = lease === undefined ? await ownControlPlane(t, { dir: logs, binaries, peculiarities }) : undefined;
  const controlPlane = lease ?? (owned as ControlPlane);
  if (lease !== undefined) {
    const before = await logSizes(lease.dir);
    t.teardown(() => copyLogsSince(before, { from: lease.dir, to: logs }));
  }
  const { kubeconfig } = controlPlane;
  const kubectl = (args: readonly string[], input?: string) =>
    run({ program: binaries.kubectl, kubeconfig, dir, args, input });
  const stopControlPlane = async () => {
    if (owned === undefined) throw new Error('this control plane is lent: ask for one of your own');
    await owned.stop();
  };
  return { kubeconfig, dir, controlPlane, stopControlPlane, kubectl };
};

const ownControlPlane = async (
  t: Test,
  options: { readonly dir: string; readonly binaries: Binaries; readonly peculiarities: Peculiarities },
): Promise<ControlPlane> => {
  const peculiarities = { auditPolicy: AUDIT_POLICY, ...options.peculiarities };
  const controlPlane = await startControlPlane({ ...options, peculiarities, say: (line) => t.comment(line) });
  t.teardown(() => controlPlane.stop());
  return controlPlane;
};

/** What `npm test` found and passes on; a spec that is run alone looks for itself, but gets nothing. */
export const binariesOfThisRun = async (): Promise<Binaries> => {
  const given = process.env['WERFBUNDLE_BINARIES'];
  if (given !== undefined) return JSON.parse(given) as Binaries;
  const found = await lookForBinaries(process.env);
  if (found.kind === 'found') return found.binaries;
  throw new Error(
    'the control plane\'s programs are not on this machine: "node dist/playground.js binaries" gets them',
  );
};

const run = (options: {
  readonly program: string;
  readonly kubeconfig: string;
  readonly dir: string;
  readonly args: readonly string[];
  readonly input: string | undefined;
}): Promise<KubectlResult> => {
  const { program, kubeconfig, dir, args, input } = options;
  // A home of its own: kubectl's discovery cache belongs to one cluster and one spec.
  const env = { PATH: process.env['PATH'], HOME: dir, KUBECONFIG: kubeconfig };
  const child = spawn(program, args, { cwd: dir, env, stdio: ['pipe', 'pipe', 'pipe'] });
  const read = (stream: NodeJS.ReadableStream): (() => string) => {
    let text = '';
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    return () => text;
  };
  const stdout = read(child.stdout);
  const stderr = read(child.stderr);
  child.stdin.on('error', () => {}); // kubectl may end before it has read all of it
  child.stdin.end(input ?? '');
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, stdout: stdout(), stderr: stderr() }));
  });
};
