import type { RE2JS } from 're2js';
import type { Budget } from './budget.js';
import type { Draft } from './draft.js';
import type { Pointer } from './pointer.js';

/** A schema that is ready to be used. Those that it refers to are in it themselves, so that there may be circles. */
export interface SchemaNode {
  readonly pointer: Pointer;
  readonly draft: Draft;
  /** Frozen values that were found to fit, with the schemas that they fit; left out where it matters who asks. One for all schemas of a document. */
  readonly known?: WeakMap<object, Set<SchemaNode>>;
  /** A schema that is `true`, `false`, or has no keyword. */
  readonly always?: boolean;
  /** The schema at the top of its resource. */
  readonly top: SchemaNode;
  /** Of a top: schemas by the names that `$dynamicRef` looks for. */
  readonly dynamic: ReadonlyMap<string, SchemaNode>;
  readonly dynamicAnchor?: string;
  readonly recursiveAnchor?: boolean;
  readonly reference?: SchemaNode;
  readonly recursive?: SchemaNode;
  readonly movable?: { readonly node: SchemaNode; readonly anchor: string };

  readonly types?: ReadonlySet<string>;
  readonly constant?: { readonly value: unknown };
  readonly choices?: readonly unknown[];
  readonly format?: { readonly name: string; readonly fits: (text: string, budget: Budget) => boolean };

  readonly bounds: Bounds;
  readonly multipleOf?: number;
  readonly pattern?: Pattern;
  readonly uniqueItems?: boolean;

  readonly required?: readonly string[];
  readonly properties?: ReadonlyMap<string, SchemaNode>;
  readonly patternProperties?: readonly { readonly pattern: Pattern; readonly node: SchemaNode }[];
  readonly additionalProperties?: boolean | SchemaNode;
  /** `dependencies`, `dependentSchemas` and `dependentRequired` together. */
  readonly dependencies?: readonly { readonly name: string; readonly needs: readonly string[] | SchemaNode }[];
  readonly propertyNames?: SchemaNode;
  readonly unevaluatedProperties?: SchemaNode;

  /** For the items at the beginning, one each. */
  readonly firstItems?: readonly SchemaNode[];
  /** For all further items. */
  readonly otherItems?: boolean | SchemaNode;
  readonly contains?: SchemaNode;
  readonly unevaluatedItems?: SchemaNode;

  readonly not?: SchemaNode;
  readonly allOf?: readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly condition?: { readonly when: SchemaNode; readonly then?: SchemaNode; readonly otherwise?: SchemaNode };
}

/** Keywords that bound a number or a count. */
export type Bound =
  | 'minimum'
  | 'maximum'
  | 'exclusiveMinimum'
  | 'exclusiveMaximum'
  | 'minLength'
  | 'maxLength'
  | 'minItems'
  | 'maxItems'
  | 'minProperties'
  | 'maxProperties'
  | 'minContains'
  | 'maxContains';

export type Bounds = { readonly [B in Bound]?: number };

export interface Pattern {
  readonly text: string;
  /** undefined: to read it would cost too much. */
  readonly expression: RE2JS | undefined;
  /** How much it is: the most instructions that it becomes. */
  readonly size: number;
}
