import type { V1Container, V1EnvFromSource, V1EnvVar } from '@kubernetes/client-node';
import { expand, type Variables } from './expansion.js';
import type { AgentPod } from './pod.js';
import { refOf } from './pod.js';
import { fieldOf, type NodeFacts, resourceOf } from './pod-facts.js';
import type { Sources } from './sources.js';

/** A container's variables, or why it can't be started, in a kubelet's words. */
type Environment =
  | { readonly kind: 'ready'; readonly variables: Variables }
  | { readonly kind: 'missing'; readonly message: string };

/** What a container's variables are computed from. */
interface EnvironmentInput {
  readonly pod: AgentPod;
  readonly container: V1Container;
  readonly sources: Sources;
  readonly node: NodeFacts;
  /** The apiserver's URL as Pods reach it. */
  readonly server: string;
}

/** The PATH that an image would have: containerd's default. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

type Value = { readonly kind: 'value'; readonly value: string | undefined } | Environment;

const missing = (message: string): Environment => ({ kind: 'missing', message });

const decoded = (base64: string | undefined): string | undefined =>
  base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('utf8');

const secretValue = (input: EnvironmentInput, ref: { name?: string; key: string; optional?: boolean }): Value => {
  const name = ref.name ?? '';
  const secret = input.sources.secrets.get(name);
  const value = decoded(secret?.data?.[ref.key]);
  if (value !== undefined || ref.optional === true) return { kind: 'value', value };
  if (secret === undefined) return missing(`secret "${name}" not found`);
  return missing(`couldn't find key ${ref.key} in Secret ${refOf(input.pod).namespace}/${name}`);
};

const configMapValue = (input: EnvironmentInput, ref: { name?: string; key: string; optional?: boolean }): Value => {
  const name = ref.name ?? '';
  const configMap = input.sources.configMaps.get(name);
  const value = configMap?.data?.[ref.key];
  if (value !== undefined || ref.optional === true) return { kind: 'value', value };
  if (configMap === undefined) return missing(`configmap "${name}" not found`);
  return missing(`couldn't find key ${ref.key} in ConfigMap ${refOf(input.pod).namespace}/${name}`);
};

const variableValue = (input: EnvironmentInput, variable: V1EnvVar, before: Variables): Value => {
  const from = variable.valueFrom;
  if (from === undefined) return { kind: 'value', value: expand(variable.value ?? '', before) };
  if (from.secretKeyRef !== undefined) return secretValue(input, from.secretKeyRef);
  if (from.configMapKeyRef !== undefined) return configMapValue(input, from.configMapKeyRef);
  if (from.fieldRef !== undefined) {
    const value = fieldOf(input.pod, input.node, from.fieldRef.fieldPath);
    return value === undefined
      ? missing(`unsupported fieldPath: ${from.fieldRef.fieldPath}`)
      : { kind: 'value', value };
  }
  const field = from.resourceFieldRef;
  const value = field === undefined ? undefined : resourceOf(input.container, input.node, field);
  return value === undefined
    ? missing(`variable ${variable.name}: a source of this kind is not supported by the playground's node agent`)
    : { kind: 'value', value };
};

const wholeSource = (input: EnvironmentInput, from: V1EnvFromSource): Environment => {
  const ref = from.secretRef ?? from.configMapRef;
  const secret = from.secretRef !== undefined;
  const name = ref?.name ?? '';
  const object = secret ? input.sources.secrets.get(name) : input.sources.configMaps.get(name);
  if (object === undefined && ref?.optional !== true)
    return missing(`${secret ? 'secret' : 'configmap'} "${name}" not found`);
  const entries = Object.entries(object?.data ?? {}).map(
    ([key, value]) => [`${from.prefix ?? ''}${key}`, secret ? (decoded(value) ?? '') : value] as const,
  );
  return { kind: 'ready', variables: new Map(entries) };
};

/** The `kubernetes` Service's variables, as every Pod has them, what a runtime adds, and which image was asked for. */
const given = (input: EnvironmentInput): ReadonlyMap<string, string> => {
  const server = new URL(input.server);
  const host = server.hostname.replace(/^\[|\]$/g, '');
  const port = server.port === '' ? '443' : server.port;
  return new Map([
    ['PATH', PATH],
    ['HOSTNAME', refOf(input.pod).name],
    ['HOME', '/'],
    // No image is pulled; the stand-in for werf acts as the version that the image names.
    ['PLAYGROUND_IMAGE', input.container.image ?? ''],
    ['KUBERNETES_SERVICE_HOST', host],
    ['KUBERNETES_SERVICE_PORT', port],
    ['KUBERNETES_SERVICE_PORT_HTTPS', port],
    ['KUBERNETES_PORT', `tcp://${server.host}`],
  ]);
};

/**
 * A container's variables: envFrom, then env in order, each seeing those before it. Variables of other Services are not set.
 * Pure; a source that does not exist (and is not optional) is `missing`, and has to be read again.
 */
export const environmentOf = (input: EnvironmentInput): Environment => {
  const variables = new Map(given(input));
  for (const from of input.container.envFrom ?? []) {
    const all = wholeSource(input, from);
    if (all.kind === 'missing') return all;
    for (const [name, value] of all.variables) variables.set(name, value);
  }
  for (const variable of input.container.env ?? []) {
    const value = variableValue(input, variable, variables);
    if (value.kind === 'missing') return value;
    if (value.kind === 'value' && value.value !== undefined) variables.set(variable.name, value.value);
  }
  return { kind: 'ready', variables };
};
