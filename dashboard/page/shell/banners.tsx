import { useRef } from 'preact/hooks';
import type { Connection } from '../live/connection.js';
import { RefusedNote } from '../look/refused-note.js';
import { TimeAgo } from '../look/time-ago.js';
import { rightInWords } from './missing-right.js';
import { isRefusedForAll, type Scope } from './scope.js';

interface BannersProps {
  readonly connection: Connection;
  readonly scope: Scope;
  /** The server has said what this page does not know. */
  readonly isOutdated: boolean;
  readonly onRetry: () => void;
  readonly onNamespace: (namespace: string) => void;
}

/** What there is to say of the list as a whole; it stays until it is no longer so. */
export const Banners = ({ connection, scope, isOutdated, onRetry, onNamespace }: BannersProps) => (
  <div class="banners" role="status">
    {scope.narrowed !== undefined && <NarrowedBanner scope={scope} onNamespace={onNamespace} />}
    {isOutdated && (
      <p class="banner">
        The server is newer than this page: reload it to see all that it tells.
        <button type="button" class="button small" onClick={() => location.reload()}>
          Reload
        </button>
      </p>
    )}
    {connection.kind === 'lost' && (
      <p class="banner is-bad">
        <span>
          <strong>The server is not reached.</strong> What you see is as it was <Since time={connection.since} />. It is
          tried again…
        </span>
        <button type="button" class="button small" onClick={onRetry}>
          Try now
        </button>
      </p>
    )}
    {connection.kind === 'disturbed' && (
      <p class="banner is-bad">
        <span>
          <strong>The cluster is not reached.</strong> {connection.message} What you see is as it was{' '}
          <Since time={connection.since} />.
        </span>
      </p>
    )}
    {connection.kind === 'refused' && !isRefusedForAll(connection, scope) && (
      <div class="banner is-bad">
        <RefusedNote problem={connection} what="The bundles" />
      </div>
    )}
  </div>
);

const Since = ({ time }: { readonly time: number }) => <TimeAgo time={new Date(time).toISOString()} suffix="ago" />;

const NarrowedBanner = ({ scope, onNamespace }: Pick<BannersProps, 'scope' | 'onNamespace'>) => {
  const { narrowed, namespaces } = scope;
  const [namespace] = namespaces;
  return (
    <div class="banner">
      <p>
        You may not see the bundles of all namespaces
        {narrowed?.right === undefined ? `: ${narrowed?.message}` : ` (${rightInWords(narrowed.right)})`}.{' '}
        {namespace === undefined ? (
          'Which one do you want to see?'
        ) : (
          <>
            This is namespace <strong>{namespace}</strong>.
          </>
        )}
      </p>
      <NamespaceForm onNamespace={onNamespace} isOnlyWay={namespace === undefined} />
    </div>
  );
};

interface NamespaceFormProps {
  readonly onNamespace: (namespace: string) => void;
  /** Nothing is seen before it is filled in. */
  readonly isOnlyWay: boolean;
}

const NamespaceForm = ({ onNamespace, isOnlyWay }: NamespaceFormProps) => {
  const field = useRef<HTMLInputElement>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    const namespace = field.current?.value.trim() ?? '';
    if (namespace !== '') onNamespace(namespace);
  };
  return (
    <form class="field-row" onSubmit={submit}>
      <input
        ref={field}
        class="field"
        aria-label="Namespace"
        placeholder={isOnlyWay ? 'Namespace' : 'Another namespace'}
        autocomplete="off"
        spellcheck={false}
      />
      <button type="submit" class="button small">
        Show
      </button>
    </form>
  );
};
