import { useEffect, useRef } from 'preact/hooks';
import type { BundleDetail as Detail, Row } from '../../protocol.js';
import type { Client } from '../live/client.js';
import type { LiveBundles } from '../live/live-bundles.js';
import type { Loaded } from '../live/resource.js';
import { useResource } from '../live/use-resource.js';
import { LoadedPart } from '../look/section.js';
import { StateLabel } from '../look/state-mark.js';
import { STATE_WORDS } from '../rows/states.js';
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
  read.current = loaded.value?.row.version;
  const shown = row ?? loaded.value?.row;
  const wasListed = useRef(false);
  wasListed.current ||= row !== undefined;
  const isGone =
    row === undefined && isFollowed && (wasListed.current || isMissing(loaded)) && live.connection.kind === 'live';
  return (
    <article class={isGone ? 'detail is-gone' : 'detail'} aria-labelledby="detail-title">
      <DetailHead open={open} row={shown} onClose={onClose} />
      {isGone && (
        <p class="banner is-bad" role="status">
          <strong>This bundle is gone.</strong>
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
            loaded={isGone ? withoutProblem(loaded) : loaded}
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
        {open.view === 'log' && <LogPart from={from} open={open} detail={loaded.value} onView={onView} />}
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
          {row.reason !== '' && row.reason !== STATE_WORDS[row.state].word && <code class="reason">{row.reason}</code>}
          <span class="tag">
            {row.tag}
            {row.nextTag !== '' && ` → ${row.nextTag}`}
          </span>
        </p>
      )}
    </header>
  );
};
