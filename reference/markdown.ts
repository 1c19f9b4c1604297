/** A text that stands in a cell: a pipe would end it, a line break the table. */
const cell = (text: string): string =>
  text
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll('|', '\\|') || '–';

/** A table of Markdown, with empty cells as dashes. */
export const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [heads, heads.map(() => '---'), ...rows.map((row) => row.map(cell))]
    .map((row) => `| ${row.join(' | ')} |\n`)
    .join('');

/** Code within a line. */
export const code = (text: string): string => `\`${text}\``;

/** A list of codes: `a`, `b`. */
export const codes = (texts: readonly string[]): string => texts.map(code).join(', ');

/** A page: its title, what it is about, and its parts, each with a heading of its own if it has one. */
export const page = (
  { title, from, about }: { readonly title: string; readonly from: string; readonly about: string },
  parts: readonly { readonly heading?: string; readonly text: string }[],
): string =>
  `${[
    `<!-- Generated from ${from} by \`npm run generate\`; not to be edited. -->`,
    `# ${title}`,
    about,
    ...parts.map(({ heading, text }) => `${heading === undefined ? '' : `## ${heading}\n\n`}${text.trimEnd()}`),
  ].join('\n\n')}\n`;
