import type { ReferredKind } from '../../api/impact/world.js';
import { isMap, type JsonMap, valueAt } from '../../api/json-map.js';
import type { ConfigMap, KubeObject, ObjectRef } from '../../api/objects.js';
import type { Requester } from '../admission-request.js';
import { type Review, requesterOf } from '../decode.js';

/** A requested change of an object that bundles may refer to. */
export interface ObjectChange {
  readonly kind: ReferredKind;
  /** `namespace` is '' for a Namespace. */
  readonly ref: ObjectRef;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly requester: Requester;
  readonly dryRun: boolean;
  /** It is being deleted already: its content does not matter any more, and it must be able to lose its finalizers. */
  readonly isGoing: boolean;
  /** undefined: it is created. */
  readonly before: Referred | undefined;
  /** undefined: it is deleted. */
  readonly after: Referred | undefined;
}

/** An object with the parts of it that bundles read; texts are texts, whatever was sent. */
export type Referred = KubeObject & Pick<ConfigMap, 'data' | 'binaryData'>;

type DecodedChange =
  | { readonly kind: 'change'; readonly change: ObjectChange }
  /** A question that the guard has no rules for. */
  | { readonly kind: 'foreign'; readonly message: string };

const KINDS: Readonly<Record<string, ReferredKind>> = {
  configmaps: 'ConfigMap',
  secrets: 'Secret',
  serviceaccounts: 'ServiceAccount',
  namespaces: 'Namespace',
};
const CONFIGURATION = 'the rules of the webhook configuration are wrong';

/** Reads a question about an object that bundles may refer to. Never throws. */
export const decodeChange = ({ request }: Review): DecodedChange => {
  const resource = ['group', 'version', 'resource'].map((part) => textAt(request, 'resource', part));
  const subresource = textAt(request, 'subResource');
  const plural = textAt(request, 'resource', 'resource');
  const kind = Object.hasOwn(KINDS, plural) ? KINDS[plural] : undefined;
  if (kind === undefined || subresource !== '' || resource.join('/') !== `/v1/${plural}`) {
    const requested = [...resource, subresource].filter((part) => part !== '').join('/');
    const known = 'ConfigMaps, Secrets, ServiceAccounts and Namespaces';
    return foreign(`the values guard judges ${known} and was asked about ${requested}: ${CONFIGURATION}`);
  }
  const operation = textAt(request, 'operation');
  if (!isOperation(operation))
    return foreign(
      `the values guard judges CREATE, UPDATE and DELETE and was asked about ${operation}: ${CONFIGURATION}`,
    );
  for (const field of FIELDS[operation])
    if (!isObjectOf(kind, request[field])) return foreign(`request.${field} is not a v1 ${kind}`);
  return { kind: 'change', change: toChange({ kind, operation }, request) };
};

/** The objects that come with an operation. */
const FIELDS = { CREATE: ['object'], UPDATE: ['object', 'oldObject'], DELETE: ['oldObject'] } as const;

const isOperation = (text: string): text is ObjectChange['operation'] => Object.hasOwn(FIELDS, text);

const isObjectOf = (kind: ReferredKind, object: unknown): boolean =>
  textAt(object, 'kind') === kind && textAt(object, 'apiVersion') === 'v1' && isMap(valueAt(object, 'metadata'));

const foreign = (message: string): DecodedChange => ({ kind: 'foreign', message });

const textAt = (value: unknown, ...path: readonly string[]): string => {
  const text = valueAt(value, ...path);
  return typeof text === 'string' ? text : '';
};

const toChange = ({ kind, operation }: Pick<ObjectChange, 'kind' | 'operation'>, request: JsonMap): ObjectChange => {
  const { object, oldObject } = request;
  const present = operation === 'DELETE' ? oldObject : object;
  // Of a Namespace, request.namespace is its own name.
  const namespace = kind === 'Namespace' ? '' : textAt(request, 'namespace');
  return {
    kind,
    ref: { namespace, name: textAt(request, 'name') || textAt(present, 'metadata', 'name') },
    operation,
    requester: requesterOf(request),
    dryRun: request['dryRun'] === true,
    isGoing: textAt(present, 'metadata', 'deletionTimestamp') !== '',
    before: operation === 'CREATE' ? undefined : referredOf(oldObject),
    after: operation === 'DELETE' ? undefined : referredOf(object),
  };
};

/** After {@link isObjectOf}; of the rest only its texts are looked at. */
const referredOf = (object: unknown): Referred => {
  const map = object as JsonMap & KubeObject;
  const metadata = { ...map.metadata, annotations: textsIn(valueAt(object, 'metadata', 'annotations')) };
  return { ...map, metadata, data: textsIn(map['data']), binaryData: textsIn(map['binaryData']) } as Referred;
};

const textsIn = (map: unknown): Readonly<Record<string, string>> =>
  isMap(map)
    ? Object.fromEntries(Object.entries(map).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
    : {};
