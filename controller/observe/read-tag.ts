import type { Registry } from '../../registry/port.js';
import type { Observation, TagNow } from '../decide/observation.js';
import { pollError } from '../decide/poll-error.js';

/** What the registry has behind a tag now. A registry that does not answer, or is left alone, is no absence. */
export const readTag = async (
  registry: Pick<Registry, 'readManifest'>,
  seen: Pick<Observation, 'access' | 'bundle' | 'spec'>,
  { tag, signal }: { readonly tag: string; readonly signal: AbortSignal },
): Promise<TagNow> => {
  const { access } = seen;
  if (access.kind !== 'ready') return { tag, kind: 'unknown', why: 'the registry can not be accessed' };
  const found = await registry.readManifest(access.target, tag, signal);
  switch (found.kind) {
    case 'manifest':
      return { tag, kind: 'there', digest: found.digest };
    case 'absent':
      return { tag, kind: 'absent' };
    case 'held':
      return { tag, kind: 'unknown', why: 'the registry is left alone for a while' };
    case 'failed':
      return { tag, kind: 'unknown', why: pollError(found, seen) };
  }
};
