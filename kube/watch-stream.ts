import type { KubeObject, Stored } from '../api/objects.js';
import { errorOfAnswer } from './answer-error.js';
import { KubeError, type WatchEvent } from './client.js';

interface RawEvent {
  readonly type: string;
  readonly object: unknown;
}

/**
 * The lines of a stream of bytes, without their ends. A line that was cut off by the end of the stream is dropped.
 * Cost is proportional to the bytes, however small the chunks.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    let from = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      parts.push(text.slice(from, end));
      yield parts.join('');
      parts = [];
      from = end + 1;
    }
    if (from < text.length) parts.push(text.slice(from));
  }
}

/**
 * The event in one line of a watch.
 * @param action - for messages: `watch jobs.batch`
 * @throws KubeError: `gone` and others for an ERROR event, `other` for what is no event
 */
export const parseWatchLine = <S extends Stored>(line: string, action: string): WatchEvent<S> | undefined => {
  if (line.trim() === '') return undefined;
  const { type, object } = parseEvent(line, action);
  if (typeof object !== 'object' || object === null) throw new KubeError('other', `${action}: an event without object`);
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object: withoutManagedFields<S>(object as S) };
    case 'BOOKMARK':
      return bookmarkOf(object as KubeObject);
    case 'ERROR': {
      const { code } = object as { readonly code?: number };
      throw errorOfAnswer({ action, status: code ?? 500, body: JSON.stringify(object), confidential: false, now: 0 });
    }
    default:
      throw new KubeError('other', `${action}: an event of an unknown type`);
  }
};

const bookmarkOf = ({ metadata: { resourceVersion = '', annotations = {} } }: KubeObject): WatchEvent<never> => ({
  type: 'BOOKMARK',
  resourceVersion,
  ...(annotations['k8s.io/initial-events-end'] === 'true' && { endsInitial: true }),
});

const parseEvent = (line: string, action: string): RawEvent => {
  try {
    return JSON.parse(line) as RawEvent;
  } catch (cause) {
    // The parser's words quote the line, which may be a Secret: not kept as a cause.
    throw new KubeError('other', `${action}: a line is no JSON${cause instanceof SyntaxError ? '' : ' object'}`);
  }
};

/** The object without the bookkeeping of server-side apply, which can be most of it. Changes the object that is given. */
export const withoutManagedFields = <S extends Stored>(object: S): S => {
  const { metadata } = object as { metadata?: { managedFields?: unknown } };
  if (metadata !== undefined) delete metadata.managedFields;
  return object;
};
