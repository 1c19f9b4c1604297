import type { KubeClient } from '../../kube/client.js';
import { type Known, knownFrom, mapKnown } from './known.js';
import { DEPLOYMENTS } from './operator-kinds.js';
import { PART_OF } from './operator-namespace.js';

/** What the operator is made of. */
type Part = 'controller' | 'webhook';

/** A Deployment of the operator. */
export interface DeploymentView {
  readonly name: string;
  /** The value of `app.kubernetes.io/name`: `werfbundle-webhook`. */
  readonly app: string;
  readonly wanted: number;
  readonly ready: number;
}

/** The operator's Deployments in its namespace; none, where its programs run as processes elsewhere, as in the playground. */
export const readDeployments = async (
  client: Pick<KubeClient, 'list'>,
  namespace: string,
  signal: AbortSignal,
): Promise<Known<readonly DeploymentView[]>> => {
  const found = await knownFrom(client.list(DEPLOYMENTS, { namespace, labelSelector: PART_OF }, signal));
  return mapKnown(found, ({ items }) =>
    items.map(({ metadata: { name, labels = {} }, spec, status }) => ({
      name,
      app: labels['app.kubernetes.io/name'] ?? '',
      wanted: spec?.replicas ?? 1,
      ready: status?.readyReplicas ?? 0,
    })),
  );
};

/** Where a part of the operator runs, as far as one can see. */
interface Place {
  /** '' unless it is in no Deployment: then kubectl shows nothing of it. */
  readonly words: string;
  readonly look: readonly string[];
  readonly restart: readonly string[];
}

/** How to look at the Pods of a part, and to start them anew. Who may not see Deployments is told how the manifests call them. */
export const placeOf = (
  part: Part,
  { namespace, deployments }: { readonly namespace: string; readonly deployments: Known<readonly DeploymentView[]> },
): Place => {
  const app = `werfbundle-${part}`;
  const names =
    deployments.kind === 'unknown'
      ? [app]
      : deployments.value.filter((deployment) => deployment.app === app).map(({ name }) => name);
  if (names.length === 0)
    return {
      words: `; the ${part} is no Deployment of namespace ${namespace}: look at its process, and at its log, where it was started`,
      look: [],
      restart: [],
    };
  return {
    words: '',
    look: [LOOKS[part](namespace)],
    restart: names.map((name) => `kubectl rollout restart deployment/${name} -n ${namespace}`),
  };
};

const LOOKS: Readonly<Record<Part, (namespace: string) => string>> = {
  controller: (namespace) => `kubectl get pods -n ${namespace} -l control-plane=controller-manager`,
  webhook: (namespace) => `kubectl get pods,endpoints -n ${namespace} -l app.kubernetes.io/name=werfbundle-webhook`,
};
