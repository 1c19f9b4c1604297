import {
  ALLOW_DOWNGRADE,
  APPROVE_PLAN,
  DISMISS_REQUIRED,
  MISSING_REFERENCES,
  REFUSED_VALUES,
} from '../api/annotations.js';
import { valueAt } from '../api/json-map.js';
import { openPlan } from '../api/open-plan.js';
import type { Warning } from '../api/problem.js';
import { quoted } from '../api/validate/wording.js';
import type { WerfBundleStatus } from '../api/werfbundle.js';
import type { AdmissionRequest } from './admission-request.js';
import type { Check } from './verdict.js';

/** Annotations that have an effect by a certain word only; `without` are words that people write for none. */
const WORDS: Readonly<Record<string, { readonly effective: readonly string[]; readonly without: readonly string[] }>> =
  {
    [REFUSED_VALUES]: { effective: ['warn', 'deny'], without: [] },
    [MISSING_REFERENCES]: { effective: ['warn'], without: [] },
    [ALLOW_DOWNGRADE]: { effective: ['true'], without: ['false'] },
    [DISMISS_REQUIRED]: { effective: ['true'], without: ['false'] },
  };

/** The form of a plan's hash, as the controller makes it. */
const HASH = /^[0-9a-f]{16}$/;

/**
 * Warns of annotations of ours that this request gives a value without effect: a slip would pass in silence, and a person believe that
 * something is refused, or approved. None is refused, since a manifest in git must stay applicable when its plan is another one.
 */
export const annotationValues: Check = (request) => ({
  problems: [],
  warnings: [...Object.keys(WORDS).flatMap((name) => wordWarning(request, name)), ...approvalWarning(request)],
});

/** The value that a request gives an annotation; undefined: none, an empty one, the one that it had, or no text, which others refuse. */
const givenTo = ({ object, oldObject }: AdmissionRequest, name: string): string | undefined => {
  const value: unknown = object.metadata.annotations?.[name];
  return typeof value !== 'string' || value === '' || value === oldObject?.metadata.annotations?.[name]
    ? undefined
    : value;
};

const fieldOf = (name: string): string => `metadata.annotations[${name}]`;

const wordWarning = (request: AdmissionRequest, name: string): readonly Warning[] => {
  const value = givenTo(request, name);
  const { effective = [], without = [] } = WORDS[name] ?? {};
  if (value === undefined || effective.includes(value) || without.includes(value)) return [];
  const message = `${quoted(value)} has no effect: only ${effective.map(quoted).join(' and ')} ${effective.length === 1 ? 'has' : 'have'} one`;
  return [{ rule: 'annotation-without-effect', field: fieldOf(name), message }];
};

const approvalWarning = (request: AdmissionRequest): readonly Warning[] => {
  const value = givenTo(request, APPROVE_PLAN);
  const why = value === undefined ? undefined : whyVoid(request, value);
  if (value === undefined || why === undefined) return [];
  const message = `${quoted(value)} approves nothing: ${why}`;
  return [{ rule: 'approval-of-nothing', field: fieldOf(APPROVE_PLAN), message }];
};

/** Why a value approves nothing; undefined: it does, or may do so. Of a bundle that is made there is no plan yet. */
const whyVoid = ({ object, oldObject, namespace }: AdmissionRequest, value: string): string | undefined => {
  const status = valueAt(oldObject, 'status') as WerfBundleStatus | undefined;
  const plan = openPlan(status ?? {});
  const isForm = HASH.test(value);
  if (!isForm && plan?.hash === undefined) return 'it is no hash of a plan (status.plan.hash)';
  if (oldObject === undefined || plan?.hash === value) return undefined;
  if (valueAt(object, 'spec', 'converge', 'deletions') !== 'Hold')
    return 'no deletion is held (spec.converge.deletions)';
  // One that is made anew has the same hash if the same would be lost.
  if (plan?.hash === undefined) return 'no plan waits for an approval now';
  return `the plan that waits has hash ${plan.hash}; look at it: werfbundle approve ${object.metadata.name} -n ${namespace}`;
};
