import type { V1PodSpec, V1Volume } from '@kubernetes/client-node';
import type { ConfigMap, Secret, Stored } from '../../api/objects.js';
import type { KubeClient, ResourceType } from '../../kube/client.js';
import { ACCOUNT_TOKEN, CONFIGMAPS, SECRETS } from '../../kube/resources.js';
import { type AgentPod, refOf } from './pod.js';

/** The objects that a Pod's volumes and variables are made of, as of now. Those that do not exist are not in the maps. */
export interface Sources {
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly configMaps: ReadonlyMap<string, ConfigMap>;
  /** By audience; '' is the apiserver's own. */
  readonly tokens: ReadonlyMap<string, string>;
}

/** Names that a Pod uses; `tokens` are audiences. */
interface References {
  readonly secrets: ReadonlySet<string>;
  readonly configMaps: ReadonlySet<string>;
  readonly tokens: ReadonlyMap<string, number>;
}

/** Lifetime of a Pod's token: the default hour, since Jobs here do not last longer (the apiserver allows 10 minutes and more). */
const TOKEN_SECONDS = 3600;

const volumeReferences = (volumes: readonly V1Volume[]) => {
  const projections = volumes.flatMap((volume) => volume.projected?.sources ?? []);
  return {
    secrets: [...volumes.map((volume) => volume.secret?.secretName), ...projections.map((each) => each.secret?.name)],
    configMaps: [
      ...volumes.map((volume) => volume.configMap?.name),
      ...projections.map((each) => each.configMap?.name),
    ],
    tokens: projections.flatMap((each) => each.serviceAccountToken ?? []),
  };
};

const environmentReferences = (spec: V1PodSpec) => {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const values = containers.flatMap((container) => container.env ?? []).map((each) => each.valueFrom);
  const whole = containers.flatMap((container) => container.envFrom ?? []);
  return {
    secrets: [...values.map((each) => each?.secretKeyRef?.name), ...whole.map((each) => each.secretRef?.name)],
    configMaps: [...values.map((each) => each?.configMapKeyRef?.name), ...whole.map((each) => each.configMapRef?.name)],
  };
};

const referencesOf = (spec: V1PodSpec): References => {
  const volumes = volumeReferences(spec.volumes ?? []);
  const environment = environmentReferences(spec);
  const names = (all: readonly (string | undefined)[]) => new Set(all.filter((name) => name !== undefined));
  return {
    secrets: names([...volumes.secrets, ...environment.secrets]),
    configMaps: names([...volumes.configMaps, ...environment.configMaps]),
    tokens: new Map(volumes.tokens.map((each) => [each.audience ?? '', each.expirationSeconds ?? TOKEN_SECONDS])),
  };
};

const requestToken = async (
  client: KubeClient,
  pod: AgentPod,
  wanted: { readonly audience: string; readonly seconds: number },
  signal: AbortSignal,
): Promise<string> => {
  const { namespace, name, uid } = refOf(pod);
  const request = {
    spec: {
      ...(wanted.audience !== '' && { audiences: [wanted.audience] }),
      expirationSeconds: wanted.seconds,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
    },
  };
  const account = { namespace, name: pod.spec.serviceAccountName ?? 'default' };
  const answer = await client.createSubresource(ACCOUNT_TOKEN, account, request, signal);
  return answer.status.token;
};

/**
 * Reads everything that a Pod's volumes and variables name, with one call for each object.
 * @throws KubeError for what could not be read; absent objects are no error
 */
export const loadSources = async (client: KubeClient, pod: AgentPod, signal: AbortSignal): Promise<Sources> => {
  const references = referencesOf(pod.spec);
  const { namespace } = refOf(pod);
  const load = async <S extends Stored>(type: ResourceType<S>, names: ReadonlySet<string>) => {
    const found = await Promise.all(
      [...names].map(async (name) => [name, await client.get(type, { namespace, name }, signal)] as const),
    );
    return new Map(found.flatMap(([name, object]) => (object === undefined ? [] : [[name, object] as const])));
  };
  const [secrets, configMaps, tokens] = await Promise.all([
    load(SECRETS, references.secrets),
    load(CONFIGMAPS, references.configMaps),
    Promise.all(
      [...references.tokens].map(
        async ([audience, seconds]) =>
          [audience, await requestToken(client, pod, { audience, seconds }, signal)] as const,
      ),
    ),
  ]);
  return { secrets, configMaps, tokens: new Map(tokens) };
};
