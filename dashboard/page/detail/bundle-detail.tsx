import { useEffect, useRef } from 'preact/hooks';
import type { BundleDetail as Detail, Row } from '../../protocol.js';
import type { Client } from '../live/client.js';
import type { LiveBundles } from '../live/live-bundles.js';
import type { Loaded } from '../live/resource.js';
import { useResource } from '../live/use-resource.js';
import { LoadedPart } from '../look/section.js';
import { Shown } from '../look/shown.js';
import { StateLabel } from '../look/state-mark.js';
import { stateWords } from '../rows/states.js';
import { bundlePath, type OpenBundle } from '../shell/address.js';
import { ChecksView } from './checks-view.js';
import { DetailTabs, panelId, tabId } from './detail-tabs.js';
import { EventsView } from './events-view.js';
import { LogPart } from './log-part.js';
import { Overview } from './overview.js';
import { ValuesView } from './values-view.js';
import { YamlView } from './yaml-view.js';

interface BundleDetailProps {
  readonly client: Client;
  readonly open: OpenBundle;
  /** As the list has it; undefined: it has not, or no longer. */
  readonly row: Row | undefined;
  readonly live: LiveBundles;
  /** Whether the list is of its namespace, too: if not, nothing says when it changes. */
  readonly isFollowed: boolean;
  readonly onView: (part: Partial<OpenBundle>) => void;
  readonly onClose: () => void;
}

/** One bundle. Its parts are read when they are looked at, and again when the list says that the bundle has changed. */
export const BundleDetail = ({ client, open, row, live, isFollowed, onView, onClose }: BundleDetailProps) => {
  const from = { client, path: `/api${bundlePath(open)}`, live };
  const version = useRef(row?.version ?? '');
  const read = useRef<string | undefined>(undefined);
  // What was read may be as new as the list says.
  if (row !== undefined && row.version !== read.current) version.current = row.version;
  const { loaded, reload } = useResource<Detail>(from, version.current);
  const known = rowIn(loaded.value);
  read.current = known?.version;
  const wasListed = useRef(false);
  wasListed.current ||= row !== undefined;
  const isAbsent =
    row === undefined && isFollowed && (wasListed.current || isMissing(loaded)) && live.connection.kind === 'live';
  if (isAbsent && !wasListed.current && loaded.value === undefined)
    return (
      <article class="detail" aria-labelledby="detail-title">
        <DetailHead open={open} row={undefined} onClose={onClose} />
        <NeverSeen open={open} />
      </article>
    );
  return (
    <article class={isAbsent ? 'detail is-gone' : 'detail'} aria-labelledby="detail-title">
      <DetailHead open={open} row={row ?? known} onClose={onClose} />
      {isAbsent && (
        <p class="banner is-bad" role="status">
          <strong>This bundle was deleted while you looked.</strong>
          {loaded.value === undefined ? '' : ' What you see is what was last known of it.'}
        </p>
      )}
      {!isFollowed && (
        <p class="banner">
          The list is of other namespaces: what you see here does not change by itself.
          <button type="button" class="button small" onClick={reload}>
            Read again
          </button>
        </p>
      )}
      <DetailTabs view={open.view} onView={(view) => onView({ view })} />
      <div class="panel" id={panelId(open.view)} role="tabpanel" aria-labelledby={tabId(open.view)} tabIndex={-1}>
        {open.view === 'overview' && (
          <LoadedPart
            loaded={isAbsent ? withoutProblem(loaded) : loaded}
            what="The bundle"
            onRetry={reload}
            show={(detail) => (
              <Overview
                detail={detail}
                onLog={(number) => onView({ view: 'log', number })}
                onChecks={() => onView({ view: 'checks' })}
              />
            )}
          />
        )}
        {open.view === 'log' && (
          <Shown
            value={loaded.value}
            what="The log"
            show={(detail) => <LogPart from={from} open={open} detail={detail} onView={onView} />}
          />
        )}
        {open.view === 'events' && <EventsView from={from} version={version.current} />}
        {open.view === 'values' && <ValuesView from={from} version={version.current} />}
        {open.view === 'checks' && <ChecksView from={from} />}
        {open.view === 'yaml' && (
          <LoadedPart
            loaded={loaded}
            what="The bundle"
            onRetry={reload}
            show={({ yaml }) => <YamlView yaml={yaml} />}
          />
        )}
      </div>
    </article>
  );
};

/** A newer server may answer what this page does not know: the parts that show it say so. */
const rowIn = (detail: { readonly row?: Row | null } | null | undefined): Row | undefined =>
  typeof detail?.row?.version === 'string' ? detail.row : undefined;

/** A link may be mistyped, or older than the deletion. */
const NeverSeen = ({ open: { namespace, name } }: Pick<BundleDetailProps, 'open'>) => (
  <p class="banner is-bad" role="status">
    <span>
      There is no bundle <strong>{name}</strong> in namespace <strong>{namespace}</strong>. The list has those that
      there are.
    </span>
  </p>
);

const isMissing = ({ problem }: Loaded<Detail>): boolean => problem?.kind === 'refused' && problem.status === 404;

/** That it is gone is said already. */
const withoutProblem = ({ problem, ...rest }: Loaded<Detail>): Loaded<Detail> =>
  problem?.kind === 'refused' && problem.status === 404 && rest.value !== undefined
    ? rest
    : Object.assign(rest, problem && { problem });

const DetailHead = ({ open, row, onClose }: Pick<BundleDetailProps, 'open' | 'row' | 'onClose'>) => {
  const title = useRef<HTMLHeadingElement>(null);
  // Who opens a bundle goes on from its name; who goes through the list with the keys stays in the list.
  useEffect(() => {
    if (document.activeElement?.closest('.detail') === null) title.current?.focus({ preventScroll: true });
  }, []);
  return (
    <header class="detail-head">
      <div class="detail-names">
        <p class="detail-namespace">{open.namespace}</p>
        <h2 id="detail-title" ref={title} tabIndex={-1}>
          {open.name}
        </h2>
        <button type="button" class="button small close" onClick={onClose} title="Back to the list (Esc)">
          Close
        </button>
      </div>
      {row !== undefined && (
        <p class="detail-state">
          <StateLabel state={row.state} />
          {row.reason !== '' && row.reason !== stateWords(row.state).word && <code class="reason">{row.reason}</code>}
          <span class="tag">
            {row.tag}
            {row.nextTag !== '' && ` → ${row.nextTag}`}
          </span>
        </p>
      )}
    </header>
  );
};
