import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Row } from '../../protocol.js';
import type { Connection } from '../live/connection.js';
import type { RowView } from '../rows/row-filter.js';
import type { SortKey } from '../rows/row-order.js';
import { ROW_HEIGHT, topToReveal, windowOf } from '../rows/row-window.js';
import type { Address } from '../shell/address.js';
import type { Scope } from '../shell/scope.js';
import type { Selection } from '../shell/use-selection.js';
import { BundleRow, rowId } from './bundle-row.js';
import { EmptyList } from './empty-list.js';
import { ListHead } from './list-head.js';

interface BundleListProps {
  readonly view: RowView;
  readonly address: Address;
  readonly scope: Scope;
  readonly connection: Connection;
  readonly selection: Selection;
  readonly grid: RefObject<HTMLDivElement | null>;
  readonly onOpen: (row: Row) => void;
  readonly onSort: (sort: SortKey) => void;
  readonly onClear: () => void;
}

/**
 * The list. Of its rows only those in sight are in the document, each at its place in a field as high as all of them; the focus is the
 * list's, and says which row it means, so that it does not go with a row that is scrolled away.
 */
export const BundleList = (props: BundleListProps) => {
  const { view, address, scope, connection, selection, grid, onOpen, onSort, onClear } = props;
  const { entries } = view;
  const scroller = useRef<HTMLDivElement>(null);
  const [viewport, look] = useState({ top: 0, height: 0 });
  const measure = () => {
    const { scrollTop = 0, clientHeight = 0 } = scroller.current ?? {};
    look({ top: scrollTop, height: clientHeight });
  };
  useLayoutEffect(() => {
    measure();
    const observer = new ResizeObserver(measure);
    if (scroller.current !== null) observer.observe(scroller.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const { current } = scroller;
    if (current === null || selection.place === -1) return;
    current.scrollTop = topToReveal(selection.place, { top: current.scrollTop, height: current.clientHeight });
  }, [selection.serial]);

  const { first, end } = windowOf(viewport, entries.length);
  const isSelectedSeen = selection.place >= first && selection.place < end;
  const onClick = (event: MouseEvent) => {
    const { target } = event;
    if (!(target instanceof Element) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const uid = target.closest<HTMLElement>('[data-uid]')?.dataset['uid'];
    const entry = entries.find(({ row }) => row.uid === uid);
    if (entry === undefined) return;
    event.preventDefault();
    onOpen(entry.row);
  };
  const isOld = connection.kind === 'lost' || connection.kind === 'disturbed';
  return (
    <div
      ref={grid}
      class={isOld ? 'grid is-old' : 'grid'}
      role="grid"
      aria-label="Bundles"
      aria-rowcount={entries.length + 1}
      aria-colcount={7}
      aria-busy={connection.kind === 'connecting' || connection.kind === 'listing'}
      aria-activedescendant={isSelectedSeen && selection.uid !== undefined ? rowId(selection.uid) : undefined}
      tabIndex={0}
    >
      <ListHead sort={address.sort} onSort={onSort} />
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the page hears Enter, for the row that is selected */}
      <div ref={scroller} class="scroller" role="rowgroup" tabIndex={-1} onScroll={measure} onClick={onClick}>
        <div class="field-of-rows" role="presentation" style={{ height: `${entries.length * ROW_HEIGHT}px` }}>
          {entries.slice(first, end).map(({ row }, at) => (
            <BundleRow
              key={row.uid}
              row={row}
              place={first + at}
              address={address}
              isSelected={row.uid === selection.uid}
            />
          ))}
        </div>
      </div>
      {entries.length === 0 && <EmptyList total={view.total} scope={scope} connection={connection} onClear={onClear} />}
    </div>
  );
};
