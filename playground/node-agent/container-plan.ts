import type { V1Container } from '@kubernetes/client-node';
import { expand, type Variables } from './expansion.js';
import type { AgentPod } from './pod.js';
import { quantity } from './quantity.js';
import type { Credentials } from './sandbox.js';

/** A volume that a container mounts; paths in `subPath` are relative to the volume. */
interface WantedMount {
  readonly volume: string;
  readonly subPath: string | undefined;
  readonly target: string;
  readonly readOnly: boolean;
}

/** A container's spec with everything expanded. */
export interface ContainerPlan {
  readonly command: readonly string[];
  readonly workingDir: string;
  readonly mounts: readonly WantedMount[];
  readonly credentials: Credentials;
  readonly readOnlyRoot: boolean;
  /** Bytes. */
  readonly memoryLimit: number | undefined;
  readonly terminationMessagePath: string;
}

/** `refused`: a kubelet would report CreateContainerConfigError or CreateContainerError. */
type Planned =
  | { readonly kind: 'plan'; readonly plan: ContainerPlan }
  | { readonly kind: 'refused'; readonly reason: string; readonly message: string };

/** Volumes of these kinds are read-only whatever the mount says. */
const isReadOnlyVolume = (pod: AgentPod, name: string): boolean =>
  pod.spec.volumes?.find((volume) => volume.name === name)?.emptyDir === undefined;

const credentialsOf = (pod: AgentPod, container: V1Container): Credentials => {
  const own = container.securityContext;
  const shared = pod.spec.securityContext;
  return {
    user: own?.runAsUser ?? shared?.runAsUser,
    group: own?.runAsGroup ?? shared?.runAsGroup,
    groups: [...(shared?.fsGroup === undefined ? [] : [shared.fsGroup]), ...(shared?.supplementalGroups ?? [])],
    noNewPrivileges: own?.allowPrivilegeEscalation === false,
    dropAll: own?.capabilities?.drop?.includes('ALL') ?? false,
  };
};

const refusal = (pod: AgentPod, container: V1Container, user: number | undefined): Planned | undefined => {
  const nonRoot = container.securityContext?.runAsNonRoot ?? pod.spec.securityContext?.runAsNonRoot ?? false;
  if (nonRoot && user === undefined) {
    const message = 'container has runAsNonRoot and image has non-numeric user (werf), cannot verify user is non-root';
    return { kind: 'refused', reason: 'CreateContainerConfigError', message };
  }
  if (nonRoot && user === 0) {
    const message = "container's runAsUser breaks non-root policy";
    return { kind: 'refused', reason: 'CreateContainerConfigError', message };
  }
  if ((container.command ?? []).length > 0) return undefined;
  const message =
    "no command specified: the playground's node agent pulls no images, so spec.containers[].command is needed";
  return { kind: 'refused', reason: 'CreateContainerError', message };
};

/** Plans what to run, and as which user. Pure. */
export const planContainer = (pod: AgentPod, container: V1Container, variables: Variables): Planned => {
  const credentials = credentialsOf(pod, container);
  const refused = refusal(pod, container, credentials.user);
  if (refused !== undefined) return refused;
  const mounts = (container.volumeMounts ?? []).map((mount) => ({
    volume: mount.name,
    subPath: mount.subPathExpr === undefined ? mount.subPath : expand(mount.subPathExpr, variables),
    target: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
    readOnly: mount.readOnly === true || isReadOnlyVolume(pod, mount.name),
  }));
  const plan = {
    command: [...(container.command ?? []), ...(container.args ?? [])].map((word) => expand(word, variables)),
    workingDir: container.workingDir ?? '/',
    mounts,
    credentials,
    readOnlyRoot: container.securityContext?.readOnlyRootFilesystem ?? false,
    memoryLimit: quantity(container.resources?.limits?.['memory']),
    terminationMessagePath: container.terminationMessagePath ?? '/dev/termination-log',
  };
  return { kind: 'plan', plan };
};
