import { CONFIRM_IMPACT } from '../../api/annotations.js';
import { count } from '../../api/count.js';
import { confirmationCode, isConfirmed } from '../../api/impact/confirmation.js';
import { impactText } from '../../api/impact/words.js';
import type { JsonMap } from '../../api/json-map.js';
import { objectKey } from '../../api/object-key.js';
import type { ObjectRef } from '../../api/objects.js';
import type { Problem, Warning } from '../../api/problem.js';
import { ACCEPT_BUNDLES_FROM } from '../../api/references/target-namespace.js';
import { forbidden } from '../../api/validate/wording.js';
import type { ObjectChange } from '../guard/object-change.js';
import type { Concerned } from './question.js';

/** What a change does: to each bundle, or to how many at most. */
export type Impact =
  | { readonly kind: 'known'; readonly bundles: readonly Concerned[] }
  | { readonly kind: 'at-most'; readonly bundles: readonly ObjectRef[] };

/** What is told of a change. */
interface Told {
  readonly change: ObjectChange;
  readonly impact: Impact;
  /** {@link hitBy} */
  readonly hit: readonly ObjectRef[];
  /** Those of them that the user may know of, {@link MAX_NAMED} at most. */
  readonly seen: readonly ObjectRef[];
}

/** The most bundles that are named. */
export const MAX_NAMED = 3;
/** The apiserver cuts a long warning to so many letters, field and all. */
const MAX_LETTERS = 256;

/** The bundles that a change hits now, in the order of their names. */
export const hitBy = (impact: Impact): readonly ObjectRef[] => {
  const hit =
    impact.kind === 'at-most'
      ? impact.bundles
      : impact.bundles.filter(({ outcome }) => outcome !== 'suspended').map(({ ref }) => ref);
  const byName = new Map(hit.map((ref) => [objectKey(ref), ref]));
  return [...byName.keys()].sort().flatMap((name) => byName.get(name) ?? []);
};

/** `data: deploys 14 bundles in 9 namespaces: a/x, a/y, b/z and 11 more` */
export const impactWarning = (told: Told): Warning => {
  const field = FIELDS[told.change.kind];
  return { rule: 'impact', field, message: sentence(told, MAX_LETTERS - `${field}: `.length) };
};

/** The webhook has only begun, and does not know the bundles yet. */
export const impactUnknown = ({ kind }: ObjectChange): Warning => ({
  rule: 'impact',
  field: FIELDS[kind],
  message: 'what this deploys is not known: the WerfBundles of the cluster are not listed yet',
});

/** The refusal of what hits more bundles than the platform lets one change hit; undefined: it hits no more, or that is confirmed. */
export const impactProblem = (told: Told, maxImpact: number | undefined): Problem | undefined => {
  const { kind, ref, after } = told.change;
  // Deletions are let go, as the guard lets them: pruning has no order, and a namespace must be able to end.
  if (maxImpact === undefined || after === undefined || told.hit.length <= maxImpact) return undefined;
  const value = after as object as JsonMap;
  const code = confirmationCode({ kind, ref, value });
  if (isConfirmed(value, code)) return undefined;
  const limit = `one change may hit at most ${count(maxImpact, 'bundle')} here (--max-impact)`;
  return forbidden('impact-too-large', FIELDS[kind], `${sentence(told, MAX_LETTERS)}; ${limit}; ${wayOn(kind, code)}`);
};

const wayOn = (kind: ObjectChange['kind'], code: string | undefined): string =>
  code === undefined
    ? 'a Secret can not confirm it, since a code of its content would help to guess that: who runs the operator can raise the limit'
    : `to confirm this very content, give the ${kind} the annotation ${CONFIRM_IMPACT}: ${JSON.stringify(code)}`;

const FIELDS: Readonly<Record<ObjectChange['kind'], string>> = {
  ConfigMap: 'data',
  Secret: 'data',
  ServiceAccount: 'metadata.name',
  Namespace: `metadata.annotations[${ACCEPT_BUNDLES_FROM}]`,
};

/** With as many names as there is room for. @param most - letters */
const sentence = (told: Told, most: number): string => {
  const namespaces = new Set(told.hit.map(({ namespace }) => namespace)).size;
  const withNames = (number: number) => textOf(told, { namespaces, names: namesText(told, number) });
  for (let number = told.seen.length; number > 0; number -= 1) {
    const text = withNames(number);
    if (text.length <= most) return text;
  }
  return withNames(0);
};

const namesText = ({ seen, hit }: Told, number: number): string => {
  if (number === 0) return '';
  const more = hit.length - number;
  return `: ${seen.slice(0, number).map(objectKey).join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
};

const textOf = (
  { impact, change }: Told,
  { namespaces, names }: { readonly namespaces: number; readonly names: string },
): string => {
  if (impact.kind === 'known')
    return impactText({ outcomes: impact.bundles.map(({ outcome }) => outcome), namespaces, names });
  const most = `up to ${count(impact.bundles.length, 'bundle')}`;
  const effect = change.operation === 'DELETE' ? `may keep ${most} from being deployed` : `may deploy ${most}`;
  return `${effect} in ${count(namespaces, 'namespace')}${names}`;
};
