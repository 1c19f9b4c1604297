import { isMap, valueAt } from '../../api/json-map.js';
import { foundSource } from '../../api/values/found-source.js';
import type { FoundSource } from '../../api/values/problem.js';
import type { Review } from '../decode.js';

/** A requested change of a source of values. */
export interface SourceChange {
  readonly kind: FoundSource['kind'];
  readonly namespace: string;
  readonly name: string;
  readonly user: string;
  readonly dryRun: boolean;
  /** It is being deleted: its content does not matter any more, and it must be able to lose its finalizers. */
  readonly deleting: boolean;
  readonly before: FoundSource;
  readonly after: FoundSource;
}

type DecodedChange =
  | { readonly kind: 'change'; readonly change: SourceChange }
  /** A question that the guard has no rules for. */
  | { readonly kind: 'foreign'; readonly message: string };

const KINDS: Readonly<Record<string, FoundSource['kind']>> = { configmaps: 'ConfigMap', secrets: 'Secret' };
const CONFIGURATION = 'the rules of the webhook configuration are wrong';

/** Reads a question about a ConfigMap or Secret. Never throws. */
export const decodeChange = ({ request }: Review): DecodedChange => {
  const text = (...path: readonly string[]): string => {
    const value = valueAt(request, ...path);
    return typeof value === 'string' ? value : '';
  };
  const resource = ['group', 'version', 'resource'].map((part) => text('resource', part));
  const subresource = text('subResource');
  const kind = KINDS[text('resource', 'resource')];
  if (kind === undefined || subresource !== '' || resource.join('/') !== `/v1/${text('resource', 'resource')}`) {
    const requested = [...resource, subresource].filter((part) => part !== '').join('/');
    return foreign(`the values guard judges ConfigMaps and Secrets and was asked about ${requested}: ${CONFIGURATION}`);
  }
  const operation = text('operation');
  if (operation !== 'UPDATE')
    return foreign(`the values guard judges UPDATE and was asked about ${operation}: ${CONFIGURATION}`);
  for (const field of ['object', 'oldObject']) {
    if (
      text(field, 'kind') !== kind ||
      text(field, 'apiVersion') !== 'v1' ||
      !isMap(valueAt(request, field, 'metadata'))
    )
      return foreign(`request.${field} is not a v1 ${kind}`);
  }
  const ref = { namespace: text('namespace'), name: text('name') };
  const sourceOf = (field: string): FoundSource => readSource(kind, ref, valueAt(request, field));
  return {
    kind: 'change',
    change: {
      kind,
      ...ref,
      user: text('userInfo', 'username'),
      dryRun: valueAt(request, 'dryRun') === true,
      deleting: text('object', 'metadata', 'deletionTimestamp') !== '',
      before: sourceOf('oldObject'),
      after: sourceOf('object'),
    },
  };
};

const foreign = (message: string): DecodedChange => ({ kind: 'foreign', message });

const readSource = (
  kind: FoundSource['kind'],
  ref: { namespace: string; name: string },
  object: unknown,
): FoundSource => {
  const texts = (field: string): Readonly<Record<string, string>> => {
    const map = valueAt(object, field);
    if (!isMap(map)) return {};
    return Object.fromEntries(
      Object.entries(map).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  };
  return foundSource({ kind, ...ref }, { data: texts('data'), binaryData: texts('binaryData') });
};
