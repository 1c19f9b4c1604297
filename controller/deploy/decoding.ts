/**
 * What a text may stand for, byte by byte: `bytes` has a character for each byte of UTF-8. Byte `n` is made of the characters from
 * `from[n]` up to, not including, `to[n]` of the text that was decoded.
 */
interface Decoding {
  readonly bytes: string;
  readonly from: Int32Array;
  readonly to: Int32Array;
}

/** @returns undefined if there is nothing to decode in the text */
export type Decode = (bytes: string) => Decoding | undefined;

/** UTF-8, a character for each byte. */
export const bytesOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/**
 * Replaces what an expression finds by the bytes that it stands for; all else stays as it is.
 * @param width - how much of what is found stands for them for certain; usually all of it
 */
export const escapes =
  (pattern: RegExp, read: (found: string) => string | undefined, width = Number.POSITIVE_INFINITY): Decode =>
  (bytes) => {
    const made = new Made();
    let at = 0;
    for (const { 0: found, index } of bytes.matchAll(pattern)) {
      const meaning = read(found);
      if (meaning === undefined) continue;
      made.copy(bytes, at, index);
      at = index + found.length;
      made.add(meaning, index, Math.min(at, index + width));
    }
    if (at === 0) return undefined;
    made.copy(bytes, at, bytes.length);
    return made.decoding;
  };

/** A code that writes bytes as digits in a row. */
interface Code {
  /** Finds them; what else it finds, such as line breaks between them, is passed over. */
  readonly pattern: RegExp;
  /** The digits by their values: 16, or 64. Where two are given for a value, either may stand. */
  readonly alphabets: readonly string[];
}

/** Six bytes or more of UTF-8. What was no code becomes noise when it is decoded, and noise hardly ever looks so. */
const TEXT =
  /(?:[\0-\x7f]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}){2,}(?<=[\0-\xff]{6})/g;

/** Decodes digits, from each one on that a byte may begin with, and keeps what may be text. All else is left out. */
export const digits = ({ pattern, alphabets }: Code): Decode => {
  const bits = Math.log2(alphabets[0]?.length ?? 1);
  const values = new Int8Array(256).fill(-1);
  for (const alphabet of alphabets)
    for (const [value, digit] of [...alphabet].entries()) values[digit.charCodeAt(0)] = value;
  return (bytes) => {
    const made = new Made();
    for (const { 0: found, index } of bytes.matchAll(pattern)) {
      const row = rowOf(found, values);
      for (let shift = 0; shift < (bits === 6 ? 4 : 2); shift += 1) {
        const text = textOf(row, { shift, bits });
        for (const { 0: part, index: start } of text.matchAll(TEXT)) {
          const placeOf = (bit: number) => index + (row.places[shift + Math.ceil(bit / bits)] ?? found.length);
          made.add('\n', index, index);
          // A digit that belongs to the byte before as well is left to it.
          for (let n = start; n < start + part.length; n += 1) {
            made.add(text[n] ?? '', placeOf(n * 8), placeOf((n + 1) * 8 - bits) + 1);
          }
        }
      }
    }
    return made.decoding;
  };
};

/** Digits by their values, and where each stands. */
interface Row {
  readonly values: readonly number[];
  readonly places: readonly number[];
}

const rowOf = (found: string, valueOfCode: Int8Array): Row => {
  const values: number[] = [];
  const places: number[] = [];
  for (let at = 0; at < found.length; at += 1) {
    const value = valueOfCode[found.charCodeAt(at)] ?? -1;
    if (value < 0) continue;
    values.push(value);
    places.push(at);
  }
  return { values, places };
};

/** The bytes that digits of so many bits stand for, from one of them on. */
const textOf = ({ values }: Row, { shift, bits }: { readonly shift: number; readonly bits: number }): string => {
  const codes = Buffer.alloc(Math.floor(((values.length - shift) * bits) / 8));
  let held = 0;
  let heldBits = 0;
  let at = 0;
  for (let n = shift; n < values.length; n += 1) {
    held = ((held << bits) | (values[n] ?? 0)) & 0xffff;
    heldBits += bits;
    if (heldBits < 8) continue;
    heldBits -= 8;
    codes[at] = held >> heldBits;
    at += 1;
  }
  return codes.toString('latin1');
};

/** A decoding while it is made. */
class Made {
  readonly #parts: string[] = [];
  #from = new Int32Array(1_024);
  #to = new Int32Array(1_024);
  #length = 0;

  get decoding(): Decoding | undefined {
    return this.#length === 0 ? undefined : { bytes: this.#parts.join(''), from: this.#from, to: this.#to };
  }

  /** Bytes that all stand for the same characters. */
  add(bytes: string, from: number, to: number): void {
    this.#parts.push(bytes);
    this.#reserve(bytes.length);
    this.#from.fill(from, this.#length, this.#length + bytes.length);
    this.#to.fill(to, this.#length, this.#length + bytes.length);
    this.#length += bytes.length;
  }

  /** Bytes that stand for themselves. */
  copy(bytes: string, from: number, to: number): void {
    this.#parts.push(bytes.slice(from, to));
    this.#reserve(to - from);
    for (let at = from; at < to; at += 1) {
      this.#from[this.#length] = at;
      this.#to[this.#length] = at + 1;
      this.#length += 1;
    }
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#from.length) return;
    const size = 2 * (this.#length + more);
    this.#from = grown(this.#from, size);
    this.#to = grown(this.#to, size);
  }
}

const grown = (numbers: Int32Array<ArrayBuffer>, size: number): Int32Array<ArrayBuffer> => {
  const larger = new Int32Array(size);
  larger.set(numbers);
  return larger;
};
