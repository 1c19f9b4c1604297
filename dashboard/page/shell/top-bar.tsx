import { useState } from 'preact/hooks';
import type { About, SessionAnswer } from '../../protocol.js';
import type { Connection } from '../live/connection.js';
import { chooseTheme, storedTheme, themeAfter } from './theme.js';

interface TopBarProps {
  readonly about: About;
  readonly session: SessionAnswer;
  readonly connection: Connection;
  readonly onHelp: () => void;
  readonly onSignOut: () => void;
}

/** Where we are, as whom, and whether what is seen is so now. */
export const TopBar = ({ about, session, connection, onHelp, onSignOut }: TopBarProps) => (
  <header class="top-bar">
    <Logo />
    <h1>Werf bundles</h1>
    <p class="where" title={`werfbundle ${about.version}`}>
      <span class="server">{session.server}</span>
      {session.user !== '' && <span class="user">{session.user}</span>}
    </p>
    <ConnectionWord connection={connection} />
    <ThemeButton />
    <button type="button" class="button small" onClick={onHelp} aria-label="Keys" title="Keys (?)">
      ?
    </button>
    {about.mode === 'cluster' && (
      <button type="button" class="button small" onClick={onSignOut}>
        Sign out
      </button>
    )}
  </header>
);

const Logo = () => (
  <svg class="logo" viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
    <path d="M8 .8l6.2 3.6v7.2L8 15.2l-6.2-3.6V4.4zM8 8l6.2-3.6M8 8v7.2M8 8L1.8 4.4" />
  </svg>
);

const WORDS: Readonly<Record<Connection['kind'], string>> = {
  connecting: 'Connecting',
  listing: 'Loading',
  live: 'Live',
  disturbed: 'Cluster not reached',
  lost: 'Disconnected',
  refused: 'Refused',
};

const ConnectionWord = ({ connection }: Pick<TopBarProps, 'connection'>) => (
  <p class={`connection is-${connection.kind}`} role="status" aria-label="Connection">
    <span class="dot" aria-hidden="true" />
    {WORDS[connection.kind]}
  </p>
);

const ThemeButton = () => {
  const [theme, set] = useState(storedTheme());
  const next = () => {
    const after = themeAfter(theme);
    chooseTheme(after);
    set(after);
  };
  return (
    <button type="button" class="button small" onClick={next} title="System, light or dark colours">
      <span class="dim">Theme</span> {theme}
    </button>
  );
};
