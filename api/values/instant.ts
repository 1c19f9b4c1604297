import { isLargerThan } from '../json-size.js';
import { isTooDeep } from './deliverable.js';
import type { ResolveInput } from './resolve.js';

/** Bytes of texts that are parsed on the main thread: that takes a millisecond or two, hardly more than sending them to another. */
const MAX_INSTANT_BYTES = 2 * 1024;
/** Characters of inline values, which are parsed already, that are merged on the main thread. */
const MAX_INSTANT_INLINE = 16 * 1024;

/**
 * Whether values are read so quickly that no thread is needed for it. Inline values that are too deep are refused before anything is
 * read, and could not be sent.
 * @param bytes - of all texts that are to be parsed
 */
export const isInstant = ({ inline }: ResolveInput, bytes: number): boolean =>
  (bytes <= MAX_INSTANT_BYTES && !isLargerThan(inline, MAX_INSTANT_INLINE)) || isTooDeep(inline);
