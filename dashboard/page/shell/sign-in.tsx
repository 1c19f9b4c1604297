import { useRef } from 'preact/hooks';
import type { About } from '../../protocol.js';
import { CommandLine } from '../look/command-line.js';

interface SignInProps {
  readonly about: About;
  /** Why the last key was not good; '' if there was none. */
  readonly message: string;
  readonly onKey: (key: string) => void;
}

/** What is seen without a key. */
export const SignIn = ({ about, message, onKey }: SignInProps) => (
  <main class="notice">
    <h1>Werf bundles</h1>
    {message !== '' && (
      <p class="notice-problem" role="alert">
        {message}
      </p>
    )}
    {about.mode === 'local' ? <OpenTheLink /> : <TokenForm onKey={onKey} />}
    <p class="dim">werfbundle {about.version}</p>
  </main>
);

const OpenTheLink = () => (
  <p>
    Open the link that <code>werfbundle dashboard</code> printed. It has the key in it that this page needs.
  </p>
);

const COMMAND = 'kubectl create token NAME -n NAMESPACE';

const TokenForm = ({ onKey }: Pick<SignInProps, 'onKey'>) => {
  const field = useRef<HTMLInputElement>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    const token = field.current?.value.trim() ?? '';
    if (token !== '') onKey(token);
  };
  return (
    <form onSubmit={submit}>
      <label for="token">Your token for this cluster</label>
      <div class="field-row">
        <input ref={field} id="token" type="password" autocomplete="off" spellcheck={false} required />
        <button type="submit" class="button primary">
          Sign in
        </button>
      </div>
      <p>
        The page shows what this token may read, and nothing else. It is kept in this tab only. A ServiceAccount’s is
        made by
      </p>
      <CommandLine command={COMMAND} />
    </form>
  );
};
