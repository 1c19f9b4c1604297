import { formatDuration, parseDuration } from '../../api/duration.js';
import { patchCommand, reconcileCommand } from '../../api/kubectl-command.js';
import { SPEC_SCHEMA } from '../../api/schema-node.js';
import { toTheSecond } from '../../api/timestamp.js';
import { type CheckRow, failed, type Judgement, notChecked, ok, quoting, warning } from '../diagnosis/check.js';
import type { Observation, SecretView } from './observation.js';
import { isPolledWell, notAsked, type PollQuestion, pollFaultOf, tagsUnread } from './poll-fault.js';
import { SECTIONS } from './sections.js';
import { controllerSays, refOfBundle } from './status-words.js';

type Row = CheckRow<Observation>;

interface Answered {
  /** What is said if all is well. */
  readonly good: string;
  /** What mends it. */
  readonly commands: readonly string[];
  /** What to do, where that depends: behind what has failed. */
  readonly advice?: string;
}

/** What the registry fails at, if it is this question; else that it does not. */
const answered = (seen: Observation, question: PollQuestion, { good, commands, advice = '' }: Answered): Judgement => {
  const fault = pollFaultOf(seen);
  if (fault === undefined) {
    if (seen.registry.kind === 'asked') return ok(`${good}, asked from here`);
    return isPolledWell(seen) ? ok(`${good}, by the controller's last poll`) : notAsked(seen.registry.why);
  }
  if (fault.question !== question) return AFTER[question].includes(fault.question) ? ok(good) : notChecked(UNANSWERED);
  if (fault.from === 'here' && fault.isOfNetwork && isPolledWell(seen))
    return quoting(
      fault.message,
      warning(
        `${fault.message}, asked from here, which may be another network: the controller's last poll has succeeded`,
      ),
    );
  const by = fault.from === 'here' ? 'asked from here' : 'says the controller';
  return quoting(fault.message, failed(`${fault.message}, ${by}${advice}`, commands));
};

/** What a registry has shown to be well by failing at something that comes later. */
const AFTER: Readonly<Record<PollQuestion, readonly PollQuestion[]>> = {
  registry: ['credentials', 'repository', 'rate-limit'],
  credentials: ['repository'],
  repository: [],
  'rate-limit': ['credentials', 'repository'],
};
const UNANSWERED = 'the registry gives no answer to it';

const registry: Row = {
  id: 'registry',
  title: 'Registry',
  section: SECTIONS.syncing,
  judge: (seen) => {
    const good = `${hostOf(seen)} answers`;
    return answered(seen, 'registry', { good, commands: commandsFor(seen) });
  },
};

const hostOf = ({ spec, bundle }: Observation): string =>
  spec.kind === 'valid' ? spec.settings.registry.host : bundle.spec.registry.url;

const placeOf = (seen: Observation): string =>
  seen.spec.kind === 'valid' ? `${hostOf(seen)}/${seen.spec.settings.registry.repository}` : hostOf(seen);

/** The two settings that the registry itself says are missing. */
const commandsFor = (seen: Observation): readonly string[] => {
  const { message = '' } = pollFaultOf(seen) ?? {};
  const ref = refOfBundle(seen.bundle);
  if (message.includes('set spec.registry.insecure'))
    return [patchCommand(ref, { spec: { registry: { insecure: true } } })];
  if (!message.includes('spec.registry.caSecretRef')) return [];
  return [
    `kubectl create secret generic registry-ca -n ${ref.namespace} --from-file=ca.crt=CA_FILE`,
    patchCommand(ref, { spec: { registry: { caSecretRef: { name: 'registry-ca' } } } }),
  ];
};

const credentials: Row = {
  id: 'credentials',
  title: 'Credentials',
  section: SECTIONS.syncing,
  causes: ['registry'],
  judge: (seen) => {
    const { registrySecret, caSecret } = seen.access;
    const fault = faultOf(registrySecret) ?? faultOf(caSecret);
    if (fault !== undefined) return failed(fault.text, secretCommands(seen, fault));
    const told = controllerSays(seen, ['CredentialsInvalid']);
    if (told !== undefined && isUnknown(registrySecret, caSecret))
      return quoting(told, failed(`${told}, says the controller`));
    if (registrySecret === undefined && pollFaultOf(seen)?.question === 'repository')
      return notChecked('none are named; registries say "not found" of what nobody may see without some, too');
    const [unfit] = seen.access.warnings;
    const good =
      unfit?.message ?? (registrySecret === undefined ? 'none are named, and none are needed' : 'they are taken');
    return answered(seen, 'credentials', { good, commands: loginCommands(seen) });
  },
};

const faultOf = (secret: SecretView) =>
  secret?.kind === 'known' && secret.value !== 'usable' ? secret.value : undefined;
const isUnknown = (...secrets: readonly SecretView[]): boolean => secrets.some((secret) => secret?.kind === 'unknown');

const secretCommands = (seen: Observation, { use, kind, name }: NonNullable<ReturnType<typeof faultOf>>) => {
  const { namespace } = seen.bundle.metadata;
  // The type of a Secret can't be changed.
  const away = kind === 'absent' ? [] : [`kubectl delete secret ${name} -n ${namespace}`];
  const made =
    use === 'registry-secret'
      ? createLogin(seen, name)
      : `kubectl create secret generic ${name} -n ${namespace} --from-file=ca.crt=CA_FILE`;
  return [...away, made];
};

const createLogin = (seen: Observation, name: string): string =>
  `kubectl create secret docker-registry ${name} -n ${seen.bundle.metadata.namespace} --docker-server=${hostOf(seen)} --docker-username=USER --docker-password=PASSWORD`;

const loginCommands = (seen: Observation): readonly string[] => {
  const named = seen.bundle.spec.registry.secretRef?.name;
  if (named !== undefined) return [`${createLogin(seen, named)} --dry-run=client -o yaml | kubectl apply -f -`];
  const patch = { spec: { registry: { secretRef: { name: 'registry-creds' } } } };
  return [createLogin(seen, 'registry-creds'), patchCommand(refOfBundle(seen.bundle), patch)];
};

const repository: Row = {
  id: 'repository',
  title: 'Repository',
  section: SECTIONS.syncing,
  causes: ['registry', 'credentials'],
  judge: (seen) => answered(seen, 'repository', { good: `${placeOf(seen)} is there`, ...missingRepository(seen) }),
};

/** A misspelled one is more likely than one that nothing was published to yet. */
const missingRepository = (seen: Observation): Pick<Answered, 'commands' | 'advice'> => {
  const { name, namespace } = seen.bundle.metadata;
  const [similar, ...more] = seen.registry.kind === 'asked' ? seen.registry.similar : [];
  if (similar === undefined)
    return {
      advice: ': check spec.registry.url for a typo; if it is right, publish a bundle there',
      commands: [`kubectl edit wb ${name} -n ${namespace}`],
    };
  return {
    advice: `. There is ${[similar, ...more].join(', ')}: if ${more.length === 0 ? 'that' : similar} is meant, as follows; if the url is right, publish a bundle there`,
    commands: [patchCommand(refOfBundle(seen.bundle), { spec: { registry: { url: similar } } })],
  };
};

const rateLimit: Row = {
  id: 'rate-limit',
  title: 'Rate of requests',
  section: SECTIONS.requests,
  causes: ['registry'],
  judge: (seen) => answered(seen, 'rate-limit', { good: 'the registry takes them', commands: [slowerCommand(seen)] }),
};

/** Twice what is the default. */
const SLOWER_MS = 30 * 60_000;

const slowerCommand = ({ bundle }: Observation): string =>
  patchCommand(refOfBundle(bundle), { spec: { registry: { pollInterval: formatDuration(SLOWER_MS) } } });

const etag: Row = {
  id: 'etag',
  title: 'ETags',
  section: SECTIONS.requests,
  judge: (seen) => {
    if (seen.spec.kind === 'invalid') return notChecked('the spec is not valid');
    const { pollIntervalMs, policy } = seen.spec.settings.registry;
    if (policy.tag !== undefined) return ok('none are needed: a tag is named, and no list of tags is fetched');
    const isSupported = etagOf(seen);
    if (isSupported === undefined) return tagsUnread(seen);
    if (isSupported) return ok('what has not changed is not sent again');
    const found = `ETag support not detected, as of most registries: each poll fetches the whole list of tags, every ${formatDuration(pollIntervalMs)}`;
    return pollIntervalMs < usualIntervalMs()
      ? ok(`${found}; a longer interval spares the registry`, [slowerCommand(seen)])
      : ok(found);
  },
};

/** The default of the schema, milliseconds. Hardly any registry gives ETags: only who asks more often than usual can spare it something. */
const usualIntervalMs = (): number => {
  const usual = parseDuration(String(SPEC_SCHEMA.properties?.['registry']?.properties?.['pollInterval']?.default));
  return usual.kind === 'ok' ? usual.ms : 0;
};

/** Whether the registry gives ETags; undefined: its tags could not be read. */
const etagOf = (seen: Observation): boolean | undefined => {
  const { registry: asked, bundle } = seen;
  if (asked.kind === 'asked') return asked.outcome.kind === 'failed' ? undefined : asked.outcome.tags.etagSupported;
  const { lastETag } = bundle.status ?? {};
  return lastETag === undefined || !isPolledWell(seen) ? undefined : !lastETag.startsWith('tags-sha256:');
};

/** How the controller's polls go, whose state it keeps in the status. */
const polls: Row = {
  id: 'polls',
  title: 'Polls',
  section: SECTIONS.syncing,
  causes: ['registry', 'credentials', 'repository', 'rate-limit', 'polling-stopped'],
  judge: (seen) => {
    const { consecutiveFailures = 0, lastErrorMessage = '', nextAttemptTime } = seen.bundle.status ?? {};
    if (consecutiveFailures === 0) return ok('none has failed since the last that succeeded');
    const next = nextAttemptTime === undefined ? '' : `; the next one is at ${toTheSecond(nextAttemptTime)}`;
    const found = `${consecutiveFailures} in a row have failed: ${lastErrorMessage}${next}`;
    return quoting(lastErrorMessage, warning(found, [reconcileCommand(refOfBundle(seen.bundle))]));
  },
};

/** The checks of the registry, in the order of a request. */
export const REGISTRY_CHECKS: readonly Row[] = [registry, credentials, repository, rateLimit, etag, polls];
