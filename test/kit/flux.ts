import { isDeepStrictEqual } from 'node:util';
import { isMap, type JsonMap, valueAt } from '../../api/json-map.js';
import type { Manifest, RawAnswer, RawApi } from './raw-api.js';

/** What kustomize-controller made of one commit. */
type FluxOutcome =
  | {
      readonly kind: 'applied';
      /** `ConfigMap/ops/app-config created`, in the order of the writes. */
      readonly changes: readonly string[];
      /** Of the dry runs, which Flux does not show, and of the writes. */
      readonly warnings: readonly string[];
    }
  /** Nothing of this stage was written. `message` as it stands in the Kustomization's Ready condition. */
  | { readonly kind: 'refused'; readonly message: string };

const MANAGER = 'kustomize-controller';
/** What a stage of its own comes before all else. */
const DEFINITIONS = ['CustomResourceDefinition', 'Namespace'];
/** Kinds that are applied first; others follow in the order of their names. */
const FIRST = [...DEFINITIONS, 'ServiceAccount', 'ConfigMap', 'Secret'];

/**
 * Does as Flux's kustomize-controller does with the objects of one Kustomization: stage by stage, all objects of a stage are applied
 * as a dry run, then those that would change are applied for good; field manager kustomize-controller, conflicts taken over. An object
 * changes if its dry run differs from the stored one in labels, annotations, or anything but metadata and status.
 * @see https://github.com/fluxcd/pkg/blob/main/ssa/manager_apply.go
 */
export const reconcileAsFlux = async (api: RawApi, objects: readonly Manifest[]): Promise<FluxOutcome> => {
  const ordered = objects.toSorted((a, b) => rankOf(a) - rankOf(b) || (idOf(a) < idOf(b) ? -1 : 1));
  const isDefinition = ({ kind }: Manifest): boolean => DEFINITIONS.includes(kind);
  const changes: string[] = [];
  const warnings: string[] = [];
  for (const fixture of [ordered.filter(isDefinition), ordered.filter((object) => !isDefinition(object))]) {
    const plans = await Promise.all(fixture.map((object) => planned(api, object)));
    const refused = plans.find(({ dryRun }) => dryRun.status >= 300);
    if (refused !== undefined) return { kind: 'refused', message: refusal(refused) };
    for (const plan of plans) {
      warnings.push(...plan.dryRun.warnings);
      changes.push(`${idOf(plan.object)} ${plan.change}`);
      if (plan.change === 'unchanged') continue;
      const applied = await api.apply(plan.object, { manager: MANAGER });
      warnings.push(...applied.warnings);
      if (applied.status >= 300)
        return { kind: 'refused', message: `${idOf(plan.object)} apply failed: ${textOf(applied, 'message')}` };
    }
  }
  return { kind: 'applied', changes, warnings };
};

interface Plan {
  readonly object: Manifest;
  readonly dryRun: RawAnswer;
  readonly change: 'created' | 'configured' | 'unchanged';
}

const planned = async (api: RawApi, object: Manifest): Promise<Plan> => {
  const live = await api.get(object);
  const dryRun = await api.apply(object, { manager: MANAGER, dryRun: true });
  if (live.status === 404) return { object, dryRun, change: 'created' };
  return {
    object,
    dryRun,
    change: isDeepStrictEqual(shapeOf(live.body), shapeOf(dryRun.body)) ? 'unchanged' : 'configured',
  };
};

const refusal = ({ object, dryRun }: Plan): string =>
  `${idOf(object)} dry-run failed (${textOf(dryRun, 'reason')}): ${textOf(dryRun, 'message')}`;

const textOf = ({ body }: RawAnswer, field: string): string => String(body[field]);

/** What is compared. */
const shapeOf = (object: JsonMap): object => {
  const { metadata, status: _status, ...rest } = object;
  const map = (field: string): JsonMap => {
    const value = valueAt(metadata, field);
    return isMap(value) ? value : {};
  };
  return { ...rest, labels: map('labels'), annotations: map('annotations') };
};

const rankOf = ({ kind }: Manifest): number => {
  const rank = FIRST.indexOf(kind);
  return rank === -1 ? FIRST.length : rank;
};

const idOf = ({ kind, metadata: { namespace, name } }: Manifest): string =>
  [kind, ...(namespace === undefined ? [] : [namespace]), name].join('/');
