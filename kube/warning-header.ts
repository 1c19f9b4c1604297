/**
 * The texts of Warning headers, as apiservers write them: `299 - "text"`, several of them with commas.
 * @see https://www.rfc-editor.org/rfc/rfc7234#section-5.5
 */
export const warningsIn = (header: string | readonly string[] | undefined): readonly string[] => {
  const lines = header === undefined ? [] : typeof header === 'string' ? [header] : header;
  return lines.flatMap((line) =>
    [...line.matchAll(/\b299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text.replaceAll(/\\(.)/g, '$1')),
  );
};
