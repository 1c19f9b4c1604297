import { ROLLBACK_TO } from '../annotations.js';
import { valueAt } from '../json-map.js';
import type { Warning } from '../problem.js';
import { parseQuantity } from '../quantity.js';
import { choiceWords, rollbackOf } from '../rollback.js';
import type { RuleName } from '../rules.js';
import { canMatchNothing } from '../version-constraint.js';
import { werfVersionIn } from '../werf-version.js';
import type { Subject } from './cross-field-rules.js';
import { tagPatternWarning } from './tag-pattern-warnings.js';
import { quoted } from './wording.js';

/** With less memory, werf itself runs out of it. */
const SMALL_MEMORY_MILLI = 64n * 1024n * 1024n * 1000n;
/** No node has as many CPUs; the user probably meant thousandths. */
const MANY_CPUS_MILLI = 100_000n;
const LONG_RETENTION_DAYS = 30;

/** Warnings about settings that are allowed, but probably mistakes. */
export const specWarnings = (subject: Subject): readonly Warning[] =>
  RULES.flatMap(({ name, field, rule }) => {
    const message = rule(subject);
    return message === undefined ? [] : [{ rule: name, field, message }];
  });

type WarningRule = (subject: Subject) => string | undefined;

const nothingSelects: WarningRule = ({ spec }) => {
  const registry = valueAt(spec, 'registry');
  const constraint = valueAt(registry, 'versionConstraint');
  // A constraint that is no text was meant as one, and is refused.
  const isGiven = constraint !== undefined && (typeof constraint !== 'string' || constraint.trim() !== '');
  if (registry === undefined || isGiven) return undefined;
  const others = ['tag', 'tagPattern', 'tagOrder'];
  return others.some((field) => valueAt(registry, field) !== undefined)
    ? undefined
    : 'no versionConstraint and no tag: the last tag in text order is deployed (v1.9.0 comes after v1.10.0)';
};

const nothingCanMatch: WarningRule = ({ constraint }) =>
  constraint?.kind === 'range' && canMatchNothing(constraint)
    ? `no version can satisfy ${quoted(constraint.text)}: its parts exclude each other`
    : undefined;

const tagIsLatest: WarningRule = ({ spec }) =>
  valueAt(spec, 'registry', 'tag') === 'latest'
    ? '"latest" moves: it is deployed again whenever it does, and the spec does not tell which version runs'
    : undefined;

const isInsecure: WarningRule = ({ spec }) =>
  valueAt(spec, 'registry', 'insecure') === true
    ? 'plain HTTP: whoever is on the way to the registry can read the credentials and change the bundle'
    : undefined;

const oddCpu: WarningRule = ({ spec }) => {
  const cpu = quantityAt(spec, 'cpu');
  if (cpu === undefined || cpu.milli < MANY_CPUS_MILLI) return undefined;
  const [, digits, suffix] = /^(\d+)([A-Za-z]*)$/.exec(cpu.text) ?? [];
  const guess = suffix === '' ? `; did you mean "${digits}m"?` : '';
  return `${quoted(cpu.text)} is ${cpu.milli / 1000n} whole CPUs${guess}`;
};

const oddMemory: WarningRule = ({ spec }) => {
  const memory = quantityAt(spec, 'memory');
  if (memory === undefined || memory.milli >= SMALL_MEMORY_MILLI) return undefined;
  const [, digits, suffix = ''] = /^([\d.]+)([a-zA-Z]*)$/.exec(memory.text) ?? [];
  if (digits !== undefined && /^[num]?$/.test(suffix)) {
    const unit = suffix === 'm' ? 'thousandths of a byte' : suffix === '' ? 'bytes' : 'fractions of a byte';
    return `${quoted(memory.text)} means ${unit}; did you mean "${digits}Mi"?`;
  }
  return `${quoted(memory.text)} is less than 64Mi: the Job will run out of memory`;
};

const quantityAt = (spec: unknown, name: 'cpu' | 'memory'): { text: string; milli: bigint } | undefined => {
  const value = valueAt(spec, 'converge', 'resourceLimits', name);
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const parsed = parseQuantity(value);
  return parsed.kind === 'ok' ? { text: String(value), milli: parsed.milli } : undefined;
};

const longRetention: WarningRule = ({ spec }) => {
  const days = valueAt(spec, 'converge', 'logRetentionDays');
  return typeof days === 'number' && days > LONG_RETENTION_DAYS
    ? `finished Jobs and their Pods stay in the cluster for ${days} days; more than ${LONG_RETENTION_DAYS} burdens it`
    : undefined;
};

/** The tag of the platform's own image may not tell the version of werf; `--werf-version` does then. */
const unplannable: WarningRule = ({ spec }) => {
  const image = valueAt(spec, 'converge', 'image');
  if (typeof image !== 'string' || valueAt(spec, 'converge', 'driftDetection', 'enabled') !== true) return undefined;
  const version = werfVersionIn(image, { werfImage: '', werfVersion: undefined });
  if (version.kind === 'unknown') return `${version.why}: what its checks for drift find may not be understood`;
  return version.plan === 'none' ? `werf ${version.text} can't look for drift: 2.53 or later is needed` : undefined;
};

/** In another namespace a ServiceAccount is required. */
const noServiceAccount: WarningRule = ({ spec, bundle }) => {
  if (spec === undefined || valueAt(spec, 'converge', 'serviceAccountName') !== undefined) return undefined;
  const namespace = valueAt(spec, 'converge', 'targetNamespace') ?? valueAt(bundle, 'metadata', 'namespace');
  const of = typeof namespace === 'string' ? ` of namespace ${namespace}` : '';
  return `none is named: the Job runs as ServiceAccount default${of}, which may deploy nothing in most clusters; manifests/samples/werf-converge.yaml shows one with its Role`;
};

const systemNamespace: WarningRule = ({ spec, bundle }) => {
  const target = valueAt(spec, 'converge', 'targetNamespace') ?? valueAt(bundle, 'metadata', 'namespace');
  return target === 'kube-system'
    ? 'kube-system belongs to the cluster itself; a release there can break it'
    : undefined;
};

/** Told again with each change of what it names. A release by the command line is the one that names the bundle. */
const heldByRollback: WarningRule = ({ spec, bundle }) => {
  const tag = rollbackOf(bundle);
  if (spec === undefined || tag === undefined || valueAt(spec, 'registry', 'tag') === tag) return undefined;
  const [name, namespace] = ['name', 'namespace'].map((field) => valueAt(bundle, 'metadata', field));
  const release = `werfbundle release-hold ${name}${namespace === undefined ? '' : ` -n ${namespace}`}`;
  return `${choiceWords(bundle)} has no effect until the rollback of a person to ${tag} ends (annotation ${ROLLBACK_TO}): ${release}`;
};

const RULES: readonly { readonly name: RuleName; readonly field: string; readonly rule: WarningRule }[] = [
  { name: 'selects-last-tag', field: 'spec.registry', rule: nothingSelects },
  { name: 'held-by-rollback', field: 'spec.registry', rule: heldByRollback },
  { name: 'constraint-excludes-all', field: 'spec.registry.versionConstraint', rule: nothingCanMatch },
  { name: 'surprising-tag-order', field: 'spec.registry.tagPattern', rule: ({ spec }) => tagPatternWarning(spec) },
  { name: 'moving-tag', field: 'spec.registry.tag', rule: tagIsLatest },
  { name: 'plain-http', field: 'spec.registry.insecure', rule: isInsecure },
  { name: 'system-namespace', field: 'spec.converge.targetNamespace', rule: systemNamespace },
  { name: 'default-service-account', field: 'spec.converge.serviceAccountName', rule: noServiceAccount },
  { name: 'drift-not-readable', field: 'spec.converge.image', rule: unplannable },
  { name: 'many-cpus', field: 'spec.converge.resourceLimits.cpu', rule: oddCpu },
  { name: 'little-memory', field: 'spec.converge.resourceLimits.memory', rule: oddMemory },
  { name: 'long-log-retention', field: 'spec.converge.logRetentionDays', rule: longRetention },
];
