import type { CredentialOrigin } from '../../api/references/registry-secret.js';
import type { RegistryFailure } from '../../registry/port.js';
import type { Observation } from './observation.js';

/** Failures on which credentials have a bearing: registries say 404 of what one may not see, and limit strangers first. */
const OF_CREDENTIALS: ReadonlySet<RegistryFailure['code']> = new Set(['unauthorized', 'not-found', 'rate-limited']);

/**
 * Why a poll has failed, for people: the guide's words first, then which repository was asked, with which credentials, and what to do.
 * It stays the same while the cause does, and has nothing of a Secret in it but its name.
 */
export const pollError = (failure: RegistryFailure, seen: Pick<Observation, 'bundle' | 'spec' | 'access'>): string => {
  const place = placeOf(seen);
  const by = failure.host === undefined ? '' : `, by ${failure.host}`;
  const words = OF_CREDENTIALS.has(failure.code) ? wordsOfCredentials(failure, seen, place) : '';
  return `error polling registry: ${failure.message} (${place}${by}${words === '' ? '' : `, ${words}`})`;
};

/** `ghcr.io/acme/app`: what was asked, as the spec has it. */
const placeOf = ({ spec, bundle }: Pick<Observation, 'bundle' | 'spec'>): string => {
  if (spec.kind === 'invalid') return bundle.spec.registry.url;
  const { host, repository } = spec.settings.registry;
  return `${host}/${repository}`;
};

const wordsOfCredentials = (
  { code, credentialSent }: RegistryFailure,
  { access, bundle }: Pick<Observation, 'bundle' | 'access'>,
  place: string,
): string => {
  if (access.kind !== 'ready') return '';
  const { origin } = access;
  if (origin.kind === 'entry') {
    if (credentialSent !== true) return `the credentials of ${origin.secret} were not asked for`;
    const advice = code === 'unauthorized' ? ': are they valid, and may they read it?' : '';
    return `with the credentials of ${origin.secret}${advice}`;
  }
  const { namespace } = bundle.metadata;
  return `without credentials: ${whyWithout(origin, { place, namespace, host: access.target.host })}`;
};

const whyWithout = (
  origin: Exclude<CredentialOrigin, { kind: 'entry' }>,
  { place, namespace, host }: { readonly place: string; readonly namespace: string; readonly host: string },
): string => {
  if (origin.kind === 'no-secret') {
    return `if it is private, kubectl create secret docker-registry NAME -n ${namespace} --docker-server=${host} --docker-username=USER --docker-password=PASSWORD, and name it in spec.registry.secretRef`;
  }
  const { secret, entries, fitting } = origin;
  if (fitting > 0) return `the entry of ${secret} that fits ${place} holds none`;
  // Which hosts the entries are for comes from a Secret.
  return `no entry of ${secret} fits ${place}; it has ${entries === 0 ? 'none at all' : entries === 1 ? 'one, for another place' : `${entries}, for other places`}`;
};
