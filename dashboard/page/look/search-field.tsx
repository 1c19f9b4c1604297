import type { RefObject } from 'preact';

interface SearchFieldProps {
  /** For those who don't see it. */
  readonly label: string;
  readonly hint: string;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly field?: RefObject<HTMLInputElement | null>;
  readonly shortcut?: string;
  readonly onKeyDown?: (event: KeyboardEvent) => void;
}

/** A field for words by which something is found. */
export const SearchField = ({ label, hint, text, onText, field, shortcut, onKeyDown }: SearchFieldProps) => (
  <input
    ref={field ?? null}
    type="search"
    class="field search"
    aria-label={label}
    aria-keyshortcuts={shortcut}
    placeholder={hint}
    value={text}
    autocomplete="off"
    spellcheck={false}
    onInput={({ currentTarget }) => onText(currentTarget.value)}
    onKeyDown={onKeyDown}
  />
);
