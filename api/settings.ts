import { withDefaults } from './defaults.js';
import { parseDuration } from './duration.js';
import { releaseNameOf, targetNamespaceOf } from './names.js';
import type { Problem } from './problem.js';
import { parseRegistryUrl } from './registry-url.js';
import { rollbackOf } from './rollback.js';
import { withoutNulls } from './schema-node.js';
import { bundleProblems } from './validate.js';
import type { ConvergeSpec, RegistrySpec, StoredBundle, ValuesSource, WerfBundleSpec } from './werfbundle.js';

/** A spec with every default applied and every text parsed. Times in milliseconds. */
export interface Settings {
  readonly registry: {
    /** Lower case, with the port. */
    readonly host: string;
    readonly repository: string;
    readonly insecure: boolean;
    readonly secretName?: string;
    readonly caSecretName?: string;
    readonly pollIntervalMs: number;
    /** An empty versionConstraint is left out. While a person has rolled back, it is just that tag. */
    readonly policy: Pick<RegistrySpec, 'tag' | 'versionConstraint' | 'tagPattern' | 'tagOrder'>;
  };
  readonly converge: {
    readonly targetNamespace: string;
    readonly releaseName: string;
    readonly serviceAccountName?: string;
    /** A quantity, as it was written. */
    readonly cpu: string;
    /** A quantity, as it was written. */
    readonly memory: string;
    readonly logRetentionDays: number;
    readonly timeoutMs: number;
    readonly retries: number;
    readonly image?: string;
    readonly environment?: string;
    readonly werfSecretKey?: { readonly name: string; readonly key: string };
    readonly rollbackOnFailure: boolean;
    readonly plan: NonNullable<ConvergeSpec['plan']>;
    readonly onFailure: NonNullable<ConvergeSpec['onFailure']>;
    readonly deletions: NonNullable<ConvergeSpec['deletions']>;
    readonly valuesFrom: readonly ValuesSource[];
    readonly values?: NonNullable<ConvergeSpec['values']>;
  };
  readonly driftDetection: {
    readonly enabled: boolean;
    readonly intervalMs: number;
    readonly correct: boolean;
    readonly maxRetries: number;
  };
  readonly deletionPolicy: NonNullable<WerfBundleSpec['deletionPolicy']>;
  readonly suspend: boolean;
}

/** The settings of a stored spec, or what is wrong with it. */
export type ParsedSpec =
  | { readonly kind: 'valid'; readonly settings: Settings }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

/** Parses the spec of a stored bundle. Never throws, whatever JSON the spec is. */
export const parseSpec = (bundle: StoredBundle): ParsedSpec => {
  const problems = bundleProblems(bundle);
  return problems.length > 0 ? { kind: 'invalid', problems } : { kind: 'valid', settings: settingsOf(bundle) };
};

/** @throws Error if the rules accepted something that can't be parsed, which is a bug */
const settingsOf = (bundle: StoredBundle): Settings => {
  const spec = withDefaults(withoutNulls(bundle.spec) as WerfBundleSpec);
  const converge = spec.converge ?? {};
  const drift = converge.driftDetection ?? {};
  return {
    registry: registryOf(withRollback(spec.registry, rollbackOf(bundle))),
    converge: convergeOf({ ...bundle, spec }, converge),
    driftDetection: {
      enabled: present(drift.enabled),
      intervalMs: milliseconds(present(drift.interval)),
      correct: present(drift.correct),
      maxRetries: present(drift.maxRetries),
    },
    deletionPolicy: present(spec.deletionPolicy),
    suspend: present(spec.suspend),
  };
};

/** The annotation comes before all that chooses a tag. */
const withRollback = (registry: RegistrySpec, tag: string | undefined): RegistrySpec => {
  if (tag === undefined) return registry;
  const { versionConstraint: _, tagPattern: __, tagOrder: ___, ...rest } = registry;
  return { ...rest, tag };
};

const registryOf = (registry: RegistrySpec): Settings['registry'] => {
  const url = parseRegistryUrl(registry.url);
  if (url.kind === 'invalid') throw new Error(`a rule is missing: registry.url ${url.reason}`);
  const { tag, versionConstraint, tagPattern, tagOrder } = registry;
  return {
    host: url.host,
    repository: url.repository,
    insecure: present(registry.insecure),
    ...ifGiven('secretName', registry.secretRef?.name),
    ...ifGiven('caSecretName', registry.caSecretRef?.name),
    pollIntervalMs: milliseconds(present(registry.pollInterval)),
    policy: {
      ...ifGiven('tag', tag),
      ...ifGiven('versionConstraint', versionConstraint?.trim() === '' ? undefined : versionConstraint),
      ...ifGiven('tagPattern', tagPattern),
      ...ifGiven('tagOrder', tagOrder),
    },
  };
};

const convergeOf = (bundle: StoredBundle, converge: ConvergeSpec): Settings['converge'] => {
  const { werfSecretKeyRef: keyRef } = converge;
  return {
    targetNamespace: targetNamespaceOf(bundle),
    releaseName: releaseNameOf(bundle),
    ...ifGiven('serviceAccountName', converge.serviceAccountName),
    cpu: String(present(converge.resourceLimits?.cpu)),
    memory: String(present(converge.resourceLimits?.memory)),
    logRetentionDays: present(converge.logRetentionDays),
    timeoutMs: milliseconds(present(converge.timeout)),
    retries: present(converge.retries),
    ...ifGiven('image', converge.image),
    ...ifGiven('environment', converge.environment),
    ...ifGiven('werfSecretKey', keyRef === undefined ? undefined : { name: keyRef.name, key: present(keyRef.key) }),
    rollbackOnFailure: present(converge.rollbackOnFailure),
    plan: present(converge.plan),
    onFailure: present(converge.onFailure),
    deletions: present(converge.deletions),
    valuesFrom: converge.valuesFrom ?? [],
    ...ifGiven('values', converge.values),
  };
};

/** Narrows the type of a field that has a default: the types don't know that it was applied. */
const present = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('a rule is missing: a field with a default is not there');
  return value;
};

const milliseconds = (text: string): number => {
  const parsed = parseDuration(text);
  if (parsed.kind === 'invalid') throw new Error(`a rule is missing: a duration ${parsed.reason}`);
  return parsed.ms;
};

/** `{ [name]: value }`, or nothing to spread: a field that is left out differs from one that is undefined. */
const ifGiven = <K extends string, V>(name: K, value: V | undefined): { readonly [P in K]?: V } =>
  // A computed name widens to string, which the compiler can't take back.
  (value === undefined ? {} : { [name]: value }) as { readonly [P in K]?: V };
