import { parseRegistryUrl } from '../../api/registry-url.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { conditionOf } from '../../controller/decide/condition.js';
import { nearest, nearestFirst } from '../../process/nearest.js';

/** So many are named at most. */
const MOST = 3;

/**
 * Which repositories may be meant by one that does not exist: those of nearly the same name, the nearest first. Pure.
 * @param known - `acme/app`, of the same registry
 */
export const similarRepositories = (known: readonly string[], written: string): readonly string[] => {
  const others = [...new Set(known)].filter((name) => name !== written).toSorted();
  // Of a long path in common, a short name that differs in each letter would be near.
  const isNear = (name: string): boolean => {
    const [ours = '', theirs = ''] = withoutCommonPath(name, written);
    return nearest([ours], theirs) !== undefined;
  };
  return nearestFirst(others, written).filter(isNear).slice(0, MOST);
};

const withoutCommonPath = (...names: readonly [string, string]): readonly string[] => {
  const [ours, theirs] = [names[0].split('/'), names[1].split('/')];
  const differs = ours.findIndex((part, at) => part !== theirs[at]);
  return [ours, theirs].map((parts) => parts.slice(Math.max(0, differs)).join('/'));
};

/** Repositories of a host that the controller polls with success, for whatever bundle. */
export const polledRepositories = (bundles: readonly StoredBundle[], host: string): readonly string[] =>
  bundles
    .filter(({ status = {} }) => conditionOf(status, 'RegistryReachable')?.status === 'True')
    .map(({ spec }) => parseRegistryUrl(spec.registry.url))
    .flatMap((parsed) => (parsed.kind === 'ok' && parsed.host === host ? [parsed.repository] : []));
