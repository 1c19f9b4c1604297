import { locateKey } from '../values/locate-key.js';
import type { Position } from '../values/position.js';
import { type FoundSource, fieldOf } from '../values/problem.js';
import type { Leaf, Origin } from '../values/provenance.js';
import { type ResolveInput, usedKeys } from '../values/resolve.js';
import type { Chart } from './chart.js';

/** Where a value comes from that a chart does not accept. */
export type ValuePlace =
  | { readonly kind: 'inline' }
  | {
      readonly kind: 'source';
      readonly source: FoundSource;
      /** Of the source's name in the bundle. */
      readonly field: string;
      readonly key: string;
      readonly position: Position | undefined;
    }
  /** The chart's own default. */
  | { readonly kind: 'default'; readonly file: string; readonly position: Position }
  /** Nobody has given it. */
  | { readonly kind: 'nowhere' };

/** A path in the values of all. */
type Path = readonly (string | number)[];

/**
 * Where the value at a path comes from. Of what is missing, or is made of several parts, it is where the first part of it is that is there.
 * @param given - of all merged values, what the bundle itself has given
 */
export const placeOf = (
  path: Path,
  { given, input, chart }: { readonly given: readonly Leaf[]; readonly input: ResolveInput; readonly chart: Chart },
): ValuePlace => {
  for (const way of waysTo(path)) {
    const origin = originOf(way, given);
    if (origin !== undefined) return placeIn(origin, way, input);
  }
  return defaultOf(path, chart);
};

/** What a chart within has as `global` may have been handed down by any chart around it. */
const waysTo = (path: Path): readonly Path[] => {
  const at = path.indexOf('global');
  const around = path.slice(0, Math.max(at, 0)).map((_, level) => [...path.slice(0, level), ...path.slice(at)]);
  return [path, ...around.toReversed()];
};

const originOf = (path: Path, given: readonly Leaf[]): Origin | undefined => {
  const isPart = (leaf: Leaf): boolean => leaf.path.every((key, n) => n >= path.length || key === String(path[n]));
  const around = given.find((leaf) => leaf.path.length <= path.length && isPart(leaf));
  return (around ?? (path.length > 0 ? given.find(isPart) : undefined))?.origin;
};

const placeIn = (origin: Origin, path: Path, { sources }: ResolveInput): ValuePlace => {
  if (origin.kind === 'spec') return { kind: 'inline' };
  // Of a source that is named twice the later one counts.
  const index = sources.findLastIndex(
    ({ source, found }) =>
      found?.kind === origin.kind &&
      found.namespace === origin.namespace &&
      found.name === origin.name &&
      usedKeys(found, source).includes(origin.key),
  );
  const { source, found } = sources[index] ?? {};
  if (source === undefined || found === undefined) return { kind: 'nowhere' };
  const position = locateKey(found.data[origin.key] ?? '', path);
  return { kind: 'source', source: found, field: fieldOf(source, index), key: origin.key, position };
};

/** A chart around another one may have given its values. */
const defaultOf = (path: Path, chart: Chart): ValuePlace => {
  const position = path.length > 0 && locateWhole(chart.defaults.text, path);
  if (position) return { kind: 'default', file: `${chart.folder}values.yaml`, position };
  const within = chart.subcharts.find(({ name }) => name === path[0]);
  return within === undefined ? { kind: 'nowhere' } : defaultOf(path.slice(1), within);
};

const locateWhole = (text: string, path: Path): Position | undefined => {
  const [whole, before] = [locateKey(text, path), path.length > 1 ? locateKey(text, path.slice(0, -1)) : undefined];
  return whole?.line === before?.line && whole?.column === before?.column ? undefined : whole;
};
