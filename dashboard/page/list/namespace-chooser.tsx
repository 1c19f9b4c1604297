import { useEffect, useRef, useState } from 'preact/hooks';
import { SearchField } from '../look/search-field.js';
import type { Entry } from '../rows/entry.js';
import { namespacesOf } from '../rows/namespaces.js';

interface NamespaceChooserProps {
  readonly all: readonly Entry[];
  /** None: all. */
  readonly chosen: readonly string[];
  readonly onChoose: (namespaces: readonly string[]) => void;
}

/** More are found by their names. */
const OFFERED = 50;

const wordOf = (chosen: readonly string[]): string => {
  const [first = 'All namespaces'] = chosen;
  return chosen.length < 2 ? first : `${chosen.length} namespaces`;
};

/** Chooses the namespaces that the server is asked for. */
export const NamespaceChooser = ({ all, chosen, onChoose }: NamespaceChooserProps) => {
  const [isOpen, open] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const leave = ({ target }: Event) => {
      if (target instanceof Node && place.current?.contains(target) !== true) open(false);
    };
    document.addEventListener('pointerdown', leave);
    return () => document.removeEventListener('pointerdown', leave);
  }, []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !isOpen) return;
    event.preventDefault();
    open(false);
    button.current?.focus();
  };
  return (
    <div ref={place} class="chooser" role="group" aria-label="Namespaces" onKeyDown={onKeyDown}>
      <button
        ref={button}
        type="button"
        class="button"
        aria-expanded={isOpen}
        onClick={() => open(!isOpen)}
        aria-label={`Namespaces: ${wordOf(chosen)}`}
      >
        {wordOf(chosen)} <span aria-hidden="true">▾</span>
      </button>
      {isOpen && <Choices all={all} chosen={chosen} onChoose={onChoose} />}
    </div>
  );
};

const Choices = ({ all, chosen, onChoose }: NamespaceChooserProps) => {
  const [text, type] = useState('');
  // What was there when it was opened stays to be chosen, though the list has only the chosen ones then.
  const [known] = useState(() => namespacesOf(all, chosen));
  const found = [
    ...known,
    ...chosen
      .filter((name) => !known.some(({ namespace }) => namespace === name))
      .map((namespace) => ({ namespace, count: 0 })),
  ].filter(({ namespace }) => namespace.includes(text.trim()));
  const toggle = (namespace: string) =>
    onChoose(chosen.includes(namespace) ? chosen.filter((other) => other !== namespace) : [...chosen, namespace]);
  const submit = (event: Event) => {
    event.preventDefault();
    const namespace = text.trim();
    if (namespace !== '' && !chosen.includes(namespace)) onChoose([...chosen, namespace]);
    type('');
  };
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <form class="choices" onSubmit={submit}>
      <SearchField
        label="Find or name a namespace"
        hint="Find, or name one and press Enter"
        text={text}
        field={field}
        onText={type}
      />
      <ul>
        {found.slice(0, OFFERED).map(({ namespace, count }) => (
          <li key={namespace}>
            <label>
              <input type="checkbox" checked={chosen.includes(namespace)} onChange={() => toggle(namespace)} />
              <span class="choice-name">{namespace}</span>
              <span class="count dim">{count === 0 ? '' : count.toLocaleString('en')}</span>
            </label>
          </li>
        ))}
      </ul>
      {found.length > OFFERED && <p class="dim">{found.length - OFFERED} more: type a part of the name.</p>}
      {found.length === 0 && <p class="dim">None of those seen; Enter shows it nevertheless.</p>}
      <button type="button" class="button small start" disabled={chosen.length === 0} onClick={() => onChoose([])}>
        All namespaces
      </button>
    </form>
  );
};
