import { ifAllowed } from './key-storage.js';

const NAME = 'werfbundle-theme';

/** In which colours the page is: the system's choice, or the reader's. */
type Theme = 'system' | 'light' | 'dark';

const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

/** The one that was chosen last. */
export const storedTheme = (): Theme => {
  const stored = ifAllowed(() => localStorage.getItem(NAME));
  return THEMES.find((theme) => theme === stored) ?? 'system';
};

/** Shows the page in a theme. */
export const showTheme = (theme: Theme): void => {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
};

/** Shows the page in a theme, and remembers it. */
export const chooseTheme = (theme: Theme): void => {
  ifAllowed(() => localStorage.setItem(NAME, theme));
  showTheme(theme);
};

/** The one that a click leads to. */
export const themeAfter = (theme: Theme): Theme => THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
