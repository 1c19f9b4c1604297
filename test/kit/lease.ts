import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ControlPlane } from '../../playground/control-plane/start.js';

/** A control plane that a spec file has to itself as long as it runs; before and after, others have it. */
export type Lease = Pick<ControlPlane, 'dir' | 'kubeconfig' | 'server' | 'etcd' | 'ca'>;

/** By which the specs' runner hands a lease to a spec's process, as JSON. */
export const LEASE_VARIABLE = 'WERFBUNDLE_LEASED_CONTROL_PLANE';

let taken = false;

/** The lease of this process, once: who asks again needs a control plane of its own. Undefined: there is none. */
export const takeLease = (): Lease | undefined => {
  const text = process.env[LEASE_VARIABLE];
  if (text === undefined || taken) return undefined;
  taken = true;
  return JSON.parse(text) as Lease;
};

/** Sizes of a control plane's logs, by name. */
type Sizes = ReadonlyMap<string, number>;

/** What its logs hold already is of others. */
export const logSizes = async (dir: string): Promise<Sizes> => {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.log'));
  return new Map(await Promise.all(names.map(async (name) => [name, (await stat(join(dir, name))).size] as const)));
};

/** Copies what its logs have got since into a folder. */
export const copyLogsSince = async (
  before: Sizes,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> => {
  await mkdir(to, { recursive: true });
  for (const name of (await logSizes(from)).keys()) {
    const start = before.get(name) ?? 0;
    await pipeline(createReadStream(join(from, name), { start }), createWriteStream(join(to, name)));
  }
};
