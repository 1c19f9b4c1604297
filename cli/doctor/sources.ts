import { judgeValues } from '../../admission/values/judge-values.js';
import { checkable } from '../../admission/values/limits.js';
import { targetNamespaceOf } from '../../api/names.js';
import {
  type Reference,
  type ValuesReference,
  valuesReferences,
  valuesSourceOf,
} from '../../api/references/references.js';
import { foundSource } from '../../api/values/found-source.js';
import type { FoundSource, ValuesProblem } from '../../api/values/problem.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { Reads } from '../../kube/get-once.js';
import { CONFIGMAPS, SECRETS } from '../../kube/resources.js';
import { type Known, known, knownFrom, mapKnown } from '../diagnosis/known.js';
import type { Observation, SourceView } from './observation.js';

type ValuesView = Pick<Observation, 'sources' | 'valuesFaults'>;

/** Looks for all sources of a bundle's values, and parses them as the webhook does. */
export const readSources = async (
  reads: Reads,
  { bundle, references }: { readonly bundle: StoredBundle; readonly references: readonly Reference[] },
  signal: AbortSignal,
): Promise<ValuesView> => {
  const read = await Promise.all(valuesReferences(references).map((reference) => readSource(reads, reference, signal)));
  const inline = bundle.spec.converge?.values;
  const { question } = checkable({
    sources: read.map(({ reference, found }) => ({
      source: valuesSourceOf(reference),
      ...(found.kind === 'known' && found.value !== undefined && { found: found.value }),
    })),
    ...(inline !== undefined && { inline }),
    bundleNamespace: bundle.metadata.namespace,
    targetNamespace: targetNamespaceOf(bundle),
  });
  const { problems } = judgeValues(question);
  const ofSource = (at: number) => problems.filter((problem) => indexOf(problem) === at).map(({ text }) => text);
  return {
    sources: read.map(({ reference, found, shadowed }, at) => ({
      reference,
      foundIn: mapKnown(found, (source) => source?.namespace),
      shadowed,
      faults: ofSource(at),
    })),
    valuesFaults: problems.filter((problem) => indexOf(problem) === undefined).map(({ text }) => text),
  };
};

const indexOf = ({ field }: ValuesProblem): number | undefined => {
  const index = /^spec\.converge\.valuesFrom\[(\d+)\]/.exec(field)?.[1];
  return index === undefined ? undefined : Number(index);
};

interface ReadSource {
  readonly reference: ValuesReference;
  readonly found: Known<FoundSource | undefined>;
  readonly shadowed: SourceView['shadowed'];
}

/** The first namespace that has it wins; after a read that failed, nobody knows which that is. */
const readSource = async (reads: Reads, reference: ValuesReference, signal: AbortSignal): Promise<ReadSource> => {
  const [first, second] = reference.namespaces;
  const here = await readIn(reads, { reference, namespace: first }, signal);
  if (here.kind === 'unknown' || second === undefined) return { reference, found: here, shadowed: undefined };
  const there = await readIn(reads, { reference, namespace: second }, signal);
  if (here.value === undefined) return { reference, found: there, shadowed: undefined };
  const isShadowing = there.kind === 'known' && there.value !== undefined;
  return { reference, found: here, shadowed: isShadowing ? second : undefined };
};

const readIn = async (
  reads: Reads,
  { reference: { kind, name }, namespace }: { readonly reference: ValuesReference; readonly namespace: string },
  signal: AbortSignal,
): Promise<Known<FoundSource | undefined>> => {
  const ref = { namespace, name };
  const object =
    kind === 'ConfigMap'
      ? await knownFrom(reads.get(CONFIGMAPS, ref, signal))
      : await knownFrom(reads.get(SECRETS, ref, signal));
  if (object.kind === 'unknown') return object;
  return known(object.value && foundSource({ kind, ...ref }, object.value));
};
