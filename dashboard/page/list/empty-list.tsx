import type { Connection } from '../live/connection.js';
import type { Scope } from '../shell/scope.js';

interface EmptyListProps {
  /** Bundles that there are, but for the filter. */
  readonly total: number;
  readonly scope: Scope;
  readonly connection: Connection;
  readonly onClear: () => void;
}

/** Why there is nothing to see. */
export const EmptyList = ({ total, scope, connection, onClear }: EmptyListProps) => {
  if (total > 0)
    return (
      <div class="empty" role="note">
        <p>No bundle matches the filter.</p>
        <button type="button" class="button" onClick={onClear}>
          Clear the filter
        </button>
      </div>
    );
  if (connection.kind === 'connecting' || connection.kind === 'listing')
    return (
      <p class="empty dim" role="note">
        Loading…
      </p>
    );
  if (connection.kind !== 'live') return null;
  return (
    <p class="empty" role="note">
      No bundles {whereOf(scope)} yet: <code>werfbundle init</code> prints one.
    </p>
  );
};

const whereOf = ({ namespaces }: Scope): string => {
  if (namespaces.length === 0) return 'in this cluster';
  return `in namespace${namespaces.length === 1 ? '' : 's'} ${namespaces.join(', ')}`;
};
