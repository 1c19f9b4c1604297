import type { Log, LogFields } from '../../process/ports.js';
import type { RegistryFailure } from '../../registry/port.js';
import { type Member, memberName, type ScannedRepository } from './members.js';
import type { Findings } from './repository-scan.js';
import type { ScanOutcome } from './scan.js';

/** Names of bundles in a log line. */
const NAMES_LOGGED = 5;

/** Which repository, and for whom; with ten thousand bundles not for each by name. */
export function scanFields({ target, members }: ScannedRepository, waiting: readonly Member[]): LogFields {
  return {
    registry: `${target.host}/${target.repository}`,
    bundles: waiting.slice(0, NAMES_LOGGED).map(({ bundle }) => memberName(bundle)),
    waiting: waiting.length,
    members: members.size,
  };
}

/** Tells what came of a scan; of one that was held back, as far as it came. */
export function logFindings(
  log: Log,
  fields: LogFields,
  { outcomes, held }: Findings,
  failure: RegistryFailure | undefined,
): void {
  if (failure !== undefined) {
    log.warn('polling registry failed', { ...fields, error: `error polling registry: ${failure.message}` });
  } else if (held === undefined) log.info('polled registry', { ...fields, ...tagFields(outcomes) });
}

/** What the listing was, in short. A fixed tag is read without a listing. */
function tagFields(outcomes: ReadonlyMap<string, ScanOutcome>): LogFields {
  const [first] = outcomes.values();
  if (first === undefined || first.kind === 'failed') return {};
  const { etag, count, unchanged } = first.tags;
  return { etag, tags: count, ...(unchanged && { answer: '304 Not Modified' }) };
}
