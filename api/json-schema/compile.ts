import { isMap, type JsonMap } from '../json-map.js';
import { parseJson } from '../parse-json.js';
import { isTooDeep } from '../values/deliverable.js';
import type { Draft } from './draft.js';
import { formatNamed, isExpression } from './formats.js';
import { Patterns } from './patterns.js';
import { below, lookUp, type Pointer } from './pointer.js';
import { type Resource, Resources, type SchemaFault } from './resources.js';
import type { Bound, Bounds, Pattern, SchemaNode } from './schema-node.js';

/** A schema that is ready to be used, or why it can't be. */
type Compiled =
  | { readonly kind: 'schema'; readonly root: SchemaNode }
  | { readonly kind: 'unusable'; readonly fault: SchemaFault };

/** The largest schema that is read, bytes; those of the largest charts have less than a megabyte. */
const MAX_SCHEMA_BYTES = 2 * 1024 * 1024;
/** Levels of nesting: far more than there are levels of values. */
const MAX_LEVELS = 200;
/**
 * Reads a schema as Helm does: drafts 4 to 2020-12, the last one if it names none, references within the document only. No code is
 * generated. Takes time linear in the text, and never throws: a stranger may have written it.
 * @param patterns - one for all schemas of a chart, which bounds what all their expressions cost together
 */
export const compileSchema = (text: string, patterns = new Patterns()): Compiled => {
  const whole = (words: string): Compiled => ({ kind: 'unusable', fault: { pointer: '', words } });
  if (Buffer.byteLength(text) > MAX_SCHEMA_BYTES) return whole(`has more than ${MAX_SCHEMA_BYTES / 1024 / 1024} MiB`);
  // V8 reads JSON of any depth.
  const document = parseJson(text);
  if (document === undefined) return whole('is no JSON');
  if (isTooDeep(document, MAX_LEVELS)) return whole(`is nested more than ${MAX_LEVELS} levels deep`);
  return new Compiler(document, patterns).compile();
};

/** A node that is still being made. */
type Unfinished = { -readonly [Field in keyof SchemaNode]: SchemaNode[Field] };

class Compiler {
  readonly #document: unknown;
  readonly #resources: Resources;
  /** By place; a node is in it before what it refers to, so that a circle ends. */
  readonly #nodes = new Map<Pointer, Unfinished>();
  readonly #waiting: Unfinished[] = [];
  readonly #known = new WeakMap<object, Set<SchemaNode>>();
  /** What some schema means depends on who asks it. */
  #asksBack = false;
  readonly #patterns: Patterns;
  #fault: SchemaFault | undefined;

  constructor(document: unknown, patterns: Patterns) {
    this.#document = document;
    this.#patterns = patterns;
    this.#resources = new Resources(document, patterns);
  }

  compile(): Compiled {
    const broken = this.#resources.fault;
    if (broken !== undefined) return { kind: 'unusable', fault: broken };
    const root = this.#node('');
    for (let node = this.#waiting.shift(); node !== undefined; node = this.#waiting.shift()) {
      if (this.#resources.fault !== undefined || this.#fault !== undefined) break;
      this.#fill(node);
    }
    const fault = this.#resources.fault ?? this.#fault;
    if (!this.#asksBack) for (const node of this.#nodes.values()) node.known = this.#known;
    return fault === undefined ? { kind: 'schema', root } : { kind: 'unusable', fault };
  }

  #refuse(pointer: Pointer, words: string): undefined {
    this.#fault ??= { pointer, words };
    return undefined;
  }

  #node(pointer: Pointer): Unfinished {
    const known = this.#nodes.get(pointer);
    if (known !== undefined) return known;
    const { draft, pointer: top } = this.#resources.resourceOf(pointer);
    const node = { pointer, draft, bounds: {}, dynamic: new Map() } as unknown as Unfinished;
    this.#nodes.set(pointer, node);
    this.#waiting.push(node);
    node.top = top === pointer ? node : this.#node(top);
    return node;
  }

  #fill(node: Unfinished): void {
    const schema = lookUp(this.#document, node.pointer);
    const resource = this.#resources.resourceOf(node.pointer);
    if (node.top === node && node.draft === 2020)
      node.dynamic = new Map([...resource.dynamic].map((name) => [name, this.#node(resource.anchors.get(name) ?? '')]));
    if (typeof schema === 'boolean') node.always = schema;
    else if (isMap(schema)) {
      if (Object.keys(schema).length === 0) node.always = true;
      else this.#fillFrom(node, schema, resource);
    }
  }

  #fillFrom(node: Unfinished, schema: JsonMap, resource: Resource): void {
    const reference = this.#reference(node, schema['$ref'], resource);
    if (reference !== undefined) node.reference = reference;
    if (node.draft < 2019 && typeof schema['$ref'] === 'string') this.#besideReference(node, schema);
    else {
      this.#references(node, schema, resource);
      this.#logic(node, schema);
      this.#objects(node, schema);
      this.#items(node, schema);
      this.#values(node, schema);
    }
  }

  /** In the older drafts nothing counts beside a reference; but Helm's library compares `const`, and reads what draft 6 and 7 have brought. */
  #besideReference(node: Unfinished, schema: JsonMap): void {
    if (node.draft < 6) return;
    if (Object.hasOwn(schema, 'const')) node.constant = { value: schema['const'] };
    for (const keyword of ['contains', 'propertyNames']) this.#one(node, schema, keyword);
    this.#condition(node, schema);
  }

  #reference(node: SchemaNode, address: unknown, resource: Resource): SchemaNode | undefined {
    if (typeof address !== 'string') return undefined;
    const target = this.#resources.resolve(address, resource);
    if (target.kind === 'fault') return this.#refuse(node.pointer, `$ref ${JSON.stringify(address)} ${target.words}`);
    return target.kind === 'place' ? this.#node(target.pointer) : undefined;
  }

  #references(node: Unfinished, schema: JsonMap, resource: Resource): void {
    const { $recursiveRef, $recursiveAnchor, $dynamicRef, $dynamicAnchor, unevaluatedItems, unevaluatedProperties } =
      schema;
    const asking = [$recursiveRef, $dynamicRef, unevaluatedItems, unevaluatedProperties];
    if (asking.some((keyword) => keyword !== undefined)) this.#asksBack = true;
    const recursive = node.draft >= 2019 ? this.#reference(node, $recursiveRef, resource) : undefined;
    if (recursive !== undefined) node.recursive = recursive;
    if (node.draft >= 2019 && $recursiveAnchor === true) node.recursiveAnchor = true;
    if (node.draft !== 2020) return;
    const movable = this.#reference(node, $dynamicRef, resource);
    const fragment = String($dynamicRef).split('#')[1] ?? '';
    if (movable !== undefined) node.movable = { node: movable, anchor: fragment.startsWith('/') ? '' : fragment };
    if (typeof $dynamicAnchor === 'string') node.dynamicAnchor = $dynamicAnchor;
  }

  #one(node: SchemaNode, schema: JsonMap, keyword: string): SchemaNode | undefined {
    return Object.hasOwn(schema, keyword) ? this.#node(below(node.pointer, keyword)) : undefined;
  }

  #some(node: SchemaNode, schema: JsonMap, keyword: string): readonly SchemaNode[] | undefined {
    const held = schema[keyword];
    return Array.isArray(held) ? held.map((_, index) => this.#node(below(node.pointer, keyword, index))) : undefined;
  }

  #named(node: SchemaNode, schema: JsonMap, keyword: string): ReadonlyMap<string, SchemaNode> | undefined {
    const held = schema[keyword];
    if (!isMap(held)) return undefined;
    return new Map(Object.keys(held).map((name) => [name, this.#node(below(node.pointer, keyword, name))]));
  }

  #logic(node: Unfinished, schema: JsonMap): void {
    const parts = {
      not: this.#one(node, schema, 'not'),
      allOf: this.#some(node, schema, 'allOf'),
      anyOf: this.#some(node, schema, 'anyOf'),
      oneOf: this.#some(node, schema, 'oneOf'),
    };
    Object.assign(node, defined(parts));
    const condition = this.#condition(node, schema);
    if (condition !== undefined) node.condition = condition;
  }

  #condition(node: SchemaNode, schema: JsonMap): SchemaNode['condition'] {
    const when = node.draft >= 7 ? this.#one(node, schema, 'if') : undefined;
    if (when === undefined) return undefined;
    const then = schema['if'] === false ? undefined : this.#one(node, schema, 'then');
    const otherwise = schema['if'] === true ? undefined : this.#one(node, schema, 'else');
    return { when, ...(then && { then }), ...(otherwise && { otherwise }) };
  }

  #objects(node: Unfinished, schema: JsonMap): void {
    const { draft } = node;
    const patterns = [...(this.#named(node, schema, 'patternProperties') ?? [])].flatMap(([text, inner]) => {
      const pattern = this.#pattern(below(node.pointer, 'patternProperties'), text);
      return pattern === undefined ? [] : [{ pattern, node: inner }];
    });
    const dependencies = this.#dependencies(node, schema);
    const parts = {
      properties: this.#named(node, schema, 'properties'),
      patternProperties: patterns.length > 0 ? patterns : undefined,
      additionalProperties: this.#additional(node, schema, 'additionalProperties'),
      propertyNames: draft >= 6 ? this.#one(node, schema, 'propertyNames') : undefined,
      unevaluatedProperties: draft >= 2019 ? this.#one(node, schema, 'unevaluatedProperties') : undefined,
      required: Array.isArray(schema['required']) ? schema['required'].map(String) : undefined,
      dependencies: dependencies.length > 0 ? dependencies : undefined,
    };
    Object.assign(node, defined(parts));
  }

  #additional(node: SchemaNode, schema: JsonMap, keyword: string): boolean | SchemaNode | undefined {
    const held = schema[keyword];
    return typeof held === 'boolean' ? held : this.#one(node, schema, keyword);
  }

  #dependencies(node: SchemaNode, schema: JsonMap): NonNullable<SchemaNode['dependencies']> {
    const keywords = ['dependencies', ...(node.draft >= 2019 ? ['dependentSchemas', 'dependentRequired'] : [])];
    return keywords.flatMap((keyword) => {
      const held = schema[keyword];
      return Object.entries(isMap(held) ? held : {}).map(([name, needs]) => ({
        name,
        needs: Array.isArray(needs) ? needs.map(String) : this.#node(below(node.pointer, keyword, name)),
      }));
    });
  }

  #items(node: Unfinished, schema: JsonMap): void {
    const { draft } = node;
    const isList = Array.isArray(schema['items']);
    const first = draft === 2020 ? this.#some(node, schema, 'prefixItems') : this.#some(node, schema, 'items');
    const other = isList ? this.#additional(node, schema, 'additionalItems') : this.#one(node, schema, 'items');
    const parts = {
      firstItems: first,
      otherItems: other,
      contains: draft >= 6 ? this.#one(node, schema, 'contains') : undefined,
      unevaluatedItems: draft >= 2019 ? this.#one(node, schema, 'unevaluatedItems') : undefined,
    };
    Object.assign(node, defined(parts));
  }

  #values(node: Unfinished, schema: JsonMap): void {
    const { type, pattern, multipleOf } = schema;
    const choices = schema['enum'];
    const types = typeof type === 'string' ? [type] : Array.isArray(type) ? type.map(String) : undefined;
    const parts = {
      types: types && new Set(types),
      choices: Array.isArray(choices) ? choices : undefined,
      constant: node.draft >= 6 && Object.hasOwn(schema, 'const') ? { value: schema['const'] } : undefined,
      format: this.#format(node, schema['format']),
      bounds: boundsOf(schema, node.draft),
      multipleOf: typeof multipleOf === 'number' ? multipleOf : undefined,
      pattern: typeof pattern === 'string' ? this.#pattern(below(node.pointer, 'pattern'), pattern) : undefined,
      uniqueItems: schema['uniqueItems'] === true ? true : undefined,
    };
    Object.assign(node, defined(parts));
  }

  /** From 2019-09 on a format is a remark. */
  #format({ draft }: SchemaNode, name: unknown): SchemaNode['format'] {
    if (draft >= 2019 || typeof name !== 'string') return undefined;
    if (name === 'regex') return { name, fits: isExpression };
    const fits = formatNamed(name);
    return fits && { name, fits };
  }

  #pattern(pointer: Pointer, text: string): Pattern | undefined {
    const read = this.#patterns.read(text);
    if (read.kind === 'ok') return read.pattern;
    return this.#refuse(pointer, `has an expression that can\u2019t be used: ${read.reason}`);
  }
}

const defined = (fields: Readonly<Record<string, unknown>>): JsonMap =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const BOUNDS: readonly Bound[] = [
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
];

/** In draft 4 `exclusiveMinimum: true` says what `minimum` means. */
const boundsOf = (schema: JsonMap, draft: Draft): Bounds => {
  const named: readonly Bound[] = draft >= 2019 ? [...BOUNDS, 'minContains', 'maxContains'] : BOUNDS;
  return Object.fromEntries(
    named.flatMap((bound) => {
      const value = schema[bound];
      if (typeof value !== 'number') return [];
      const exclusive = bound === 'minimum' ? 'exclusiveMinimum' : 'exclusiveMaximum';
      const isExclusive = (bound === 'minimum' || bound === 'maximum') && schema[exclusive] === true;
      return [[isExclusive ? exclusive : bound, value] as const];
    }),
  );
};
