import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Row } from '../../protocol.js';
import { type Address, DETAIL_VIEWS, type OpenBundle, withOpen } from './address.js';
import type { AddressBar } from './address-bar.js';
import type { KeyAction } from './keys.js';
import type { Selection } from './use-selection.js';

interface ActionDeps {
  readonly bar: AddressBar;
  readonly selection: Selection;
  readonly grid: RefObject<HTMLElement | null>;
  readonly filter: RefObject<HTMLInputElement | null>;
  readonly onHelp: () => void;
}

/** What the reader can do, by hand or by key. */
interface Actions {
  /** Changes what is shown where we are. */
  change(part: Partial<Address>): void;
  /** Changes what of the open bundle is shown. */
  changeOpen(part: Partial<OpenBundle>): void;
  /** Opens a bundle. */
  show(row: Row): void;
  /** Goes back to the list. */
  close(): void;
  /** Does what a key asks for. Says whether that was anything. */
  act(action: KeyAction): boolean;
}

/** All of it leads to another address, another selection, or another focus. */
export const useActions = (deps: ActionDeps): Actions => {
  const { bar, selection, grid, onHelp } = deps;
  const { open } = bar.current;
  useFocusAfterClose(grid, open !== undefined);
  const change: Actions['change'] = (part) => bar.replace(Object.assign({}, bar.current, part));
  const changeOpen: Actions['changeOpen'] = (part) => {
    if (open !== undefined) change({ open: Object.assign({}, open, part) });
  };
  const close = () => bar.push(withOpen(bar.current, undefined));
  const show = (row: Row) => {
    selection.select(row.uid);
    bar.push(withOpen(bar.current, row));
  };
  const act = (action: KeyAction): boolean => {
    switch (action.kind) {
      case 'filter':
        return focusFilter(deps, close);
      case 'help':
        onHelp();
        return true;
      case 'back':
        if (open !== undefined) close();
        return open !== undefined;
      case 'open':
        if (selection.row !== undefined) show(selection.row);
        return selection.row !== undefined;
      case 'view':
        changeOpen({ view: DETAIL_VIEWS[action.place] ?? open?.view ?? 'overview' });
        return open !== undefined;
      case 'move':
        moveBy(action, deps, changeOpen);
        return true;
    }
  };
  return { change, changeOpen, show, close, act };
};

/** Where the detail has the place of the list, there is no filter to be focused. */
const focusFilter = ({ filter }: ActionDeps, close: () => void): boolean => {
  filter.current?.focus();
  filter.current?.select();
  if (document.activeElement !== filter.current) close();
  return true;
};

/** Moves the selection; a bundle that is open gives way to the one that is selected then. */
const moveBy = (
  action: Extract<KeyAction, { readonly kind: 'move' }>,
  { bar, selection, grid }: ActionDeps,
  changeOpen: Actions['changeOpen'],
): void => {
  const row = selection.move(action, grid.current?.clientHeight ?? 0);
  if (bar.current.open === undefined) grid.current?.focus();
  else if (row !== undefined) changeOpen({ namespace: row.namespace, name: row.name, number: undefined });
};

/** The list can take the focus only when it is seen again. */
const useFocusAfterClose = (grid: ActionDeps['grid'], isOpen: boolean): void => {
  const wasOpen = useRef(isOpen);
  useEffect(() => {
    if (wasOpen.current && !isOpen) grid.current?.focus();
    wasOpen.current = isOpen;
  }, [isOpen]);
};
