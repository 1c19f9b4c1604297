import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Binaries } from '../../playground/binaries/binaries.js';
import { LEASE_VARIABLE } from '../kit/lease.js';
import { LeasedControlPlane } from './leased-control-plane.js';
import { leftBehind } from './left-behind.js';
import { reportSpec } from './report-spec.js';
import { runSpec, type SpecResult } from './spec-process.js';

interface Plan {
  /** In the order in which they are to begin. */
  readonly files: readonly string[];
  readonly root: string;
  /** The folder of the compiled files. */
  readonly compiled: string;
  readonly jobs: number;
  /** undefined: no spec of these needs a control plane. */
  readonly binaries: Binaries | undefined;
  /** Whether a spec is lent a control plane. */
  readonly needsControlPlane: (file: string) => boolean;
  readonly print: (line: string) => void;
  /** Milliseconds that one spec file may take. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 600_000;

/**
 * Runs spec files, as many at a time as there are jobs. Each job has one control plane, which its specs get one after the other and
 * leave as it was; a spec that leaves anything behind fails.
 */
export const runSpecs = async (plan: Plan): Promise<readonly SpecResult[]> => {
  const home = await mkdtemp(join(tmpdir(), 'werfbundle-specs-'));
  const queue = [...plan.files];
  const results: SpecResult[] = [];
  const work = async (job: number): Promise<void> => {
    const { binaries } = plan;
    const lent = binaries && new LeasedControlPlane({ dir: join(home, `control-plane-${job}`), binaries });
    try {
      for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
        const result = await runInJob(file, { plan, home, lent });
        for (const line of reportSpec(result)) plan.print(line);
        results.push(result);
      }
    } finally {
      await lent?.stop();
    }
  };
  try {
    await Promise.all(Array.from({ length: plan.jobs }, (_, job) => work(job)));
    return results;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
};

const runInJob = async (
  file: string,
  { plan, home, lent }: { readonly plan: Plan; readonly home: string; readonly lent: LeasedControlPlane | undefined },
): Promise<SpecResult> => {
  const { root, compiled, binaries, timeoutMs = TIMEOUT_MS } = plan;
  const control = plan.needsControlPlane(file) ? lent : undefined;
  const lease = await control?.lease();
  // By its whole path: files in different folders have the same name.
  const tmp = join(home, file.replace(/\.spec\.ts$/, '').replaceAll('/', '-'));
  await mkdir(tmp);
  const env = {
    ...process.env,
    TMPDIR: tmp,
    TAP_TIMEOUT: String(timeoutMs / 1_000),
    ...(binaries && { WERFBUNDLE_BINARIES: JSON.stringify(binaries) }),
    ...(lease && { [LEASE_VARIABLE]: JSON.stringify(lease) }),
  };
  const program = join(compiled, file.replace(/ts$/, 'js'));
  const result = await runSpec({ file, program, root, env, timeoutMs });
  const left = [...(await leftBehind(tmp)), ...(await writtenAfter(control))];
  await rm(tmp, { recursive: true, force: true });
  return { ...result, faults: [...result.faults, ...left] };
};

const writtenAfter = async (control: LeasedControlPlane | undefined): Promise<readonly string[]> =>
  ((await control?.putBack()) ?? []).map((key) => `something that it left behind still writes ${key}`);
