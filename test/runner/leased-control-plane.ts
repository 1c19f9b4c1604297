import { mkdir, readFile, rm } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Binaries } from '../../playground/binaries/binaries.js';
import { type ControlPlane, startControlPlane } from '../../playground/control-plane/start.js';
import { AUDIT_POLICY } from '../kit/canary.js';
import type { Lease } from '../kit/lease.js';
import { Etcd, type Revisions } from './etcd.js';

const SETTLED_WITHIN_MS = 30_000;
const PUT_BACK_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 200;
/** What the control plane itself writes again and again. */
const ITS_OWN = /^\/registry\/(leases\/kube-system\/apiserver-|masterleases\/|peerserverleases\/|events\/|ranges\/)/;

/**
 * A control plane that one spec after the other has to itself. Between two it is put back to what it was at first: by its store,
 * since no spec's finalizers and grace periods are to be waited for.
 */
export class LeasedControlPlane {
  readonly #dir: string;
  readonly #binaries: Binaries;
  #running: Running | undefined;

  /** @param options.dir - for its state; started with the first lease */
  constructor({ dir, binaries }: { readonly dir: string; readonly binaries: Binaries }) {
    this.#dir = dir;
    this.#binaries = binaries;
  }

  /** For a spec that begins now. */
  async lease(): Promise<Lease> {
    this.#running ??= await start(this.#dir, this.#binaries);
    const { dir, kubeconfig, server, etcd, ca } = this.#running.controlPlane;
    return { dir, kubeconfig, server, etcd, ca };
  }

  /**
   * Takes away all that the spec has written, and looks whether it stays away.
   * @returns what was written after the spec had ended, by something that it left behind; then the next spec gets another one
   */
  async putBack(): Promise<readonly string[]> {
    if (this.#running === undefined) return [];
    const left = await putBack(this.#running);
    if (left.length > 0) await this.stop();
    return left;
  }

  async stop(): Promise<void> {
    await this.#running?.controlPlane.stop();
    this.#running = undefined;
    await rm(this.#dir, { recursive: true, force: true });
  }
}

interface Running {
  readonly controlPlane: ControlPlane;
  readonly etcd: Etcd;
  /** What it held before any spec, base64 by key. */
  readonly first: ReadonlyMap<string, string>;
  /** Of the same keys, since it was put back. */
  revisions: Revisions;
  readonly token: string;
  /** The API groups that it served before any spec. */
  readonly groups: string;
}

const start = async (dir: string, binaries: Binaries): Promise<Running> => {
  await mkdir(dir, { recursive: true });
  const controlPlane = await startControlPlane({ dir, binaries, peculiarities: { auditPolicy: AUDIT_POLICY } });
  const etcd = new Etcd(controlPlane.etcd);
  const token = await readFile(join(dir, 'admin.token'), 'utf8');
  const revisions = await untilSettled(etcd);
  const first = await etcd.contents();
  return { controlPlane, etcd, first, revisions, token, groups: await groupsOf(controlPlane, token) };
};

/** What a namespace gets from the controllers; a control plane that has it for its own has made all that it makes at first. */
const OF_A_NAMESPACE = ['serviceaccounts', 'configmaps'];
const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

const untilSettled = async (etcd: Etcd): Promise<Revisions> => {
  let before: Revisions = new Map();
  return await within(SETTLED_WITHIN_MS, 'the control plane does not settle', async () => {
    const now = await etcd.revisions();
    const same = changesBetween(before, now).length === 0;
    before = now;
    const complete = NAMESPACES.every((namespace) =>
      OF_A_NAMESPACE.every((kind) => [...now.keys()].some((key) => key.startsWith(`/registry/${kind}/${namespace}/`))),
    );
    return same && complete ? now : undefined;
  });
};

const putBack = async (running: Running): Promise<readonly string[]> => {
  const { etcd, first, controlPlane, token, groups } = running;
  let clean = 0;
  let changed: readonly string[] = [];
  const deadline = performance.now() + PUT_BACK_WITHIN_MS;
  while (performance.now() < deadline) {
    const now = await etcd.revisions();
    changed = changesBetween(running.revisions, now);
    const served = changed.length === 0 && (await groupsOf(controlPlane, token)) === groups;
    clean = served ? clean + 1 : 0;
    // Twice: what is still on its way, or a process that lives on, comes back. Processes themselves are looked for by left-behind.ts.
    if (clean === 2) return [];
    if (changed.length > 0) running.revisions = await undo(running, { etcd, first, changed });
    await delay(LOOK_EVERY_MS);
  }
  return changed.length > 0 ? changed : ['/apis still serves what was taken away'];
};

/** @returns the revisions that the first keys have now */
const undo = async (
  { revisions }: Running,
  {
    etcd,
    first,
    changed,
  }: { readonly etcd: Etcd; readonly first: Running['first']; readonly changed: readonly string[] },
): Promise<Revisions> => {
  const put = new Map(changed.flatMap((key) => (first.has(key) ? [[key, first.get(key) ?? ''] as const] : [])));
  await etcd.change({ remove: changed.filter((key) => !first.has(key)), put });
  const now = await etcd.revisions();
  return new Map([...revisions].map(([key, revision]) => [key, put.has(key) ? (now.get(key) ?? revision) : revision]));
};

/** Keys that are new, gone, or written since; what the control plane writes all the time left out. */
const changesBetween = (before: Revisions, now: Revisions): readonly string[] => {
  const keys = new Set([...before.keys(), ...now.keys()]);
  return [...keys].filter((key) => !ITS_OWN.test(key) && before.get(key) !== now.get(key));
};

/** Names of the API groups that are served, as one text. */
const groupsOf = ({ server, ca }: ControlPlane, token: string): Promise<string> => {
  const options = { ca, agent: false, headers: { authorization: `Bearer ${token}` } };
  return new Promise((resolve, reject) => {
    const asked = get(`${server}/apis`, options, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => {
        const { groups } = JSON.parse(text) as { readonly groups: readonly { readonly name: string }[] };
        resolve(
          groups
            .map(({ name }) => name)
            .toSorted()
            .join(' '),
        );
      });
    });
    asked.on('error', reject);
  });
};

const within = async <T>(ms: number, what: string, look: () => Promise<T | undefined>): Promise<T> => {
  const deadline = performance.now() + ms;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > deadline) throw new Error(`${what} within ${ms / 1_000} s`);
    await delay(LOOK_EVERY_MS);
  }
};
