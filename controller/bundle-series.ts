import type { Condition, ObjectRef } from '../api/objects.js';
import { REASONS } from '../api/reasons.js';
import type { StoredBundle } from '../api/werfbundle.js';

/** The gauge that each bundle has a series of. */
export const BUNDLE_INFO = {
  name: 'werfbundle_bundle_info',
  help:
    'Always 1, one series for each WerfBundle, gone when the bundle is deleted: its phase (none: not looked at yet), ' +
    'the status and the reason of its condition Ready (none: it has none), whether it is suspended, the status of its condition Drifted (none: it is not checked for drift), and the tag that was deployed last.',
  labelNames: ['namespace', 'name', 'phase', 'ready', 'reason', 'suspended', 'drifted', 'tag'],
} as const;
const { name: NAME, help: HELP } = BUNDLE_INFO;
const HEAD = `# HELP ${NAME} ${HELP}\n# TYPE ${NAME} gauge\n`;
/** Longer tags do not exist; a status that somebody else has written may have anything. */
const LONGEST_TAG = 128;
/** Bundles mostly are alike but for their names, so equal texts are kept once; so many of them, then the search begins anew. */
const MOST_SHAPES = 1_024;

/**
 * The series of each bundle. Kept as text and as little of it as can be, since a Gauge of prom-client would take a kilobyte for each
 * of ten thousand bundles; reading the cache at each scrape would parse them all.
 */
export class BundleSeries {
  /** By namespace and name: the labels behind these. */
  readonly #labels = new Map<string, Map<string, string>>();
  #shapes = new Map<string, string>();

  /** @param after - undefined: it was deleted */
  changed({ namespace = '', name }: ObjectRef, after: StoredBundle | undefined): void {
    const own = this.#labels.get(namespace) ?? new Map<string, string>();
    if (after === undefined) own.delete(name);
    else own.set(name, this.#shared(labelsOf(after)));
    if (own.size === 0) this.#labels.delete(namespace);
    else this.#labels.set(namespace, own);
  }

  /** In the format of Prometheus, version 0.0.4; its cost grows with the number of bundles, some milliseconds for ten thousand. */
  text(): string {
    const lines = [HEAD];
    for (const [namespace, own] of this.#labels)
      for (const [name, labels] of own)
        lines.push(`${NAME}{namespace="${escaped(namespace)}",name="${escaped(name)}",${labels}} 1\n`);
    return lines.join('');
  }

  #shared(labels: string): string {
    const known = this.#shapes.get(labels);
    if (known !== undefined) return known;
    if (this.#shapes.size >= MOST_SHAPES) this.#shapes = new Map();
    this.#shapes.set(labels, labels);
    return labels;
  }
}

const labelsOf = ({ status = {} }: StoredBundle): string => {
  const { phase = 'none', lastAppliedTag = '', conditions = [] } = status;
  const conditionOf = (wanted: string) => conditions.find(({ type }) => type === wanted);
  const [ready, drifted] = [conditionOf('Ready'), conditionOf('Drifted')];
  const suspended = conditions.some(({ type }) => type === 'Suspended');
  return [
    `phase="${escaped(phase)}"`,
    `ready="${escaped(ready?.status ?? 'none')}"`,
    `reason="${reasonOf(ready)}"`,
    `suspended="${suspended}"`,
    `drifted="${escaped(drifted?.status ?? 'none')}"`,
    `tag="${escaped(lastAppliedTag.slice(0, LONGEST_TAG))}"`,
  ].join(',');
};

/** One that is not ours was written by somebody else, and may be anything. */
const reasonOf = (ready: Condition | undefined): string => {
  if (ready === undefined) return 'none';
  return Object.hasOwn(REASONS, ready.reason) ? ready.reason : 'other';
};

/** @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
