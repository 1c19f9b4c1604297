/** What a key asks for. */
export type KeyAction =
  | { readonly kind: 'move'; readonly by: 'row' | 'page' | 'all'; readonly direction: 1 | -1 }
  | { readonly kind: 'open' }
  | { readonly kind: 'back' }
  | { readonly kind: 'filter' }
  | { readonly kind: 'help' }
  /** @see DETAIL_VIEWS; from 0 */
  | { readonly kind: 'view'; readonly place: number };

/** Where the focus is when a key is pressed: in a field for text, in the list (or nowhere), or on something else. */
export type Focus = 'field' | 'list' | 'elsewhere';

const ANYWHERE: Readonly<Record<string, KeyAction>> = {
  '/': { kind: 'filter' },
  '?': { kind: 'help' },
  j: { kind: 'move', by: 'row', direction: 1 },
  k: { kind: 'move', by: 'row', direction: -1 },
  g: { kind: 'move', by: 'all', direction: -1 },
  G: { kind: 'move', by: 'all', direction: 1 },
  Escape: { kind: 'back' },
};

/** Keys that mean something else to buttons, links, and what is scrolled. */
const IN_LIST: Readonly<Record<string, KeyAction>> = {
  ArrowDown: { kind: 'move', by: 'row', direction: 1 },
  ArrowUp: { kind: 'move', by: 'row', direction: -1 },
  PageDown: { kind: 'move', by: 'page', direction: 1 },
  PageUp: { kind: 'move', by: 'page', direction: -1 },
  Home: { kind: 'move', by: 'all', direction: -1 },
  End: { kind: 'move', by: 'all', direction: 1 },
  Enter: { kind: 'open' },
};

/** What a key without Ctrl, Alt or Meta asks for; undefined: it is not ours. */
export const actionOf = (key: string, focus: Focus): KeyAction | undefined => {
  if (focus === 'field') return undefined;
  if (focus === 'list' && Object.hasOwn(IN_LIST, key)) return IN_LIST[key];
  if (/^[1-9]$/.test(key)) return { kind: 'view', place: Number(key) - 1 };
  return Object.hasOwn(ANYWHERE, key) ? ANYWHERE[key] : undefined;
};

/** The keys, for those who ask. */
export const KEY_HELP: readonly { readonly keys: readonly string[]; readonly what: string }[] = [
  { keys: ['/'], what: 'Filter the list' },
  { keys: ['j', '↓'], what: 'Next bundle' },
  { keys: ['k', '↑'], what: 'Previous bundle' },
  { keys: ['g', 'Home'], what: 'First bundle' },
  { keys: ['G', 'End'], what: 'Last bundle' },
  { keys: ['Enter'], what: 'Open the bundle' },
  { keys: ['1', '…', '6'], what: 'Overview, log, events, values, checks, YAML' },
  { keys: ['Esc'], what: 'Back to the list' },
  { keys: ['?'], what: 'These keys' },
];
