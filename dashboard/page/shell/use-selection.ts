import { useEffect, useState } from 'preact/hooks';
import type { Row } from '../../protocol.js';
import type { Entry } from '../rows/entry.js';
import { rowsOfPage } from '../rows/row-window.js';
import type { KeyAction } from './keys.js';

/** Which bundle of the list the keys are at. It stays with its bundle when the list changes. */
export interface Selection {
  readonly uid: string | undefined;
  /** Where it stands in the list; -1: nowhere. */
  readonly place: number;
  readonly row: Row | undefined;
  /** Another number means that the list is to be scrolled to it. */
  readonly serial: number;
  select(uid: string): void;
  /** Moves it, and says where it is then. @param height - pixels of the list */
  move(by: Extract<KeyAction, { readonly kind: 'move' }>, height: number): Row | undefined;
}

/** @param openRow - the bundle that is open, which is selected then */
export const useSelection = (entries: readonly Entry[], openRow: Row | undefined): Selection => {
  const [chosen, set] = useState<{ readonly uid: string | undefined; readonly serial: number }>({
    uid: undefined,
    serial: 0,
  });
  const uid = openRow?.uid ?? chosen.uid;
  const select = (wanted: string) => set((last) => ({ uid: wanted, serial: last.serial + 1 }));
  useEffect(() => {
    if (openRow !== undefined && openRow.uid !== chosen.uid) select(openRow.uid);
  }, [openRow?.uid]);
  const place = uid === undefined ? -1 : entries.findIndex(({ row }) => row.uid === uid);
  return {
    uid,
    place,
    row: entries[place]?.row,
    serial: chosen.serial,
    select,
    move: ({ by, direction }, height) => {
      const step = { row: 1, page: rowsOfPage(height), all: entries.length }[by];
      const from = place === -1 && direction === -1 ? 0 : place;
      const to = Math.min(entries.length - 1, Math.max(0, from + direction * step));
      const row = entries[to]?.row;
      if (row !== undefined) select(row.uid);
      return row;
    },
  };
};
