import type { TagPolicy } from '../../api/tag-choice.js';
import { Deadline } from '../../process/deadline.js';
import type { Clock, Log, LogFields } from '../../process/ports.js';
import type { Registry, RegistryFailure, RegistryTarget } from '../../registry/port.js';
import type { ScanMemory } from './registry-reader.js';
import { type Findings, scanRepository } from './repository-scan.js';
import type { ScanOutcome, ScanResult } from './scan.js';
import { failureOfAll, policiesOf, type Subscribers } from './subscriber.js';

/** The input of a scan. */
interface Scan {
  readonly target: RegistryTarget;
  /** All subscribers of the repository; they may change while the scan is under way. */
  readonly subscribers: Subscribers;
  /** The subscribers that the scan is for. */
  readonly waiting: Subscribers;
  /** The memory of the repository; the scan updates it. */
  readonly memory: ScanMemory;
  /** Grows from scan to scan. */
  readonly number: number;
}

/** The findings of a scan, and when it was. A policy without an outcome is left to the next scan. */
export interface ScanRun extends Findings {
  readonly result: ScanResult;
  /** Wall clock. */
  readonly startedAt: number;
  /** Monotonic. */
  readonly begunAt: number;
}

interface ScanRunDeps {
  readonly clock: Clock;
  readonly registry: Registry;
  readonly log: Log;
}

/**
 * Time limit for all requests of one scan together: a registry that answers each in time but has endless pages, or a rate that many scans
 * share, must not hold a slot for hours. A thousand pages take this long at one request a second.
 */
const SCAN_MAX_MS = 15 * 60 * 1000;
const TIMED_OUT: RegistryFailure = { kind: 'failed', code: 'timeout', message: 'context deadline exceeded' };
/** Names of bundles in a log line. */
const NAMES_LOGGED = 5;

/** Scans a repository for all its subscribers, in bounded time, and logs it. Rejects only with the reason of an aborted signal. */
export const runScan = async (deps: ScanRunDeps, scan: Scan, signal: AbortSignal): Promise<ScanRun> => {
  const { clock, log } = deps;
  const [startedAt, begunAt] = [clock.now(), clock.monotonic()];
  const fields = scanFields(scan);
  log.debug('polling registry', fields);
  const findings = await inTime(deps, scan, signal);
  const failure = failureIn(findings.outcomes);
  logFindings(log, fields, findings, failure);
  const result = findings.held === undefined ? (failure?.code ?? 'success') : 'held-back';
  return { ...findings, result, startedAt, begunAt };
};

const inTime = async ({ clock, registry }: ScanRunDeps, scan: Scan, stop: AbortSignal): Promise<Findings> => {
  const { target, memory, number, subscribers } = scan;
  const policies = inTurn(scan);
  const deadline = new Deadline(clock, SCAN_MAX_MS, { signal: stop });
  try {
    return await deadline.run((signal) => scanRepository({ registry, target, policies, memory, number, signal }));
  } catch (error) {
    if (stop.aborted || !deadline.expired) throw error;
    return { outcomes: failureOfAll(subscribers, TIMED_OUT) };
  }
};

/**
 * All policies, in the order of their turns: first those that are waited for, in the order in which they had their last answer. Second is
 * the one that has had none for longest of all: otherwise policies that nobody waits for might never have a turn.
 */
const inTurn = ({ subscribers, waiting, memory }: Scan): ReadonlyMap<string, TagPolicy> => {
  const turnOf = (name: string): number => memory.turns.get(name) ?? 0;
  const sorted = (of: Subscribers) => [...policiesOf(of)].toSorted(([a], [b]) => turnOf(a) - turnOf(b));
  const [awaited, all] = [sorted(waiting), sorted(subscribers)];
  return new Map([...awaited.slice(0, 1), ...all.slice(0, 1), ...awaited, ...all]);
};

/** Of several failures the first. */
const failureIn = (outcomes: ReadonlyMap<string, ScanOutcome>): RegistryFailure | undefined => {
  for (const outcome of outcomes.values()) if (outcome.kind === 'failed') return outcome.failure;
  return undefined;
};

/** Log fields: the repository, and its bundles; of ten thousand not each by name. */
export const scanFields = ({
  target,
  subscribers,
  waiting,
}: Pick<Scan, 'target' | 'subscribers' | 'waiting'>): LogFields => ({
  registry: `${target.host}/${target.repository}`,
  bundles: [...waiting.keys()].slice(0, NAMES_LOGGED),
  waiting: waiting.size,
  members: subscribers.size,
});

/** Logs the findings of a scan; of one that was held back, the findings so far. */
const logFindings = (
  log: Log,
  fields: LogFields,
  { outcomes, held }: Findings,
  failure: RegistryFailure | undefined,
): void => {
  if (failure !== undefined) {
    const { message, host } = failure;
    const by = host === undefined ? {} : { by: host };
    log.warn('polling registry failed', { ...fields, ...by, error: `error polling registry: ${message}` });
  } else if (held === undefined) log.debug('polled registry', { ...fields, ...tagFields(outcomes) });
};

/** Log fields of the listing. A fixed tag is read without a listing. */
const tagFields = (outcomes: ReadonlyMap<string, ScanOutcome>): LogFields => {
  const [first] = outcomes.values();
  if (first === undefined || first.kind === 'failed') return {};
  const { etag, count, unchanged } = first.tags;
  return { etag, tags: count, ...(unchanged && { answer: '304 Not Modified' }) };
};
