import type { ClusterRef, KubeError, Resource } from '../../kube/client.js';

type FakeVerb = 'get' | 'list' | 'watch' | 'create' | 'replace' | 'patch' | 'delete' | 'log' | 'ask' | 'dry-run';

/** Which call a fault is meant for; what is left out fits all. */
export interface CallMatcher {
  readonly verb?: FakeVerb;
  readonly plural?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** A call on its way. */
export interface CallInfo {
  readonly verb: FakeVerb;
  readonly type: Resource;
  readonly ref: ClusterRef;
  readonly subresource?: string;
  readonly dryRun?: boolean;
  readonly body?: unknown;
}

/** What is to happen to a call: something before it, a fault instead of it, or (`late`) a fault after it. */
interface Intervention {
  readonly matcher: CallMatcher;
  readonly error?: () => KubeError;
  readonly late: boolean;
  readonly run?: () => unknown;
  times: number;
}

/** What is to happen to calls that are still to come. */
export class Interventions {
  readonly #waiting = new Set<Intervention>();

  add(intervention: Intervention): void {
    this.#waiting.add(intervention);
  }

  /** The oldest that fits the call; used up when its times are over. */
  take(call: CallInfo): Intervention | undefined {
    const found = [...this.#waiting].find(({ matcher }) => fits(matcher, call));
    if (found === undefined) return undefined;
    found.times -= 1;
    if (found.times === 0) this.#waiting.delete(found);
    return found;
  }
}

const fits = (matcher: CallMatcher, { verb, type, ref, subresource = '' }: CallInfo): boolean =>
  (matcher.verb ?? verb) === verb &&
  (matcher.plural ?? type.plural) === type.plural &&
  (matcher.subresource ?? subresource) === subresource &&
  (matcher.namespace ?? ref.namespace ?? '') === (ref.namespace ?? '') &&
  (matcher.name ?? ref.name) === ref.name;
