import { isMap, type JsonMap } from '../json-map.js';
import { type Draft, draftOf, idOf, LATEST, schemasWithin } from './draft.js';
import { shapeFault } from './keyword-shapes.js';
import type { Patterns } from './patterns.js';
import { below, lookUp, type Pointer } from './pointer.js';

/** Why a schema can't be used, and where in it. */
export interface SchemaFault {
  readonly pointer: Pointer;
  /** A sentence: `pattern needs a text`. */
  readonly words: string;
}

/** A part of a document that has an address of its own; the whole of it is one. */
export interface Resource {
  readonly pointer: Pointer;
  readonly address: string;
  readonly draft: Draft;
  /** Places by the names that the part's schemas give themselves. */
  readonly anchors: Map<string, Pointer>;
  /** Those of them that `$dynamicRef` may find. */
  readonly dynamic: Set<string>;
}

/** Where a reference leads. `anything`: to an address that Helm can't look up, and passes over. */
type Target =
  | { readonly kind: 'place'; readonly pointer: Pointer }
  | { readonly kind: 'anything' }
  | { readonly kind: 'fault'; readonly words: string };

/** The address by which Helm hands a chart's schema to its library. */
const ADDRESS = 'file:///values.schema.json';

/** The schemas of a document: which resource each belongs to, and where references between them lead. */
export class Resources {
  readonly #document: unknown;
  readonly #resources = new Map<Pointer, Resource>();
  readonly #seen = new Set<Pointer>();
  #fault: SchemaFault | undefined;

  readonly #patterns: Patterns;

  /** @param document - JSON of a bounded depth */
  constructor(document: unknown, patterns: Patterns) {
    this.#patterns = patterns;
    this.#document = document;
    if (!isMap(document)) this.#add({ pointer: '', address: ADDRESS, draft: LATEST });
    this.#collect('', document, { address: ADDRESS, draft: LATEST });
  }

  /** The first fault of all that was looked at. */
  get fault(): SchemaFault | undefined {
    return this.#fault;
  }

  /** The resource that a place belongs to: the nearest one around it. */
  resourceOf(pointer: Pointer): Resource {
    for (let at = pointer; ; at = at.slice(0, at.lastIndexOf('/'))) {
      const found = this.#resources.get(at);
      if (found !== undefined) return found;
      if (at === '') throw new Error('a document is a resource');
    }
  }

  /** Where a reference leads that stands in a resource. What is no schema by its place becomes one by being referred to. */
  resolve(reference: string, from: Resource): Target {
    const { address, fragment } = parted(reference, from.address);
    if (address === undefined) return { kind: 'fault', words: 'is no address' };
    const resource = address === ADDRESS ? this.resourceOf('') : this.#at(address);
    if (resource === undefined)
      return address.startsWith('urn:') ? { kind: 'anything' } : { kind: 'fault', words: REMOTE };
    const isPointer = fragment === '' || fragment.startsWith('/');
    const pointer = isPointer ? `${resource.pointer}${fragment}` : resource.anchors.get(fragment);
    const found = pointer === undefined ? undefined : lookUp(this.#document, pointer);
    if (pointer === undefined || found === undefined) return { kind: 'fault', words: NOWHERE };
    return this.#asSchema(pointer, found);
  }

  #asSchema(pointer: Pointer, found: unknown): Target {
    const resource = this.resourceOf(pointer);
    if (!isMap(found) && (typeof found !== 'boolean' || resource.draft === 4))
      return { kind: 'fault', words: 'leads to what is no schema' };
    this.#collect(pointer, found, resource);
    return { kind: 'place', pointer };
  }

  #at(address: string): Resource | undefined {
    return [...this.#resources.values()].find((resource) => resource.address === address);
  }

  #add(resource: Pick<Resource, 'pointer' | 'address' | 'draft'>): Resource {
    const added = { ...resource, anchors: new Map<string, Pointer>(), dynamic: new Set<string>() };
    this.#resources.set(resource.pointer, added);
    return added;
  }

  #refuse(pointer: Pointer, words: string): void {
    this.#fault ??= { pointer, words };
  }

  #collect(pointer: Pointer, schema: unknown, around: Pick<Resource, 'address' | 'draft'>, isChecked = true): void {
    if (this.#seen.has(pointer) || this.#fault !== undefined) return;
    this.#seen.add(pointer);
    if (!isMap(schema)) {
      if (pointer === '' && typeof schema !== 'boolean') this.#refuse(pointer, 'is no schema: a JSON object is needed');
      return;
    }
    const draft = this.#draftOf(schema, pointer, around.draft);
    if (draft === undefined) return;
    const resource = this.#resourceOf(schema, pointer, { ...around, own: draft });
    if (resource === undefined) return;
    const fault = isChecked ? shapeFault(schema, resource.draft, this.#patterns) : undefined;
    if (fault !== undefined) this.#refuse(below(pointer, fault.keyword), `${fault.keyword} ${fault.words}`);
    this.#nameAnchors(schema, pointer, resource);
    for (const inner of schemasWithin(schema, resource.draft, pointer))
      this.#collect(inner.pointer, inner.schema, resource, isChecked && inner.isChecked);
  }

  #draftOf(schema: JsonMap, pointer: Pointer, around: Draft): Draft | undefined {
    const { $schema } = schema;
    const draft = typeof $schema === 'string' ? draftOf($schema) : around;
    if (draft === undefined) this.#refuse(below(pointer, '$schema'), `$schema ${OTHER_DRAFT}`);
    // Of a schema within another one only an address of its own makes a document, which may be of another draft.
    return draft !== undefined && pointer !== '' && idOf(schema, draft) === '' ? around : draft;
  }

  /** The resource that a schema is, or belongs to. */
  #resourceOf(
    schema: JsonMap,
    pointer: Pointer,
    { address, own }: { readonly address: string; readonly own: Draft },
  ): Resource | undefined {
    const id = idOf(schema, own);
    if (id === '') return pointer === '' ? this.#add({ pointer, address, draft: own }) : this.#at(address);
    const joined = parted(id, address).address;
    const before = joined === undefined ? undefined : this.#at(joined);
    if (joined !== undefined && before === undefined) return this.#add({ pointer, address: joined, draft: own });
    this.#refuse(
      pointer,
      joined === undefined
        ? `the address ${JSON.stringify(id)} is none`
        : `the address ${JSON.stringify(id)} is there twice`,
    );
    return undefined;
  }

  #nameAnchors(schema: JsonMap, pointer: Pointer, { draft, anchors, dynamic }: Resource): void {
    const own = draft < 2019 ? [fragmentId(schema, draft)] : [schema['$anchor']];
    const movable = draft === 2020 ? schema['$dynamicAnchor'] : undefined;
    for (const name of [...own, movable]) {
      if (typeof name !== 'string') continue;
      if ((anchors.get(name) ?? pointer) !== pointer)
        this.#refuse(pointer, `the name ${JSON.stringify(name)} is there twice`);
      anchors.set(name, pointer);
    }
    if (typeof movable === 'string') dynamic.add(movable);
  }
}

const REMOTE = 'leads to another document, which is not loaded: put that schema into $defs or definitions of this one';
const NOWHERE = 'leads nowhere';
const OTHER_DRAFT =
  'names a draft that is not known here: draft-04, draft-06, draft-07, 2019-09 and 2020-12 are, as http://json-schema.org/draft-07/schema#';

/** The name that `id` or `$id` has behind a hash, which was an anchor in the older drafts. */
const fragmentId = (schema: JsonMap, draft: Draft): string | undefined => {
  const id = schema[draft === 4 ? 'id' : '$id'];
  if (typeof id !== 'string' || Object.hasOwn(schema, '$ref')) return undefined;
  const fragment = decoded(id.split('#').slice(1).join('#')) ?? '';
  return fragment === '' || fragment.startsWith('/') ? undefined : fragment;
};

/** The address and the fragment that a reference means, seen from another address. */
const parted = (
  reference: string,
  base: string,
): { readonly address: string | undefined; readonly fragment: string } => {
  const [path = '', ...rest] = reference.split('#');
  const fragment = decoded(rest.join('#'));
  if (fragment === undefined) return { address: undefined, fragment: '' };
  if (path === '') return { address: base, fragment };
  return { address: URL.canParse(path, base) ? new URL(path, base).href : undefined, fragment };
};

const decoded = (fragment: string): string | undefined => {
  try {
    return decodeURIComponent(fragment);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
};
