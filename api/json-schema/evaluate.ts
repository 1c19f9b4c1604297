import { isMap, type JsonMap } from '../json-map.js';
import { Budget } from './budget.js';
import { below } from './pointer.js';
import type { SchemaNode } from './schema-node.js';
import { Unevaluated } from './unevaluated.js';
import { countFaults, type Found, kindFault, matches, numberFaults, sameItems, textFaults } from './value-keywords.js';
import type { Step, ValuesPath, Violation, What } from './violation.js';

/** What a schema says of values. `too-costly`: it was given up. */
type Evaluation =
  | { readonly kind: 'judged'; readonly violations: readonly Violation[] }
  | { readonly kind: 'too-costly' };

/** Steps for one schema and all values: about a second at the worst; real charts need some thousands. */
const MAX_STEPS = 500_000;
/** How many schemas may be within one another for one value: each takes stack. */
const MAX_LEVELS = 400;

/**
 * Judges values by a schema as Helm does; equal values and schemas are judged equally on every machine. Never throws.
 * @param value - JSON of a bounded depth
 */
export const evaluate = (root: SchemaNode, value: unknown): Evaluation => {
  const budget = new Budget(MAX_STEPS);
  const fits: Fit[] = [];
  const violations = new Visit({ node: root, value, at: [], parent: undefined, budget, fits, isQuiet: false }).run();
  if (budget.isExhausted) return { kind: 'too-costly' };
  for (const fit of fits) remember(fit);
  return { kind: 'judged', violations };
};

/** A frozen value, as the defaults of a chart are, and a schema that it fits: neither changes, so that it need not be asked again. */
interface Fit {
  readonly node: SchemaNode;
  readonly value: object;
}

const remember = ({ node, value }: Fit): void => {
  const nodes = node.known?.get(value);
  if (nodes === undefined) node.known?.set(value, new Set([node]));
  else nodes.add(node);
};

/** A schema and a value of which it is asked. */
interface Question {
  readonly node: SchemaNode;
  readonly value: unknown;
  readonly at: ValuesPath;
  /** The schema that asks, of the same value or of the one around it. */
  readonly parent: Visit | undefined;
  readonly budget: Budget;
  /** Receives what was found to fit. */
  readonly fits: Fit[];
  /** Only whether there is a violation matters. */
  readonly isQuiet: boolean;
}

/**
 * One schema asked of one value.
 * @see https://github.com/santhosh-tekuri/jsonschema/blob/v6.0.2/validator.go, which is what Helm asks
 */
class Visit {
  readonly #question: Question;
  readonly #level: number;
  readonly #violations: Violation[] = [];
  readonly unevaluated: Unevaluated;

  constructor(question: Question, isAsked = false) {
    this.#question = question;
    this.#level = question.parent === undefined ? 1 : question.parent.#level + 1;
    this.unevaluated = new Unevaluated(question.node, question.value, isAsked);
  }

  run(): readonly Violation[] {
    const { node, value, budget } = this.#question;
    if (this.#level > MAX_LEVELS) budget.exhaust();
    if (node.always === true || !budget.spend(1)) return [];
    if (node.always === false) this.#fail('', { kind: 'nothing' });
    else if (this.#isCircle()) this.#fail('', { kind: 'circle' });
    else {
      const fault = kindFault(node, value, budget);
      if (fault === undefined) this.#apply(node, value);
      else this.#add(fault);
    }
    return this.#violations;
  }

  #apply(node: SchemaNode, value: unknown): void {
    const { budget } = this.#question;
    if (node.reference !== undefined) this.#push(this.#self(node.reference));
    if (isMap(value)) this.#object(node, value);
    else if (Array.isArray(value)) this.#array(node, value);
    else if (typeof value === 'string') for (const found of textFaults(node, value, budget)) this.#add(found);
    else if (typeof value === 'number') for (const found of numberFaults(node, value)) this.#add(found);
    if (this.#isDone) return;
    this.#references(node);
    this.#logic(node);
    this.#alternatives(node);
    this.#rest(node, value);
  }

  /** In silence one violation is enough. */
  get #isDone(): boolean {
    return this.#question.isQuiet && this.#violations.length > 0;
  }

  /** The same schema asks itself about the same value. */
  #isCircle(): boolean {
    const { node, at } = this.#question;
    let around = this.#question.parent;
    while (around !== undefined && around.#question.at === at && around.#question.node !== node)
      around = around.#question.parent;
    return around !== undefined && around.#question.at === at;
  }

  #fail(keyword: string, what: What, at = this.#question.at): void {
    const { pointer } = this.#question.node;
    this.#violations.push({ at, pointer: keyword === '' ? pointer : below(pointer, keyword), what });
  }

  #add({ keyword, what }: Found): void {
    this.#fail(keyword, what);
  }

  #push(violations: readonly Violation[]): void {
    for (const violation of violations) this.#violations.push(violation);
  }

  /** What another schema says of the same value. */
  #self(node: SchemaNode, isQuiet = false): readonly Violation[] {
    const question = { ...this.#question, node, parent: this, isQuiet: isQuiet || this.#question.isQuiet };
    const visit = new Visit(question, !this.unevaluated.isEmpty);
    const violations = visit.run();
    if (violations.length === 0) this.unevaluated.keep(visit.unevaluated);
    return violations;
  }

  /** What a schema says of a value within. */
  #within(node: SchemaNode, value: unknown, step: Step, isQuiet = this.#question.isQuiet): readonly Violation[] {
    const isFrozen = typeof value === 'object' && value !== null && node.known !== undefined && Object.isFrozen(value);
    if (isFrozen && node.known?.get(value)?.has(node) === true) return [];
    const { at, budget, fits } = this.#question;
    const violations = new Visit({ node, value, at: [...at, step], parent: this, budget, fits, isQuiet }).run();
    if (isFrozen && violations.length === 0) fits.push({ node, value });
    return violations;
  }

  #object(node: SchemaNode, object: JsonMap): void {
    for (const found of countFaults(node.bounds, 'Properties', Object.keys(object).length)) this.#add(found);
    const missing = (node.required ?? []).filter((name) => !Object.hasOwn(object, name));
    if (missing.length > 0) this.#fail('required', { kind: 'missing', names: missing });
    if (this.#isDone) return;
    for (const { name, needs } of node.dependencies ?? []) {
      if (!Object.hasOwn(object, name)) continue;
      if ('pointer' in needs) this.#push(this.#self(needs));
      else
        this.#dependents(
          name,
          needs.filter((other) => !Object.hasOwn(object, other)),
        );
    }
    for (const [key, value] of Object.entries(object)) {
      if (this.#isDone) return;
      if (this.#property(node, key, value)) this.unevaluated.drop(key);
    }
    for (const key of node.propertyNames === undefined ? [] : Object.keys(object)) this.#key(node.propertyNames, key);
  }

  #dependents(because: string, missing: readonly string[]): void {
    if (missing.length > 0) this.#fail('dependencies', { kind: 'missing', names: missing, because });
  }

  /** @returns whether a schema was asked of the key's value */
  #property(node: SchemaNode, key: string, value: unknown): boolean {
    const { properties, patternProperties = [], additionalProperties } = node;
    const named = properties?.get(key);
    if (named !== undefined) this.#push(this.#within(named, value, { key, isNamed: true }));
    let isEvaluated = named !== undefined;
    for (const { pattern, node: inner } of patternProperties) {
      if (!matches(pattern, key, this.#question.budget)) continue;
      isEvaluated = true;
      this.#push(this.#within(inner, value, { key, isNamed: false }));
    }
    if (isEvaluated || additionalProperties === undefined) return isEvaluated;
    if (additionalProperties === false) {
      const at = [...this.#question.at, { key, isNamed: false }];
      this.#fail('additionalProperties', { kind: 'unknown-key', name: key }, at);
    } else if (additionalProperties !== true)
      this.#push(this.#within(additionalProperties, value, { key, isNamed: false }));
    return true;
  }

  #key(node: SchemaNode | undefined, key: string): void {
    if (node === undefined || this.#isDone) return;
    const why = this.#within(node, key, { key, isNamed: false });
    if (why.length > 0) this.#fail('propertyNames', { kind: 'key', name: key, why });
  }

  #array(node: SchemaNode, items: readonly unknown[]): void {
    const { firstItems = [], otherItems, uniqueItems, contains } = node;
    for (const found of countFaults(node.bounds, 'Items', items.length)) this.#add(found);
    const same = uniqueItems === true ? sameItems(items, this.#question.budget) : undefined;
    if (same !== undefined) this.#fail('uniqueItems', { kind: 'same-items', ...same });
    if (otherItems === false && items.length > firstItems.length)
      this.#fail('additionalItems', { kind: 'items', most: firstItems.length });
    for (const [index, item] of items.entries()) {
      if (this.#isDone) return;
      const inner = firstItems[index] ?? otherItems;
      if (typeof inner === 'object') this.#push(this.#within(inner, item, { key: index, isNamed: true }));
    }
    if (contains !== undefined) this.#contains(node, contains, items);
  }

  #contains({ draft, bounds }: SchemaNode, contains: SchemaNode, items: readonly unknown[]): void {
    const fits = [...items.keys()].filter(
      (index) => this.#within(contains, items[index], { key: index, isNamed: true }, true).length === 0,
    );
    if (draft === 2020) for (const index of fits) this.unevaluated.drop(index);
    if (bounds.minContains === undefined && fits.length === 0) this.#fail('contains', { kind: 'no-item' });
    for (const found of countFaults(bounds, 'Contains', fits.length)) this.#add(found);
  }

  #references({ recursive, movable }: SchemaNode): void {
    if (recursive !== undefined)
      this.#push(this.#self(recursive.recursiveAnchor === true ? this.#outermost(recursive) : recursive));
    if (movable === undefined) return;
    const { node, anchor } = movable;
    this.#push(this.#self(anchor !== '' && node.dynamicAnchor === anchor ? this.#outermost(node, anchor) : node));
  }

  /** What `$recursiveRef` and `$dynamicRef` mean: of all schemas on the way here the outermost one that says that it may be meant. */
  #outermost(node: SchemaNode, anchor?: string): SchemaNode {
    let found = node;
    for (let visit: Visit | undefined = this; visit !== undefined; visit = visit.#question.parent) {
      const { node: there } = visit.#question;
      if (anchor !== undefined) found = there.top.dynamic.get(anchor) ?? found;
      else if (there.top.recursiveAnchor === true) found = there;
    }
    return found;
  }

  #logic({ not, allOf = [], condition }: SchemaNode): void {
    if (not !== undefined && this.#self(not, true).length === 0) this.#fail('not', { kind: 'not' });
    for (const node of allOf) if (!this.#isDone) this.#push(this.#self(node));
    if (condition === undefined) return;
    const branch = this.#self(condition.when, true).length === 0 ? condition.then : condition.otherwise;
    if (branch !== undefined) this.#push(this.#self(branch));
  }

  #alternatives({ anyOf = [], oneOf = [] }: SchemaNode): void {
    const any: (readonly Violation[])[] = [];
    for (const node of anyOf) {
      any.push(this.#self(node));
      // Whoever asks what is left over wants all that fit.
      if (any.at(-1)?.length === 0 && this.unevaluated.isEmpty) break;
    }
    if (any.length > 0 && any.every((why) => why.length > 0)) this.#fail('anyOf', { kind: 'no-alternative', why: any });
    const one: (readonly Violation[])[] = [];
    for (const node of oneOf) {
      one.push(
        this.#self(
          node,
          one.some((why) => why.length === 0),
        ),
      );
      if (one.filter((why) => why.length === 0).length === 2) {
        this.#fail('oneOf', { kind: 'several-alternatives' });
        return;
      }
    }
    if (one.length > 0 && one.every((why) => why.length > 0)) this.#fail('oneOf', { kind: 'no-alternative', why: one });
  }

  /** What no other keyword has spoken of. */
  #rest({ unevaluatedProperties, unevaluatedItems }: SchemaNode, value: unknown): void {
    if (isMap(value) && unevaluatedProperties !== undefined)
      for (const key of this.unevaluated.takeKeys())
        this.#push(this.#within(unevaluatedProperties, value[key], { key, isNamed: false }));
    if (Array.isArray(value) && unevaluatedItems !== undefined)
      for (const index of this.unevaluated.takeIndexes())
        this.#push(this.#within(unevaluatedItems, value[index], { key: index, isNamed: true }));
  }
}
