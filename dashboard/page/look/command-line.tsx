import { CopyButton } from './copy-button.js';

interface CommandLineProps {
  readonly command: string;
  /** What it is for; left out where it stands before it. */
  readonly title?: string;
}

/** A command to be pasted. */
export const CommandLine = ({ command, title }: CommandLineProps) => (
  <p class="command">
    <code>{command}</code>
    <CopyButton text={command} what={title === undefined ? 'the command' : `the command: ${title}`} />
  </p>
);
