import { codeParts } from './code-parts.js';
import { safeLink } from './safe-link.js';

/** A sentence in which code stands in backticks. */
export const Sentence = ({ text }: { readonly text: string }) => (
  <>{codeParts(text).map(({ text: part, isCode }, at) => (isCode ? <code key={at}>{part}</code> : part))}</>
);

/** A link to somewhere else, in a tab of its own; nothing if it is none that may be followed. */
export const LinkOut = ({ address, text }: { readonly address: string; readonly text: string }) => {
  const href = safeLink(address);
  if (href === undefined) return null;
  return (
    <a class="link-out" href={href} target="_blank" rel="noopener noreferrer">
      {text}
    </a>
  );
};
