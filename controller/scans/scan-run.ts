import { setMaxListeners } from 'node:events';
import type { TagPolicy } from '../../api/tag-choice.js';
import type { Clock, Log } from '../../process/ports.js';
import type { Registry, RegistryFailure } from '../../registry/port.js';
import { failureOfAll, type Member, policiesOf, type ScannedRepository } from './members.js';
import { type Findings, scanRepository } from './repository-scan.js';
import type { ScanOutcome, ScanResult } from './scan.js';
import { logFindings, scanFields } from './scan-log.js';

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
  const findings = await inTime(parts, repository, scan);
  const failure = failureIn(findings.outcomes);
  logFindings(log, fields, findings, failure);
  const result = findings.held === undefined ? (failure?.code ?? 'success') : 'held-back';
  return { ...findings, result, startedAt, begunAt };
}

async function inTime(
  { clock, registry }: { readonly clock: Clock; readonly registry: Registry },
  repository: ScannedRepository,
  { waiting, signal: stop }: { readonly waiting: readonly Member[]; readonly signal: AbortSignal },
): Promise<Findings> {
  const { target, memory, scans: number } = repository;
  const policies = inTurn(repository, waiting);
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
    return await scanRepository({ registry, target, policies, memory, number, signal });
  } catch (error) {
    if (stop.aborted || !late.signal.aborted) throw error;
    return { outcomes: failureOfAll(repository, TIMED_OUT) };
  } finally {
    over.abort();
  }
}

/**
 * All policies: those that are waited for before others, and those first that have had no answer for longest. Second comes the one that
 * has had none for longest of all: where many are waited for, those that nobody waits for would never have their turn.
 */
function inTurn({ members, memory }: ScannedRepository, waiting: readonly Member[]): ReadonlyMap<string, TagPolicy> {
  const turnOf = (name: string): number => memory.turns.get(name) ?? 0;
  const sorted = (of: Iterable<Member>) => [...policiesOf(of)].toSorted(([a], [b]) => turnOf(a) - turnOf(b));
  const [awaited, all] = [sorted(waiting), sorted(members.values())];
  return new Map([...awaited.slice(0, 1), ...all.slice(0, 1), ...awaited, ...all]);
}

/** Of several failures the first. */
function failureIn(outcomes: ReadonlyMap<string, ScanOutcome>): RegistryFailure | undefined {
  for (const outcome of outcomes.values()) if (outcome.kind === 'failed') return outcome.failure;
  return undefined;
}
