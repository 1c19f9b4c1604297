import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { actionOf, type Focus, type KeyAction } from './keys.js';

/**
 * Hears the keys of the whole page, but for those of a dialog and of what is written.
 * @param act - says whether it has done something; if not, the key keeps its meaning
 */
export const useKeys = (grid: RefObject<HTMLElement | null>, act: (action: KeyAction) => boolean): void => {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const hear = (event: KeyboardEvent) => {
      const { key, ctrlKey, altKey, metaKey, defaultPrevented } = event;
      if (defaultPrevented || ctrlKey || altKey || metaKey || document.querySelector('dialog[open]') !== null) return;
      const action = actionOf(key, focusOf(grid.current));
      if (action !== undefined && latest.current(action)) event.preventDefault();
    };
    document.addEventListener('keydown', hear);
    return () => document.removeEventListener('keydown', hear);
  }, []);
};

const focusOf = (grid: HTMLElement | null): Focus => {
  const { activeElement } = document;
  if (activeElement?.matches('input, textarea, select') === true) return 'field';
  return activeElement === grid || activeElement === document.body || activeElement === null ? 'list' : 'elsewhere';
};
