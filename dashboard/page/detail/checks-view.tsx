import { useState } from 'preact/hooks';
import type { ChecksAnswer } from '../../protocol.js';
import { type ReadFrom, useResource, withPath } from '../live/use-resource.js';
import { CommandLine } from '../look/command-line.js';
import { LoadedPart, Section } from '../look/section.js';
import { LinkOut } from '../look/sentence.js';

interface ChecksViewProps {
  readonly from: ReadFrom;
}

/** What `werfbundle doctor` finds. It reads much, so that it is asked for by hand. */
export const ChecksView = ({ from }: ChecksViewProps) => {
  const [isAsked, ask] = useState(false);
  return (
    <Section title="Checks">
      {isAsked ? (
        <Checks from={from} />
      ) : (
        <>
          <p>
            Looks at all that concerns this bundle, as <code>werfbundle doctor --no-registry</code> does, with your
            rights, and changes nothing.
          </p>
          <button type="button" class="button primary" onClick={() => ask(true)}>
            Run the checks
          </button>
        </>
      )}
    </Section>
  );
};

const Checks = ({ from }: ChecksViewProps) => {
  const { loaded, reload } = useResource<ChecksAnswer>(withPath(from, 'checks'), '');
  return (
    <>
      <LoadedPart
        loaded={loaded}
        what="The checks"
        onRetry={reload}
        show={({ checks }) => (
          <ul class="checks">
            {checks.map((check) => (
              <CheckItem key={check.id} check={check} />
            ))}
          </ul>
        )}
      />
      {loaded.value !== undefined && (
        <button type="button" class="button" disabled={loaded.isLoading} onClick={reload}>
          {loaded.isLoading ? 'Checking…' : 'Check again'}
        </button>
      )}
    </>
  );
};

type Check = ChecksAnswer['checks'][number];

const VERDICTS: Readonly<Record<Check['verdict'], { readonly word: string; readonly sign: string }>> = {
  ok: { word: 'ok', sign: '✓' },
  warning: { word: 'warning', sign: '!' },
  failed: { word: 'failed', sign: '✕' },
  'not-checked': { word: 'not checked', sign: '–' },
};

const CheckItem = ({ check: { title, verdict, found, commands, link } }: { readonly check: Check }) => (
  <li class={`check is-${verdict}`}>
    <p class="check-head">
      <span class="verdict">
        <span aria-hidden="true">{VERDICTS[verdict].sign} </span>
        {VERDICTS[verdict].word}
      </span>
      <strong>{title}</strong>
      <LinkOut address={link} text="Explained" />
    </p>
    {found !== '' && <p class="check-found">{found}</p>}
    {commands.map((command) => (
      <CommandLine key={command} command={command} />
    ))}
  </li>
);
