import { count } from '../count.js';
import type { Effect } from './effect.js';

/** What becomes of a bundle, in a word. */
export type Outcome = Effect['kind'];

/** What each effect on some bundles is called in a sentence about an object. */
const VERBS: readonly (readonly [Outcome, (bundles: string) => string])[] = [
  ['deploys', (bundles) => `deploys ${bundles}`],
  ['may-deploy', (bundles) => `may deploy ${bundles}`],
  ['unblocked', (bundles) => `lets ${bundles} be deployed again`],
  ['blocked', (bundles) => `keeps ${bundles} from being deployed`],
  ['uninstalls', (bundles) => `uninstalls ${bundles}`],
  ['deleted', (bundles) => `deletes ${bundles}`],
];

/** How many bundles a change has which effect on, as the predicate of a sentence. */
interface Totals {
  readonly outcomes: readonly Outcome[];
  /** In how many namespaces the bundles are that are hit now. */
  readonly namespaces: number;
  /** What is put behind that: `: ops/shop and 13 more`. */
  readonly names?: string;
}

/** `deploys 14 bundles in 9 namespaces; 2 bundles would follow, but for being suspended` */
export const impactText = ({ outcomes, namespaces, names = '' }: Totals): string => {
  const numberOf = (effect: Outcome): number => outcomes.filter((outcome) => outcome === effect).length;
  const parts = VERBS.flatMap(([effect, verb]) =>
    numberOf(effect) === 0 ? [] : [verb(count(numberOf(effect), 'bundle'))],
  );
  const now =
    parts.length === 0
      ? 'changes nothing for any bundle'
      : `${parts.join(', ')} in ${count(namespaces, 'namespace')}${names}`;
  const suspended = numberOf('suspended');
  return suspended === 0 ? now : `${now}; ${count(suspended, 'bundle')} would follow, but for being suspended`;
};
