import { render } from 'preact';
import { App } from './shell/app.js';
import { takeKeyFromAddress } from './shell/key-storage.js';
import { showTheme, storedTheme } from './shell/theme.js';

showTheme(storedTheme());
const place = document.getElementById('page');
if (place !== null) render(<App givenKey={takeKeyFromAddress()} />, place);
