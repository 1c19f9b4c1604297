import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { About, SessionAnswer } from '../../protocol.js';
import { BundleDetail } from '../detail/bundle-detail.js';
import { BundleList } from '../list/bundle-list.js';
import { FilterBar } from '../list/filter-bar.js';
import type { Client } from '../live/client.js';
import { useLiveBundles } from '../live/use-live-bundles.js';
import { useRedraw } from '../live/use-resource.js';
import { viewOf } from '../rows/row-filter.js';
import { AddressBar } from './address-bar.js';
import { Banners } from './banners.js';
import { KeyHelp } from './key-help.js';
import { isRefusedForAll, narrowedTo, type Scope } from './scope.js';
import { TopBar } from './top-bar.js';
import { useActions } from './use-actions.js';
import { useKeys } from './use-keys.js';
import { useSelection } from './use-selection.js';
import { useTitle } from './use-title.js';

interface WorkspaceProps {
  readonly about: About;
  readonly session: SessionAnswer;
  readonly client: Client;
  /** @param message - why, where it was not asked for; else '' */
  readonly onSignOut: (message: string) => void;
}

/** The list, and the bundle that is open. */
export const Workspace = ({ about, session, client, onSignOut }: WorkspaceProps) => {
  const redraw = useRedraw();
  const bar = useMemo(() => new AddressBar({ onChange: redraw }), []);
  useEffect(() => () => bar.stop(), [bar]);
  const address = bar.current;
  const { open } = address;
  const [narrowed, narrow] = useState<Scope>();
  const scope = address.namespaces.length === 0 && narrowed !== undefined ? narrowed : address;
  const live = useLiveBundles(client, scope.namespaces);
  if (scope === address && isRefusedForAll(live.connection, scope) && live.connection.kind === 'refused')
    narrow(narrowedTo([open?.namespace ?? '', session.namespace], live.connection.refusal));

  const sorted = live.rows.sorted(address.sort);
  const view = useMemo(() => viewOf(sorted, address), [live.revision, address.text, address.states, address.sort]);
  const openRow = open && live.rows.find(open.namespace, open.name);
  const selection = useSelection(view.entries, openRow);
  const [isHelping, help] = useState(false);
  const grid = useRef<HTMLDivElement>(null);
  const filter = useRef<HTMLInputElement>(null);

  const actions = useActions({ bar, selection, grid, filter, onHelp: () => help(true) });
  const { change } = actions;
  useKeys(grid, actions.act);
  useTitle(live, open);
  useEffect(() => {
    if (live.connection.kind === 'refused' && live.connection.status === 401)
      onSignOut(live.connection.refusal.message);
  }, [live.connection]);

  return (
    <div class={open === undefined ? 'workspace' : 'workspace is-open'}>
      <TopBar
        about={about}
        session={session}
        connection={live.connection}
        onHelp={() => help(true)}
        onSignOut={() => onSignOut('')}
      />
      <Banners
        connection={live.connection}
        scope={scope}
        isOutdated={live.isOutdated}
        onRetry={() => live.retry()}
        onNamespace={(namespace) => change({ namespaces: [namespace] })}
      />
      <main class="split">
        <section class="list" aria-label="Bundles">
          <FilterBar
            address={address}
            scope={scope}
            view={view}
            all={sorted}
            field={filter}
            onChange={change}
            onLeave={() => grid.current?.focus()}
          />
          <BundleList
            view={view}
            address={address}
            scope={scope}
            connection={live.connection}
            selection={selection}
            grid={grid}
            onOpen={actions.show}
            onSort={(sort) => change({ sort })}
            onClear={() => change({ text: '', states: [] })}
          />
        </section>
        {open !== undefined && (
          <BundleDetail
            key={`${open.namespace}/${open.name}`}
            client={client}
            open={open}
            row={openRow}
            live={live}
            isFollowed={scope.namespaces.length === 0 || scope.namespaces.includes(open.namespace)}
            onView={actions.changeOpen}
            onClose={actions.close}
          />
        )}
      </main>
      {isHelping && <KeyHelp onClose={() => help(false)} />}
    </div>
  );
};
