import type { RefObject } from 'preact';
import type { BundleState } from '../../protocol.js';
import { SearchField } from '../look/search-field.js';
import { StateMark } from '../look/state-mark.js';
import type { Entry } from '../rows/entry.js';
import type { RowView } from '../rows/row-filter.js';
import { STATES, stateWords } from '../rows/states.js';
import type { Address } from '../shell/address.js';
import type { Scope } from '../shell/scope.js';
import { NamespaceChooser } from './namespace-chooser.js';

interface FilterBarProps {
  readonly address: Address;
  readonly scope: Scope;
  readonly view: RowView;
  readonly all: readonly Entry[];
  readonly field: RefObject<HTMLInputElement | null>;
  readonly onChange: (part: Partial<Address>) => void;
  /** Who leaves the text goes to the list. */
  readonly onLeave: () => void;
}

/** What is to be seen of the list: states with their counts, words, namespaces. */
export const FilterBar = ({ address, scope, view, all, field, onChange, onLeave }: FilterBarProps) => (
  <search class="filter-bar" aria-label="Filter">
    <StateChips address={address} view={view} onChange={onChange} />
    <div class="filter-row">
      <FilterField text={address.text} field={field} onChange={onChange} onLeave={onLeave} />
      <NamespaceChooser all={all} chosen={scope.namespaces} onChoose={(namespaces) => onChange({ namespaces })} />
      <p class="shown-count dim" role="status">
        {countText(view)}
      </p>
    </div>
  </search>
);

const countText = ({ entries, total }: RowView): string => {
  const bundles = total === 1 ? 'bundle' : 'bundles';
  const whole = total.toLocaleString('en');
  return entries.length === total
    ? `${whole} ${bundles}`
    : `${entries.length.toLocaleString('en')} of ${whole} ${bundles}`;
};

const StateChips = ({ address, view, onChange }: Pick<FilterBarProps, 'address' | 'view' | 'onChange'>) => {
  const toggle = (state: BundleState) =>
    onChange({ states: STATES.filter((other) => (other === state) !== address.states.includes(other)) });
  return (
    <fieldset class="chips">
      <legend class="only-heard">States</legend>
      {STATES.map((state) => (
        <button
          key={state}
          type="button"
          class={`chip state-${state}${view.counts[state] === 0 ? ' is-empty' : ''}`}
          aria-pressed={address.states.includes(state)}
          title={stateWords(state).about}
          onClick={() => toggle(state)}
        >
          <StateMark state={state} />
          {stateWords(state).word}
          <span class="count">{view.counts[state].toLocaleString('en')}</span>
        </button>
      ))}
    </fieldset>
  );
};

interface FilterFieldProps extends Pick<FilterBarProps, 'field' | 'onChange' | 'onLeave'> {
  readonly text: string;
}

const FilterField = ({ text, field, onChange, onLeave }: FilterFieldProps) => {
  const onKeyDown = (event: KeyboardEvent) => {
    if (!['Enter', 'ArrowDown', 'Escape'].includes(event.key)) return;
    event.preventDefault();
    if (event.key === 'Escape' && text !== '') onChange({ text: '' });
    else onLeave();
  };
  return (
    <SearchField
      label="Filter by namespace, name, tag, repository or reason"
      hint="Filter: namespace, name, tag, repository, reason"
      shortcut="/"
      text={text}
      field={field}
      onText={(typed) => onChange({ text: typed })}
      onKeyDown={onKeyDown}
    />
  );
};
