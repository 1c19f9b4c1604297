import { render } from 'preact';
import { App } from './shell/app.js';
import { takeKeyFromAddress } from './shell/key-storage.js';
import { showTheme, storedTheme } from './shell/theme.js';

showTheme(storedTheme());
const place = document.getElementById('page');
const show = (givenKey: string): void => {
  // Another key begins anew.
  if (place !== null) render(<App key={givenKey} givenKey={givenKey} />, place);
};
show(takeKeyFromAddress());
// A link that is pasted into the page's own tab differs in what is behind the #, so that the browser loads nothing.
addEventListener('hashchange', () => {
  const key = takeKeyFromAddress();
  if (key !== '') show(key);
});
