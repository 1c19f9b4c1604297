import type { Job } from '../../api/objects.js';
import type { Deployment, StoredBundle } from '../../api/werfbundle.js';
import type { Action, Decision } from '../../controller/decide/decision.js';
import { ANNOTATIONS } from '../../controller/deploy/names.js';
import type { PlannedChanges } from '../../controller/deploy/plan-changes.js';

/** How the Job of a plan ended. */
interface EndedPlan {
  readonly exitCode: number;
  readonly changes: PlannedChanges | undefined;
  /** What werf has saved, base64. */
  readonly artifact: string | undefined;
}

type CreateJob = Extract<Action, { readonly kind: 'create-job' }>;

/** Reasons of deployments that are not planned: what is uninstalled is another matter, and a check has shown what has drifted. */
const UNPLANNED: ReadonlySet<string> = new Set(['DriftCorrection', 'Dismiss']);

/** Tag, digest and checksum, as one text. */
const targetOf = ({
  tag,
  digest,
  checksum,
}: {
  readonly tag: string;
  readonly digest: string;
  readonly checksum: string;
}) => JSON.stringify([tag, digest, checksum]);

/**
 * That no change is applied that nobody could have seen, where plans are asked for. It keeps its own account of the Jobs that have planned,
 * and knows nothing of how the controller decides.
 */
export class PlanLaw {
  readonly #ended = new Map<string, EndedPlan>();
  /** What was begun since its plan has ended: it has another revision now. */
  readonly #begun = new Set<string>();
  /** Deployments that were decided already, some of them when no plan was asked for. */
  readonly #judged = new Set<string>();

  /** The Job of a plan, or of a check for drift, has ended. */
  ended({ metadata: { annotations = {} } }: Job, how: EndedPlan): void {
    if (annotations[ANNOTATIONS.plan] === undefined) return;
    const [tag = '', digest = '', checksum = ''] = [ANNOTATIONS.tag, ANNOTATIONS.digest, ANNOTATIONS.checksum].map(
      (name) => annotations[name],
    );
    const target = targetOf({ tag, digest, checksum });
    this.#ended.set(target, how);
    this.#begun.delete(target);
  }

  /** What a decision breaks of the law. @param of.bundle - before it is carried out */
  broken({ bundle, decision }: { readonly bundle: StoredBundle; readonly decision: Decision }): readonly string[] {
    const { deployment } = decision.status;
    const begun = [
      ...decision.actions.flatMap((action) => (action.kind === 'create-job' ? [action.deployment] : [])),
      ...(deployment === undefined ? [] : [deployment]),
    ];
    const inexact = decision.actions.flatMap((action) =>
      action.kind === 'create-job' ? this.#inexact(action, decision) : [],
    );
    return [...inexact, ...this.#unplanned(begun, bundle)];
  }

  /** What is applied is the plan that was shown last, just as it was saved; or the status says that it is made anew. */
  #inexact({ deployment, secrets }: CreateJob, { status: { plan } }: Decision): readonly string[] {
    const target = targetOf(deployment);
    const applied = secrets.find(({ metadata }) => metadata.name?.endsWith('-plan'))?.data?.['plan.gz'];
    const isFirst = !this.#begun.has(target);
    this.#begun.add(target);
    const what = `${deployment.tag} (${deployment.reason})`;
    if (applied !== undefined && (applied !== this.#ended.get(target)?.artifact || !isFirst))
      return [`${what} applies another plan than the one that was shown`];
    const isSaid = plan?.applies === 'Exactly' && targetOf(plan) === target && plan.after < deployment.number;
    return applied === undefined && isFirst && isSaid
      ? [`${what} does not apply the plan, and the status says it does`]
      : [];
  }

  #unplanned(begun: readonly Deployment[], bundle: StoredBundle): readonly string[] {
    const fresh = begun.filter((one) => !this.#judged.has(nameOf(one)));
    for (const one of fresh) this.#judged.add(nameOf(one));
    const { plan, deletions } = bundle.spec.converge ?? {};
    if (deletions === 'Hold') return fresh.flatMap((one) => this.#unapproved(one, bundle));
    return plan === 'Show' ? fresh.flatMap((one) => this.#unseen(one)) : [];
  }

  #unseen(deployment: Deployment): readonly string[] {
    if (UNPLANNED.has(deployment.reason) || this.#ended.has(targetOf(deployment))) return [];
    return [`${deployment.tag} (${deployment.reason}) is deployed, and nobody has seen what it changes`];
  }

  /** Where deletions are held, there has to be a plan that was made, and if it is not harmless, its own approval. */
  #unapproved(deployment: Deployment, { metadata, status }: StoredBundle): readonly string[] {
    const { tag, reason } = deployment;
    const planned = this.#ended.get(targetOf(deployment));
    if (reason === 'Dismiss') return [];
    if (planned === undefined || !MADE.has(planned.exitCode))
      return [`${tag} (${reason}) is deployed without a plan, though deletions are held`];
    const plan = status?.plan;
    const isOfIt = plan !== undefined && targetOf(plan) === targetOf(deployment);
    const approved = isOfIt && plan.hash !== undefined && metadata.annotations?.['werf.io/approve-plan'] === plan.hash;
    return isHarmless(planned) || approved
      ? []
      : [`${tag} (${reason}) deletes what is guarded, and nobody has approved it`];
  }
}

/** Exit codes of plans that were made. */
const MADE: ReadonlySet<number> = new Set([0, 2, 3]);

const isHarmless = ({ changes }: EndedPlan): boolean =>
  changes?.unnamed === 0 &&
  [...changes.deleted, ...changes.recreated].every(({ kind }) => kind !== 'PersistentVolumeClaim');

/** A deployment with other values is another one: these may change as long as it has no Job. */
const nameOf = (deployment: Deployment): string => `${deployment.number} ${targetOf(deployment)}`;
