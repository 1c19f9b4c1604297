import type { Refused } from '../live/client.js';
import { canICommand, rightInWords } from '../shell/missing-right.js';
import { CommandLine } from './command-line.js';

interface RefusedNoteProps {
  readonly problem: Refused | { readonly kind: 'lost' };
  /** What can't be shown for it: `The events`. */
  readonly what: string;
  readonly onRetry?: () => void;
}

/** What the server refuses, and how to get it. */
export const RefusedNote = ({ problem, what, onRetry }: RefusedNoteProps) => (
  <div class="refused" role="note">
    {problem.kind === 'lost' ? (
      <p>{what} could not be read: the server was not reached.</p>
    ) : (
      <>
        <p>{problem.refusal.message}</p>
        {problem.refusal.right !== undefined && <RightNote right={problem.refusal.right} />}
      </>
    )}
    {onRetry !== undefined && (
      <button type="button" class="button small" onClick={onRetry}>
        Try again
      </button>
    )}
  </div>
);

const RightNote = ({ right }: { readonly right: NonNullable<Refused['refusal']['right']> }) => (
  <>
    <p>
      {'Missing right: '}
      <strong>{rightInWords(right)}</strong>. Whoever administers the cluster can grant it; whether you have it says
    </p>
    <CommandLine command={canICommand(right)} />
  </>
);
