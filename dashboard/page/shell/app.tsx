import { useEffect, useState } from 'preact/hooks';
import type { About, Refusal, SessionAnswer } from '../../protocol.js';
import { browserClock, browserFetch } from '../browser.js';
import { type Client, createClient } from '../live/client.js';
import { retryDelayMs } from '../live/connection.js';
import { onOtherTabsKey, storedKey, storeKey } from './key-storage.js';
import { SignIn } from './sign-in.js';
import { Workspace } from './workspace.js';

/** How far the page has come. */
type Phase =
  | { readonly kind: 'starting' }
  | { readonly kind: 'unreachable' }
  /** @see SignIn; `message` is '' where nothing was wrong yet */
  | { readonly kind: 'key-missing'; readonly about: About; readonly message: string }
  | { readonly kind: 'refused'; readonly about: About; readonly refusal: Refusal }
  | { readonly kind: 'in'; readonly about: About; readonly session: SessionAnswer; readonly client: Client };

interface AppProps {
  /** From the address; '' if it had none. */
  readonly givenKey: string;
}

/** The page: who asks, of whom; then the list. */
export const App = ({ givenKey }: AppProps) => {
  const [phase, become] = useState<Phase>({ kind: 'starting' });
  useEffect(() => {
    const stopped = new AbortController();
    void begin(givenKey, become, stopped.signal);
    return () => stopped.abort();
  }, []);
  useEffect(() => {
    if (phase.kind !== 'key-missing' || phase.about.mode !== 'local') return;
    const { about } = phase;
    return onOtherTabsKey(() => void enter(about, storedKey(about.mode), become));
  }, [phase]);
  switch (phase.kind) {
    case 'starting':
      return <Notice text="Loading…" />;
    case 'unreachable':
      return <Notice text="The server can’t be reached. Trying again…" />;
    case 'key-missing': {
      const { about, message } = phase;
      return <SignIn about={about} message={message} onKey={(key) => void enter(about, key, become)} />;
    }
    case 'refused':
      return <Notice text={phase.refusal.message} />;
    case 'in': {
      const { about, session, client } = phase;
      const signOut = (message: string) => {
        if (about.mode === 'local') return become(unknownToCluster(about, message));
        storeKey(about.mode, '');
        become({ kind: 'key-missing', about, message });
      };
      return <Workspace about={about} session={session} client={client} onSignOut={signOut} />;
    }
  }
};

const Notice = ({ text }: { readonly text: string }) => (
  <main class="notice">
    <h1>Werf bundles</h1>
    <p role="status">{text}</p>
  </main>
);

type Become = (phase: Phase) => void;

/** Asks with what it begins, as often as it takes. */
const begin = async (givenKey: string, become: Become, signal: AbortSignal): Promise<void> => {
  const stranger = createClient({ fetch: browserFetch, key: '' });
  for (let failures = 1; !signal.aborted; failures += 1) {
    const answer = await stranger.get<About>('/api/about', signal);
    if (answer.kind === 'answered') return enter(answer.value, keyFor(answer.value, givenKey), become);
    if (signal.aborted) return;
    become({ kind: 'unreachable' });
    await browserClock.sleep(retryDelayMs(failures), signal);
  }
};

/** A link has a key only where `werfbundle dashboard` printed it; in a cluster it would sign people in as somebody else. */
const keyFor = ({ mode }: About, given: string): string => (mode === 'local' && given) || storedKey(mode);

/** The key is as good as before: it is whom the kubeconfig names that the cluster does not take. */
const unknownToCluster = (about: About, message: string): Phase => ({
  kind: 'refused',
  about,
  refusal: { message: `${message}. Log in again as you do for kubectl, then reload this page.` },
});

/** The key is not, or no longer, good. @param of.why - for people */
const withoutKey = (
  about: About,
  { key, why }: { readonly key: string; readonly why: string },
  become: Become,
): void => {
  const stored = storedKey(about.mode);
  // Another tab was opened with the key of a later run.
  if (about.mode === 'local' && stored !== '' && stored !== key) return void enter(about, stored, become);
  // Another page may have led here with a key that was never good.
  if (stored === key) storeKey(about.mode, '');
  become({ kind: 'key-missing', about, message: key === '' ? '' : why });
};

/** What a page says whose key was good. */
const OLD_KEY = 'This page’s key is of an earlier run.';

/** Tries a key; a good one is kept. In a cluster none may do: a proxy that logs people in adds their token by itself. */
const enter = async (about: About, key: string, become: Become): Promise<void> => {
  if (key === '' && about.mode === 'local') return become({ kind: 'key-missing', about, message: '' });
  let wasGood = storedKey(about.mode) === key;
  const onUnauthorized = (refusal: Refusal) =>
    about.mode === 'local' && refusal.isKeyUnknown !== true
      ? become(unknownToCluster(about, refusal.message))
      : withoutKey(about, { key, why: about.mode === 'local' && wasGood ? OLD_KEY : refusal.message }, become);
  if (!/^[\x21-\x7e]*$/.test(key))
    return onUnauthorized({ message: 'This is no token: it has characters that none has.', isKeyUnknown: true });
  const client = createClient({ fetch: browserFetch, key, onUnauthorized });
  for (let failures = 1; ; failures += 1) {
    const answer = await client.get<SessionAnswer>('/api/session', new AbortController().signal);
    if (answer.kind === 'answered') {
      storeKey(about.mode, key);
      wasGood = true;
      return become({ kind: 'in', about, session: answer.value, client });
    }
    if (answer.kind === 'refused' && answer.status === 401) return;
    if (answer.kind === 'refused') become({ kind: 'refused', about, refusal: answer.refusal });
    else become({ kind: 'unreachable' });
    await browserClock.sleep(retryDelayMs(failures), new AbortController().signal);
  }
};
