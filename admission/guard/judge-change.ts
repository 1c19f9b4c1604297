import type { ObjectRef } from '../../api/objects.js';
import type { Problem, Warning } from '../../api/problem.js';
import type { FoundSource } from '../../api/values/problem.js';
import { type KubeClient, KubeError, type ResourceType } from '../../kube/client.js';
import { CONFIGMAPS, SECRETS } from '../../kube/resources.js';
import type { Call } from '../handler.js';
import type { Use, Uses } from '../references/uses.js';
import { sameJson } from '../same-json.js';
import type { ValuesPool } from '../values/values-pool.js';
import type { Findings } from '../verdict.js';
import { type Fault, faultsOf } from './faults.js';
import { type ByChartsDeps, judgeByCharts } from './judge-by-charts.js';
import type { SourceChange } from './source-change.js';
import { bundleName, MAX_NAMED, namesFor, usedBy } from './used-by.js';

/** What the guard looks at beside the change itself. */
export interface GuardDeps extends ByChartsDeps {
  readonly uses: Uses;
  readonly values: Pick<ValuesPool, 'judge'>;
}

/**
 * Whether a change breaks bundles that use the source. What could not be checked is only a warning: the controller will report what is
 * wrong. Rejects only when `signal` is aborted.
 */
export const judgeChange = async (
  change: SourceChange,
  deps: GuardDeps,
  { signal, withinMs }: Pick<Call, 'signal' | 'withinMs'>,
): Promise<Findings> => {
  const { before, after } = change;
  if (sameJson(before, after)) return { problems: [], warnings: [] };
  const named = await deps.uses.of({ kind: after.kind, ref: after }, signal);
  const uses = named.filter(({ as }) => as === 'values');
  if (uses.length === 0) return { problems: [], warnings: [] };
  const found = await faultsOf(change, { uses, values: deps.values }, signal);
  if (found.kind === 'failed') return { problems: [], warnings: [unchecked(`not checked: ${found.reason}`)] };
  const shadows = new Shadows(after, deps.client);
  const problems: Problem[] = [];
  for (const fault of found.faults) {
    const concerned = await usersOf(uses.filter(fault.affects), shadows, signal);
    if (concerned.length > 0) problems.push(problemOf(fault, await namesFor(concerned, deps.maySee)));
  }
  const warnings = [...found.unchecked, ...shadows.unchecked].map(unchecked);
  if (problems.length > 0 || found.unchecked.length > 0 || !found.isUsed) return { problems, warnings };
  const byCharts = await judgeByCharts({ change, uses, withinMs, signal }, deps);
  return { problems: byCharts.problems, warnings: [...warnings, ...byCharts.warnings] };
};

/** Bundles that really get their values from this source, at most one more than a message names. */
const usersOf = async (uses: readonly Use[], shadows: Shadows, signal: AbortSignal): Promise<readonly ObjectRef[]> => {
  // In order, so that each replica names the same ones.
  const bundles = new Map(
    uses.map(({ bundle }) => [bundleName(bundle), bundle] as const).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  const users: ObjectRef[] = [];
  for (const bundle of bundles.values()) {
    if (users.length > MAX_NAMED) break;
    if (!(await shadows.hides(bundle, signal))) users.push(bundle);
  }
  return users;
};

const unchecked = (message: string): Warning => ({ rule: 'values-not-checked', field: 'data', message });

const problemOf = ({ code, field, text }: Fault, users: readonly (string | undefined)[]): Problem => ({
  rule: 'source-in-use',
  code,
  field,
  message: `${text}; ${usedBy(users)}`,
});

/** Bundles of other namespaces that find a source of the same name in their own namespace first; asked once for each namespace. */
class Shadows {
  readonly #source: FoundSource;
  readonly #client: Pick<KubeClient, 'get'>;
  readonly #hidden = new Map<string, boolean>();
  readonly unchecked: string[] = [];

  constructor(source: FoundSource, client: Pick<KubeClient, 'get'>) {
    this.#source = source;
    this.#client = client;
  }

  /** A failed look-up counts as hidden: nobody is refused for what is not known. */
  async hides({ namespace }: ObjectRef, signal: AbortSignal): Promise<boolean> {
    if (namespace === this.#source.namespace) return false;
    const known = this.#hidden.get(namespace) ?? (await this.#ask(namespace, signal));
    this.#hidden.set(namespace, known);
    return known;
  }

  async #ask(namespace: string, signal: AbortSignal): Promise<boolean> {
    const { kind, name } = this.#source;
    try {
      const type: ResourceType = kind === 'ConfigMap' ? CONFIGMAPS : SECRETS;
      return (await this.#client.get(type, { namespace, name }, signal)) !== undefined;
    } catch (error) {
      if (!(error instanceof KubeError) || error.code === 'aborted') throw error;
      this.unchecked.push(`not checked: whether the bundles of namespace ${namespace} use it: ${error.message}`);
      return true;
    }
  }
}
