import { isMap, type JsonMap } from '../../api/json-map.js';
import type { Job, ObjectMeta } from '../../api/objects.js';
import { parsePlatformYaml } from '../../api/platform-yaml.js';
import { CONTAINER } from './names.js';

type Fields = JsonMap;

/** What the platform adds to every Job's Pod, after {@link parseJobTemplate} has found nothing in it that could weaken or break one. */
export interface JobTemplate {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Fields of the Pod; none of them is among those that a Job sets itself. */
  readonly pod: Fields;
  readonly volumes: readonly Fields[];
  /** Variables of container `werf`. */
  readonly env: readonly Fields[];
  readonly volumeMounts: readonly Fields[];
  readonly container: Fields;
}

type ParsedJobTemplate =
  | { readonly kind: 'ok'; readonly template: JobTemplate }
  /** Each says what is wrong, and where, for the author of the file. */
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

/** The fields of a Pod that the platform may set, with their types; all others are the Job's own, or would weaken it. */
const POD_FIELDS = {
  tolerations: 'list',
  imagePullSecrets: 'list',
  hostAliases: 'list',
  topologySpreadConstraints: 'list',
  nodeSelector: 'map',
  affinity: 'map',
  dnsConfig: 'map',
  priorityClassName: 'text',
  schedulerName: 'text',
  runtimeClassName: 'text',
  dnsPolicy: 'text',
  terminationGracePeriodSeconds: 'number',
} as const satisfies Readonly<Record<string, Kind>>;
const CONTAINER_FIELDS = { imagePullPolicy: 'text' } as const satisfies Readonly<Record<string, Kind>>;

/** Names and paths of the Job's own volumes. */
const OWN_VOLUMES = new Set(['home', 'tmp', 'values', 'docker-config', 'ca', 'plan']);
const OWN_PATHS = ['/home/werf', '/tmp', '/var/run/werfbundle', '/var/run/secrets'];
/** What Pod security "restricted" lets a Pod have. */
const VOLUME_KINDS = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);
/** WERF_… would be read as flags and values; the others are the Job's own, or would have another program run. */
const OWN_ENV = /^(WERF_.*|HOME|PATH|SSL_CERT_DIR|KUBECONFIG|KUBERNETES_.*|DOCKER_CONFIG|LD_.*|HELM_.*)$/;
/** Labels and annotations that the controller, Kubernetes and service meshes rely on. */
const OWN_KEYS =
  /^(([^/]*\.)?werf\.io\/.*|app\.kubernetes\.io\/(name|instance|managed-by)|([^/]*\.)?batch\.kubernetes\.io\/.*|job-name|controller-uid|argocd\.argoproj\.io\/.*|sidecar\.istio\.io\/inject|linkerd\.io\/inject)$/;

type Kind = 'list' | 'map' | 'text' | 'number';

/**
 * Reads a PodTemplate: `{apiVersion: v1, kind: PodTemplate, template: {metadata: {labels, annotations}, spec: {…}}}`. All problems at once.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-template-v1/
 */
export const parseJobTemplate = (text: string): ParsedJobTemplate => {
  const parsed = parsePlatformYaml(text);
  if (parsed.kind === 'invalid') return invalid([`it is no YAML: ${parsed.why}`]);
  const root = parsed.value;
  if (!isMap(root) || root['kind'] !== 'PodTemplate' || root['apiVersion'] !== 'v1')
    return invalid(['a PodTemplate is needed: apiVersion v1, kind PodTemplate, template']);
  const problems: string[] = [];
  const template = templateOf(root, (field, words) => problems.push(`${field}: ${words}`));
  return problems.length > 0 ? invalid(problems) : { kind: 'ok', template };
};

type Refuse = (field: string, words: string) => void;

const invalid = (problems: readonly string[]): ParsedJobTemplate => ({ kind: 'invalid', problems });

const templateOf = (root: Fields, refuse: Refuse): JobTemplate => {
  const { template, metadata: _, kind: __, apiVersion: ___, ...others } = root;
  for (const field of Object.keys(others)) refuse(field, 'is no field of a PodTemplate');
  const { metadata, spec, ...rest } = mapAt(template, 'template', refuse);
  for (const field of Object.keys(rest)) refuse(`template.${field}`, 'is no field of a Pod template');
  const { labels, annotations, ...more } = mapAt(metadata, 'template.metadata', refuse);
  for (const field of Object.keys(more))
    refuse(`template.metadata.${field}`, 'only labels and annotations may be added');
  const { containers, volumes, ...pod } = mapAt(spec, 'template.spec', refuse);
  const mounts = volumesOf(volumes, refuse);
  return {
    labels: textsOf(labels, 'template.metadata.labels', refuse),
    annotations: textsOf(annotations, 'template.metadata.annotations', refuse),
    pod: allowed(pod, { path: 'template.spec', fields: POD_FIELDS }, refuse),
    volumes: mounts,
    ...containerOf(containers, mounts, refuse),
  };
};

/** An absent map is an empty one. */
const mapAt = (value: unknown, path: string, refuse: Refuse): Fields => {
  if (value === undefined || value === null) return {};
  if (isMap(value)) return value;
  refuse(path, 'must be a map');
  return {};
};

const listAt = (value: unknown, path: string, refuse: Refuse): readonly Fields[] => {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every(isMap)) return value;
  refuse(path, 'must be a list of maps');
  return [];
};

const textsOf = (value: unknown, path: string, refuse: Refuse): Readonly<Record<string, string>> => {
  const texts: Record<string, string> = {};
  for (const [key, text] of Object.entries(mapAt(value, path, refuse))) {
    if (OWN_KEYS.test(key)) refuse(`${path}[${key}]`, 'belongs to the Job itself');
    else if (typeof text !== 'string') refuse(`${path}[${key}]`, 'must be a text: quote it');
    else texts[key] = text;
  }
  return texts;
};

const KINDS: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  list: (value) => Array.isArray(value) && value.every(isMap),
  map: isMap,
  text: (value) => typeof value === 'string',
  number: (value) => Number.isSafeInteger(value),
};

const allowed = (
  given: Fields,
  { path, fields }: { readonly path: string; readonly fields: Readonly<Record<string, Kind>> },
  refuse: Refuse,
): Fields => {
  for (const [field, value] of Object.entries(given)) {
    const kind = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (kind === undefined) refuse(`${path}.${field}`, `may not be set; only ${Object.keys(fields).join(', ')} may`);
    else if (!KINDS[kind](value)) refuse(`${path}.${field}`, `must be a ${kind}`);
  }
  return given;
};

const volumesOf = (value: unknown, refuse: Refuse): readonly Fields[] => {
  const volumes = listAt(value, 'template.spec.volumes', refuse);
  for (const [index, { name, ...source }] of volumes.entries()) {
    const path = `template.spec.volumes[${index}]`;
    if (typeof name !== 'string') refuse(`${path}.name`, 'is needed');
    else if (OWN_VOLUMES.has(name)) refuse(`${path}.name`, `"${name}" is a volume of the Job itself`);
    for (const kind of Object.keys(source)) {
      if (!VOLUME_KINDS.has(kind))
        refuse(`${path}.${kind}`, 'no Pod of a namespace with Pod security "restricted" may have it');
    }
  }
  return volumes;
};

const containerOf = (
  value: unknown,
  volumes: readonly Fields[],
  refuse: Refuse,
): Pick<JobTemplate, 'env' | 'volumeMounts' | 'container'> => {
  const path = 'template.spec.containers';
  const containers = listAt(value, path, refuse);
  if (containers.length > 1)
    refuse(path, `only one may be there, "${CONTAINER}": another one could keep the Job from ending`);
  const [{ name, env, volumeMounts, ...container } = { name: CONTAINER }] = containers as readonly [Fields?];
  if (name !== CONTAINER) refuse(`${path}[0].name`, `must be "${CONTAINER}"`);
  return {
    env: envOf(env, `${path}[0].env`, refuse),
    volumeMounts: mountsOf(volumeMounts, { path: `${path}[0].volumeMounts`, volumes }, refuse),
    container: allowed(container, { path: `${path}[0]`, fields: { ...CONTAINER_FIELDS } }, refuse),
  };
};

const envOf = (value: unknown, path: string, refuse: Refuse): readonly Fields[] => {
  const env = listAt(value, path, refuse);
  for (const [index, { name }] of env.entries()) {
    if (typeof name !== 'string' || name === '') refuse(`${path}[${index}].name`, 'is needed');
    else if (OWN_ENV.test(name)) refuse(`${path}[${index}].name`, `"${name}" would change what werf does`);
  }
  return env;
};

const mountsOf = (
  value: unknown,
  { path, volumes }: { readonly path: string; readonly volumes: readonly Fields[] },
  refuse: Refuse,
): readonly Fields[] => {
  const mounts = listAt(value, path, refuse);
  for (const [index, { name, mountPath }] of mounts.entries()) {
    if (!volumes.some((volume) => volume['name'] === name))
      refuse(`${path}[${index}].name`, 'is none of template.spec.volumes');
    if (typeof mountPath !== 'string' || !mountPath.startsWith('/'))
      refuse(`${path}[${index}].mountPath`, 'must begin with /');
    else if (OWN_PATHS.some((own) => overlaps(own, mountPath)))
      refuse(`${path}[${index}].mountPath`, `"${mountPath}" is the Job's own`);
  }
  return mounts;
};

const overlaps = (one: string, other: string): boolean => {
  const [a, b] = [one, other].map((path) => `${path.replace(/\/+$/, '')}/`) as [string, string];
  return a.startsWith(b) || b.startsWith(a);
};

/** Adds the platform's template to a Job. What the Job says itself stays as it is. */
export const withTemplate = (job: Job, template: JobTemplate | undefined): Job => {
  if (template === undefined || job.spec === undefined) return job;
  const { metadata = {}, spec } = job.spec.template;
  const containers = (spec['containers'] as readonly Fields[]).map((container) => ({
    ...template.container,
    ...container,
    env: [...template.env, ...listOf(container['env'])],
    volumeMounts: [...listOf(container['volumeMounts']), ...template.volumeMounts],
  }));
  const merged: ObjectMeta = {
    ...metadata,
    labels: { ...template.labels, ...metadata.labels },
    annotations: { ...template.annotations, ...metadata.annotations },
  };
  const volumes = [...listOf(spec['volumes']), ...template.volumes];
  return {
    ...job,
    spec: { ...job.spec, template: { metadata: merged, spec: { ...template.pod, ...spec, containers, volumes } } },
  };
};

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
