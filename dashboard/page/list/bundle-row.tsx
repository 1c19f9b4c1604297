import { useMemo } from 'preact/hooks';
import type { Row } from '../../protocol.js';
import { StateLabel } from '../look/state-mark.js';
import { TimeAgo } from '../look/time-ago.js';
import { ROW_HEIGHT } from '../rows/row-window.js';
import { type Address, addressText, withOpen } from '../shell/address.js';

interface BundleRowProps {
  readonly row: Row;
  /** From 0. */
  readonly place: number;
  /** What is shown now: a bundle is opened under the same filter. */
  readonly address: Address;
  readonly isSelected: boolean;
}

/** The id of a row in the document. */
export const rowId = (uid: string): string => `row-${uid}`;

/** A bundle of the list. What has not changed of it is the same element, which is not looked at again: a scroll moves most rows nowhere. */
export const BundleRow = (props: BundleRowProps) => {
  const { row, place, address, isSelected } = props;
  return useMemo(() => <Cells {...props} />, [row, place, address, isSelected]);
};

const Cells = ({ row, place, address, isSelected }: BundleRowProps) => (
  <div
    id={rowId(row.uid)}
    class={`row is-${row.state}${isSelected ? ' is-selected' : ''}`}
    role="row"
    aria-rowindex={place + 2}
    aria-selected={isSelected}
    data-uid={row.uid}
    style={{ transform: `translateY(${place * ROW_HEIGHT}px)` }}
  >
    <div class="cell is-state" role="gridcell">
      <StateLabel state={row.state} />
    </div>
    <div class="cell is-namespace" role="gridcell" title={row.namespace}>
      {row.namespace}
    </div>
    <div class="cell is-name" role="gridcell">
      <a href={addressText(withOpen(address, row))} tabIndex={-1} title={row.name}>
        {row.name}
      </a>
    </div>
    <div class="cell is-tag" role="gridcell">
      <Tags row={row} />
    </div>
    <div class="cell is-reason" role="gridcell" title={row.message}>
      <ReasonText row={row} />
    </div>
    <div class="cell is-deployed" role="gridcell">
      <TimeAgo time={row.syncedAt} />
    </div>
    <div class="cell is-repository" role="gridcell" title={row.repository}>
      {row.repository}
    </div>
  </div>
);

/** What is deployed, and what is to take its place. */
const Tags = ({ row: { tag, nextTag } }: Pick<BundleRowProps, 'row'>) => (
  <span class="tags" title={nextTag === '' ? tag : `${tag} → ${nextTag}`}>
    {tag !== '' && <span class="tag">{tag}</span>}
    {nextTag !== '' && (
      <span class="next-tag">
        <span aria-hidden="true">→ </span>
        <span class="only-heard">to </span>
        {nextTag}
      </span>
    )}
  </span>
);

const ReasonText = ({ row: { reason, message, failedPolls } }: Pick<BundleRowProps, 'row'>) => (
  <>
    {reason !== '' && <span class="reason">{reason}</span>}
    {failedPolls > 0 && (
      <span class="polls">{failedPolls === 1 ? '1 failed poll' : `${failedPolls} failed polls`}</span>
    )}
    <span class="message">{message}</span>
  </>
);
