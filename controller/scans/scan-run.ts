import { setMaxListeners } from 'node:events';
import type { Clock, Log } from '../../kube/ports.js';
import type { Registry, RegistryFailure } from '../ports.js';
import { failureOfAll, type Member, policiesOf, type ScannedRepository } from './members.js';
import { type Findings, scanRepository } from './repository-scan.js';
import type { ScanOutcome } from './scan.js';
import { logFindings, scanFields } from './scan-log.js';

/** For metrics: of a scan with several failures, the first one's code. `held-back`: nobody was asked, or not to the end. */
export type ScanResult = 'success' | 'held-back' | RegistryFailure['code'];

/** What came of a scan, and when. */
interface ScanRun extends Findings {
  readonly result: ScanResult;
  /** Wall clock. */
  readonly startedAt: number;
  /** Monotonic. */
  readonly begunAt: number;
}

/**
 * All requests of one scan together: a registry that answers each in time and has pages without end, or a rate that many scans share,
 * must not hold a slot for hours. A thousand pages take this at a request a second.
 */
const SCAN_MAX_MS = 15 * 60 * 1000;
const TIMED_OUT: RegistryFailure = { kind: 'failed', code: 'timeout', message: 'context deadline exceeded' };

/** Scans a repository for all its members, in bounded time, and tells of it. Rejects only with the reason of an aborted signal. */
export async function runScan(
  parts: { readonly clock: Clock; readonly registry: Registry; readonly log: Log },
  repository: ScannedRepository,
  scan: { readonly waiting: readonly Member[]; readonly signal: AbortSignal },
): Promise<ScanRun> {
  const { clock, log } = parts;
  const [startedAt, begunAt] = [clock.now(), clock.monotonic()];
  const fields = scanFields(repository, scan.waiting);
  log.info('polling registry', fields);
  const findings = await inTime(parts, repository, scan.signal);
  const failure = failureIn(findings.outcomes);
  logFindings(log, fields, findings, failure);
  const result = findings.held === undefined ? (failure?.code ?? 'success') : 'held-back';
  return { ...findings, result, startedAt, begunAt };
}

async function inTime(
  { clock, registry }: { readonly clock: Clock; readonly registry: Registry },
  repository: ScannedRepository,
  stop: AbortSignal,
): Promise<Findings> {
  const { target, memory, scans: number, members } = repository;
  const late = new AbortController();
  const over = new AbortController();
  clock.sleep(SCAN_MAX_MS, over.signal).then(
    () => late.abort(),
    () => undefined,
  );
  const signal = AbortSignal.any([stop, late.signal]);
  // A request under way listens to it in several places, and Node takes more than ten for a leak.
  setMaxListeners(0, signal);
  try {
    return await scanRepository({ registry, target, policies: policiesOf(members.values()), memory, number, signal });
  } catch (error) {
    if (stop.aborted || !late.signal.aborted) throw error;
    return { outcomes: failureOfAll(repository, TIMED_OUT) };
  } finally {
    over.abort();
  }
}

/** Of several failures the first. */
function failureIn(outcomes: ReadonlyMap<string, ScanOutcome>): RegistryFailure | undefined {
  for (const outcome of outcomes.values()) if (outcome.kind === 'failed') return outcome.failure;
  return undefined;
}
