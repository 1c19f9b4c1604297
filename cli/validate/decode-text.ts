/** What the bytes of a file are. */
type Decoded =
  /** `isLossy`: some bytes are no UTF-8, and U+FFFD stands for them, as kubectl has it. */
  { readonly kind: 'text'; readonly text: string; readonly isLossy: boolean } | { readonly kind: 'binary' };

/** Decodes a file as kubectl does: UTF-8, or UTF-16 if a byte order mark says so. NUL is in no text. Never throws. */
export const decodeText = (bytes: Buffer): Decoded => {
  const encoding = encodingOf(bytes);
  const decoded = new TextDecoder(encoding).decode(bytes);
  if (decoded.includes('\0')) return { kind: 'binary' };
  // What is written as U+FFFD in the file itself is no loss.
  const isLossy = decoded.includes('\uFFFD') && !isWell(bytes, encoding);
  return { kind: 'text', text: decoded, isLossy };
};

const encodingOf = ([first, second]: Buffer): 'utf-8' | 'utf-16le' | 'utf-16be' => {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
};

const isWell = (bytes: Buffer, encoding: string): boolean => {
  try {
    new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return true;
  } catch {
    // Of a decoder that is told to, the exception is the answer.
    return false;
  }
};
