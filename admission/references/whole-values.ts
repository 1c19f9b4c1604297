import type { ObjectRef } from '../../api/objects.js';
import { valuesSourceOf } from '../../api/references/references.js';
import { foundSource } from '../../api/values/found-source.js';
import type { FoundSource } from '../../api/values/problem.js';
import type { ResolveInput, ValuesInput } from '../../api/values/resolve.js';
import { CONFIGMAPS, SECRETS } from '../../kube/resources.js';
import type { BundleReferences, Reference, Source } from './bundle-references.js';
import type { Fetched, Lookups } from './lookups.js';

/** Looks for a source of values in one namespace. */
export type FetchSource = (kind: Source['kind'], ref: ObjectRef) => Promise<Fetched<FoundSource>>;

/** Sources as they are stored. */
export const storedSources =
  (lookups: Pick<Lookups, 'get'>): FetchSource =>
  async (kind, ref) => {
    const fetched = kind === 'ConfigMap' ? await lookups.get(CONFIGMAPS, ref) : await lookups.get(SECRETS, ref);
    return fetched.kind === 'found' ? { kind: 'found', value: foundSource({ kind, ...ref }, fetched.value) } : fetched;
  };

/** The first namespace that has it wins; after a look-up that failed, nobody knows which that is. */
export const fetchFirst = async (sourceAt: FetchSource, from: Source): Promise<Fetched<FoundSource>> => {
  for (const namespace of from.namespaces) {
    const fetched = await sourceAt(from.kind, { namespace, name: from.name });
    if (fetched.kind !== 'absent') return fetched;
  }
  return { kind: 'absent' };
};

/**
 * All values of a bundle; undefined if a part of them is not known: what is missing might stand there.
 * @param isGranted - others are not looked up
 */
export const wholeValuesOf = async (
  { own, target, sources, inline }: BundleReferences,
  { sourceAt, isGranted }: { readonly sourceAt: FetchSource; readonly isGranted: (reference: Reference) => boolean },
): Promise<ResolveInput | undefined> => {
  const known = sources.filter((from) => from !== undefined && isGranted(from)) as readonly Source[];
  if (target === undefined || known.length < sources.length) return undefined;
  const read = await Promise.all(known.map((from) => inputOf(sourceAt, from)));
  const inputs = read.filter((input) => input !== undefined);
  if (inputs.length < read.length) return undefined;
  return {
    sources: inputs,
    ...(inline !== undefined && { inline }),
    bundleNamespace: own,
    targetNamespace: target,
  };
};

const inputOf = async (sourceAt: FetchSource, from: Source): Promise<ValuesInput | undefined> => {
  const source = valuesSourceOf(from);
  const fetched = await fetchFirst(sourceAt, from);
  if (fetched.kind === 'found') return { source, found: fetched.value };
  return fetched.kind === 'absent' && from.optional ? { source } : undefined;
};
