import { parseDocument } from 'yaml';

type ParsedPlatformYaml =
  | { readonly kind: 'ok'; readonly value: unknown }
  /** `why` is one line. */
  | { readonly kind: 'invalid'; readonly why: string };

/** Reads a file of the platform's own, of one document. Never throws: some faults only the value shows, an alias of nothing, or of too much. */
export const parsePlatformYaml = (text: string): ParsedPlatformYaml => {
  const document = parseDocument(text);
  const [fault] = document.errors;
  if (fault !== undefined) return { kind: 'invalid', why: fault.message.split('\n')[0] ?? '' };
  try {
    return { kind: 'ok', value: document.toJS() };
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return { kind: 'invalid', why: error.message };
  }
};
