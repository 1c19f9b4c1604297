import type { KubeObject, Namespace, Secret } from '../objects.js';
import { checkCaSecret } from '../references/ca-secret.js';
import type { ReferenceFault } from '../references/fault.js';
import type { Reference, ValuesReference } from '../references/references.js';
import { checkRegistrySecret } from '../references/registry-secret.js';
import { checkServiceAccount } from '../references/service-account.js';
import { type ConsentRule, checkTargetNamespace } from '../references/target-namespace.js';
import { checkWerfKey } from '../references/werf-key.js';
import { type ObjectName, objectName, type World } from './world.js';

/** A reference to one object, which is there or keeps the bundle from being deployed. */
type Needed = Exclude<Reference, ValuesReference>;

/** The order in which the controller reports what blocks a bundle. */
const ORDER: readonly Needed['use'][] = [
  'registry-secret',
  'ca-secret',
  'target-namespace',
  'service-account',
  'werf-key',
];

/** Something that a bundle cannot be deployed without. */
interface Need {
  readonly reference: Needed;
  readonly name: ObjectName;
  /** What the verdict on an object depends on beside the object. */
  readonly use: string;
}

/** All of it, in the order in which the controller reports what is missing. */
export const neededBy = (references: readonly Reference[]): readonly Need[] =>
  references
    .filter((reference): reference is Needed => reference.use !== 'values')
    .toSorted((a, b) => ORDER.indexOf(a.use) - ORDER.indexOf(b.use))
    .map((reference) => {
      const name = objectName(reference.kind, { namespace: reference.namespaces[0], name: reference.name });
      return { reference, name, use: useKey(reference, name.key) };
    });

/** Checks what bundles refer to, each object once for each use of it: many bundles share one, and a certificate takes long. */
export class Blockers {
  readonly #rule: ConsentRule;
  readonly #known = new WeakMap<KubeObject, Map<string, string | undefined>>();

  constructor(rule: ConsentRule) {
    this.#rule = rule;
  }

  /** Why a bundle with these references can't be deployed; undefined: nothing is known to be in the way. */
  of(needed: readonly Need[], world: World): string | undefined {
    for (const need of needed) {
      const fault = this.#faultOf(need, world);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  #faultOf({ reference, name, use }: Need, world: World): string | undefined {
    const found = world.find(name);
    if (found.kind === 'unknown') return undefined;
    if (found.kind === 'absent') return textOf(faultIn(reference, undefined, this.#rule));
    const known = this.#known.get(found.object) ?? new Map<string, string | undefined>();
    this.#known.set(found.object, known);
    if (!known.has(use)) known.set(use, textOf(faultIn(reference, found.object, this.#rule)));
    return known.get(use);
  }
}

const useKey = (reference: Needed, objectKey: string): string => {
  const { use, field } = reference;
  const where = `${use} ${field} ${objectKey}`;
  switch (reference.use) {
    case 'registry-secret':
      return `${where} ${typeof reference.url === 'string' ? reference.url : ''}`;
    case 'werf-key':
      return `${where} ${reference.key}`;
    case 'target-namespace':
      return `${where} ${reference.own}`;
    default:
      return where;
  }
};

const faultIn = (reference: Needed, object: KubeObject | undefined, rule: ConsentRule): ReferenceFault | undefined => {
  switch (reference.use) {
    case 'registry-secret':
      return faultOrNone(checkRegistrySecret(reference, object as Secret | undefined));
    case 'ca-secret':
      return faultOrNone(checkCaSecret(reference, object as Secret | undefined));
    case 'werf-key':
      return faultOrNone(checkWerfKey(reference, object as Secret | undefined));
    case 'service-account':
      return faultOrNone(checkServiceAccount(reference, object));
    case 'target-namespace':
      return checkTargetNamespace(reference, object as Namespace | undefined, rule)[0];
  }
};

const faultOrNone = (checked: { readonly kind: 'usable' } | ReferenceFault): ReferenceFault | undefined =>
  checked.kind === 'usable' ? undefined : checked;

const textOf = (fault: ReferenceFault | undefined): string | undefined => fault && `${fault.field}: ${fault.text}`;
