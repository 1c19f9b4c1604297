import { foundSource } from '../../api/values/found-source.js';
import type { FoundSource } from '../../api/values/problem.js';
import type { ObjectChange } from './object-change.js';

/** A source of values that gets another content. */
export interface SourceChange {
  readonly before: FoundSource;
  readonly after: FoundSource;
}

/** An update as a change of a source of values; undefined: it is none, or the source is going, and nobody reads it any more. */
export const sourceChangeOf = ({ kind, ref, isGoing, before, after }: ObjectChange): SourceChange | undefined => {
  if ((kind !== 'ConfigMap' && kind !== 'Secret') || isGoing || before === undefined || after === undefined)
    return undefined;
  const [was, is] = [before, after].map((object) => foundSource({ kind, ...ref }, object));
  return was && is && { before: was, after: is };
};
