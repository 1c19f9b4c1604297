import type { RegistryTarget } from '../../registry/port.js';
import type { UserCredential } from './credentials.js';
import type { Refusal } from './push.js';

/** What was tried. */
interface Attempt {
  readonly target: RegistryTarget;
  readonly login: UserCredential;
  /** `ghcr.io/acme/app` */
  readonly url: string;
  /** The last request, and how long an answer was waited for, seconds. */
  readonly waiting: { readonly what: string; readonly seconds: number };
}

/** What a refused push means, and what to do about it, in one line. Pure; nothing of a credential is in it. */
export const explainRefusal = (refusal: Refusal, attempt: Attempt): string => {
  const { failure, said } = refusal;
  const todo = adviceFor(refusal, attempt);
  const theirs = said === undefined ? '' : ` (the registry says: ${said})`;
  const what = `${failureWords(failure, attempt)}${theirs}${todo === undefined ? '' : `; ${todo}`}`;
  return `${notPublished(attempt.url, isOpen(refusal) ? 'perhaps' : 'no')}: ${what}`;
};

/** @param sure - `perhaps`: the last request was sent, and has no answer */
export const notPublished = (url: string, sure: 'no' | 'perhaps'): string =>
  sure === 'no' ? `nothing was published to ${url}` : `whether this was published to ${url} is not known`;

/** Whether the manifest was sent, which publishes, and nothing is known of what became of it. */
const isOpen = ({ failure, request, status }: Refusal): boolean =>
  failure.kind === 'failed' &&
  status === undefined &&
  /^PUT .*\/manifests\//.test(request) &&
  (failure.code === 'timeout' || /closed before|reset by peer/.test(failure.message));

const failureWords = (failure: Refusal['failure'], { waiting }: Attempt): string => {
  if (failure.kind === 'held') return heldWords(failure.forMs);
  if (failure.code === 'timeout') return `gave up after ${waiting.seconds}s, ${waiting.what}`;
  // It names the address already.
  const from = failure.host === undefined || failure.code === 'refused-address' ? '' : ` from ${failure.host}`;
  return `${inOptions(failure.message, 'with --ca-file FILE')}${from}`;
};

const heldWords = (forMs: number): string =>
  `the registry asks for a pause; try again in ${Math.ceil(forMs / 1_000)} s`;

/**
 * The client's words are those of a bundle's status, which names fields of the spec: these name options.
 * @param ca - how a CA is given: `with --ca-file FILE`
 */
export const inOptions = (message: string, ca: string): string =>
  message
    .replace('with spec.registry.caSecretRef', ca)
    .replace(
      'for a registry with plain HTTP set spec.registry.insecure',
      'for a registry with plain HTTP give --insecure',
    )
    .replace('unless spec.registry.insecure is set', 'unless --insecure is given')
    .replace(' unless --allow-networks has it', '');

const adviceFor = ({ failure, status }: Refusal, attempt: Attempt): string | undefined => {
  const { target, url } = attempt;
  if (failure.kind === 'held') return undefined;
  if (failure.code === 'unauthorized') return status === 403 ? forbidden(attempt) : loginAdvice(attempt);
  if (target.insecure && isOtherProtocol(failure.message, status)) return byTls(target.host);
  switch (status) {
    case 404:
      return `${target.host} knows no ${target.repository}; some registries want the repository or its project made first`;
    case 405:
      return `${target.host} takes no pushes there: is it a mirror, or read-only?`;
    case 413:
      return 'a proxy before the registry allows no such size';
    default:
      return status === undefined && failure.code === 'timeout'
        ? `is ${url} right, and can it be reached from here?`
        : undefined;
  }
};

/** A server that speaks TLS hangs up on plain HTTP, answers 400, or sends it elsewhere. */
const isOtherProtocol = (message: string, status: number | undefined): boolean =>
  status === undefined
    ? /no HTTP|closed before|reset by peer/.test(message)
    : status === 400 || (status >= 300 && status < 400);

const byTls = (host: string): string =>
  `if ${host} speaks TLS, leave --insecure out, or, on this machine, give its CA with --ca-file FILE`;

const forbidden = ({ target, login }: Attempt): string =>
  login.credential === undefined
    ? loginAdvice({ target, login })
    : `who is logged in to ${target.host} may not push to ${target.repository}`;

const loginAdvice = ({ target, login }: Pick<Attempt, 'target' | 'login'>): string => {
  const { file, credential, problem } = login;
  const why = problem === undefined ? `${file} has no login for ${target.host}` : `${file}: ${problem}`;
  return credential === undefined
    ? `${why}: run "docker login ${target.host}"`
    : `the login of ${file} is not accepted: run "docker login ${target.host}" again`;
};
