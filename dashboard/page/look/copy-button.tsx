import { useState } from 'preact/hooks';
import { browserClock } from '../browser.js';

interface CopyButtonProps {
  readonly text: string;
  /** What it copies, for those who don't see where it stands: `the command`. */
  readonly what: string;
}

/** Copies a text, and says whether it could. */
export const CopyButton = ({ text, what }: CopyButtonProps) => {
  const [said, say] = useState('');
  const copy = async () => {
    say(await written(text));
    browserClock.after(2_000, () => say(''));
  };
  return (
    <button type="button" class="button small" onClick={() => void copy()} aria-label={`Copy ${what}`}>
      <span role="status">{said === '' ? 'Copy' : said}</span>
    </button>
  );
};

/** Where a page is not of https or of this machine, there is no clipboard at all. */
const written = async (text: string): Promise<string> => {
  try {
    await navigator.clipboard.writeText(text);
    return 'Copied';
  } catch {
    return 'Not allowed';
  }
};
