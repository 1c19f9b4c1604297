import type { SortKey } from '../rows/row-order.js';

interface ListHeadProps {
  readonly sort: SortKey;
  readonly onSort: (sort: SortKey) => void;
}

interface Column {
  readonly name: string;
  readonly title: string;
  readonly sort?: SortKey;
}

const COLUMNS: readonly Column[] = [
  { name: 'state', title: 'State', sort: 'state' },
  { name: 'namespace', title: 'Namespace' },
  { name: 'name', title: 'Name', sort: 'name' },
  { name: 'tag', title: 'Tag' },
  { name: 'reason', title: 'Reason' },
  { name: 'deployed', title: 'Deployed', sort: 'deployed' },
  { name: 'repository', title: 'Repository' },
];

/** What the newest deployment first, and names and states in order, are to those who hear it. */
const DIRECTIONS: Readonly<Record<SortKey, 'ascending' | 'descending'>> = {
  state: 'ascending',
  name: 'ascending',
  deployed: 'descending',
};

/** The names of the columns; by some of them the list can be sorted. */
export const ListHead = ({ sort, onSort }: ListHeadProps) => (
  <div class="list-head" role="rowgroup">
    <div class="row head" role="row" aria-rowindex={1}>
      {COLUMNS.map(({ name, title, sort: key }) => (
        <div
          key={name}
          class={`cell is-${name}`}
          role="columnheader"
          aria-sort={key !== undefined && key === sort ? DIRECTIONS[key] : undefined}
        >
          {key === undefined ? (
            title
          ) : (
            <button type="button" class="sort" title={`Sort by ${title.toLowerCase()}`} onClick={() => onSort(key)}>
              {title}
              <span aria-hidden="true">{key === sort ? (DIRECTIONS[key] === 'ascending' ? ' ↑' : ' ↓') : ''}</span>
            </button>
          )}
        </div>
      ))}
    </div>
  </div>
);
