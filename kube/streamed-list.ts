import type { Stored } from '../api/objects.js';
import { KubeError, type ListOptions, type ResourceType } from './client.js';
import { collectionPath } from './resource-path.js';
import { actionOf, type Call, type Transport } from './transport.js';
import { linesOf, parseWatchLine } from './watch-stream.js';

/** The server ends it by then, as a list has to be answered by then; ten thousand large objects take some seconds, seconds. */
const STREAM_SECONDS = 30;
const STREAM_GRACE_MS = 1_000;

interface Listed<K> {
  readonly items: readonly K[];
  readonly resourceVersion: string;
}

/**
 * A list that the server sends object by object, as the beginning of a watch: while it writes one, another is read here, and neither side
 * holds a page of them.
 * @returns undefined from a server that has no such lists, or for a caller who may not watch
 * @throws KubeError
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#streaming-lists
 */
export const streamedList = async <S extends Stored, K>(
  transport: Transport,
  of: { readonly type: ResourceType<S>; readonly options: ListOptions; readonly keep: (object: S) => K },
  signal: AbortSignal,
): Promise<Listed<K> | undefined> => {
  const { type, options, keep } = of;
  const { namespace, labelSelector, fieldSelector } = options;
  const query = {
    labelSelector,
    fieldSelector,
    watch: '1',
    sendInitialEvents: 'true',
    resourceVersionMatch: 'NotOlderThan',
    allowWatchBookmarks: 'true',
    timeoutSeconds: STREAM_SECONDS.toString(),
  };
  const target = namespace === undefined ? '' : `in ${namespace}`;
  const call: Call = { verb: 'watch', type, path: collectionPath(type, namespace), target, query };
  const items: K[] = [];
  try {
    const bytes = transport.stream(call, STREAM_SECONDS * 1000 + STREAM_GRACE_MS, signal);
    for await (const line of linesOf(bytes)) {
      const event = parseWatchLine<S>(line, actionOf(call));
      if (event?.type === 'BOOKMARK') {
        if (event.endsInitial === true) return { items, resourceVersion: event.resourceVersion };
      } else if (event?.type === 'ADDED') items.push(keep(event.object));
      // No server does so; what changes meanwhile would have to be taken into account.
      else if (event !== undefined) return undefined;
    }
  } catch (error) {
    if (error instanceof KubeError && ['forbidden', 'invalid', 'other'].includes(error.code)) return undefined;
    throw error;
  }
  throw new KubeError('unavailable', `${actionOf(call)}: it ended before the last object`);
};
