import { pollError } from '../../controller/decide/poll-error.js';
import type { RegistryFailure } from '../../registry/port.js';
import { type Judgement, notChecked, quoting } from '../diagnosis/check.js';
import type { Observation } from './observation.js';
import { currentCondition } from './status-words.js';

/** Which question a failed poll answers with no. */
export type PollQuestion = 'registry' | 'credentials' | 'repository' | 'rate-limit';

interface PollFault {
  readonly question: PollQuestion;
  readonly message: string;
  /** Whether it depends on which network asks. */
  readonly isOfNetwork: boolean;
  readonly from: 'here' | 'controller';
}

const QUESTIONS: Readonly<Record<RegistryFailure['code'], PollQuestion>> = {
  unauthorized: 'credentials',
  'not-found': 'repository',
  'rate-limited': 'rate-limit',
  timeout: 'registry',
  'server-error': 'registry',
  connection: 'registry',
  certificate: 'registry',
  'refused-address': 'registry',
  protocol: 'registry',
};

/** What of the asking failed: from here, or if nobody asked from here, by what the controller says; undefined if nothing did. */
export const pollFaultOf = (seen: Observation): PollFault | undefined =>
  seen.registry.kind === 'asked' ? faultFromHere(seen) : faultOfController(seen);

const faultFromHere = (seen: Observation): PollFault | undefined => {
  const { registry } = seen;
  if (registry.kind !== 'asked' || registry.outcome.kind !== 'failed') return undefined;
  const { failure } = registry.outcome;
  const question = QUESTIONS[failure.code];
  const isOfNetwork = question === 'registry' && failure.code !== 'server-error' && failure.code !== 'protocol';
  return { question, message: words(seen, failure), isOfNetwork, from: 'here' };
};

/** The controller's own words, which name the Secret that was used, and nothing of it. */
const words = (seen: Observation, failure: RegistryFailure): string => {
  const { spec, access } = seen;
  if (spec.kind === 'invalid') return failure.message;
  const { host, repository, insecure } = spec.settings.registry;
  const target = { host, repository, insecure };
  const ready = { kind: 'ready', target, origin: access.origin, dockerConfig: undefined } as const;
  return pollError(failure, { bundle: seen.bundle, spec, access: ready });
};

const faultOfController = (seen: Observation): PollFault | undefined => {
  const reachable = currentCondition(seen, 'RegistryReachable');
  if (reachable?.status !== 'False') return undefined;
  const { message } = reachable;
  return { question: questionIn(message), message, isOfNetwork: true, from: 'controller' };
};

/** By the words of the guide: `error polling registry: 401 unauthorized`. */
const questionIn = (message: string): PollQuestion => {
  const [, status = ''] = /error polling registry: (\d{3}) /.exec(message) ?? [];
  if (status === '401' || status === '403') return 'credentials';
  if (status === '404') return 'repository';
  return status === '429' ? 'rate-limit' : 'registry';
};

/** Whether the controller's last poll has succeeded. */
export const isPolledWell = (seen: Observation): boolean =>
  currentCondition(seen, 'RegistryReachable')?.status === 'True' &&
  (seen.bundle.status?.consecutiveFailures ?? 0) === 0;

/** That nobody has asked the registry from here. */
export const notAsked = (why: string): Judgement => quoting(why, notChecked(why));

/** That the list of tags is not known, and why. */
export const tagsUnread = (seen: Observation): Judgement => {
  const fault = pollFaultOf(seen);
  if (fault !== undefined) return quoting(fault.message, notChecked(`they could not be read: ${fault.message}`));
  return seen.registry.kind === 'not-asked' ? notAsked(seen.registry.why) : notChecked('the registry has told no tags');
};
