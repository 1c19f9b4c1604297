import { RE2JS } from 're2js';

/** The parts of a `tagPattern`, as far as it matters which tags they can match. */
export type PatternPart =
  /** One character. `chars`: those of a tag that it can be. */
  | { readonly kind: 'char'; readonly chars: string }
  /** What matches no character: an anchor, or nothing at all. */
  | { readonly kind: 'empty'; readonly anchor?: 'begin' | 'end' }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternPart[] }
  | { readonly kind: 'choice'; readonly parts: readonly PatternPart[] }
  /** `max` may be Infinity. */
  | { readonly kind: 'repeat'; readonly part: PatternPart; readonly min: number; readonly max: number }
  /** A group that captures; counted from 1 by its opening parenthesis. */
  | { readonly kind: 'group'; readonly part: PatternPart; readonly index: number };

const TAG_CHARS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-'];

const QUANTIFIER = /(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/y;
const GROUP = /\((?:\?(?:P?<\w+>|([a-zA-Z-]*)([:)])))?/y;
const QUOTED = /\\Q([\s\S]*?)(?:\\E|$)/y;
/** A class ends at the first bracket that is not its first character, escaped, or of a class by name within it. */
const CLASS = /\[\^?\]?(?:\\[pP]\{[^}]*\}|\\[\s\S]|\[:\^?\w+:\]|[^\]\\])*\]/y;
const ESCAPE = /\\(?:[pP]\{[^}]*\}|[pP][\s\S]|x\{[^}]*\}|x[0-9a-fA-F]{2}|[0-7]{1,3}|[\s\S])/y;

/**
 * The tree of an expression that RE2 accepts. What one character can be is asked of RE2 itself, so that only the outline is read here.
 * @param pattern - one that `parseTagPattern` accepts; of others the result has no meaning
 */
export const patternTree = (pattern: string): PatternPart => new Reader(pattern).choice({ folds: false });

interface Flags {
  /** Whether upper and lower case are the same: `(?i)`. It may change in the middle of a group. */
  folds: boolean;
}

class Reader {
  readonly #text: string;
  /** What was asked of RE2 already: patterns repeat themselves. */
  readonly #asked = new Map<string, string>();
  #at = 0;
  #groups = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Alternatives, up to the end of the group or of the text. */
  choice(flags: Flags): PatternPart {
    const parts = [this.#sequence(flags)];
    while (this.#text[this.#at] === '|') {
      this.#at += 1;
      parts.push(this.#sequence(flags));
    }
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : { kind: 'choice', parts };
  }

  #sequence(flags: Flags): PatternPart {
    const parts: PatternPart[] = [];
    while (this.#at < this.#text.length && !'|)'.includes(this.#text[this.#at] ?? '')) {
      const atoms = this.#atoms(flags);
      const last = atoms.at(-1);
      parts.push(...atoms.slice(0, -1), ...(last === undefined ? [] : [this.#repeated(last)]));
    }
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : { kind: 'sequence', parts };
  }

  /** Usually one; as many as there are characters of a quoted text, of which a quantifier repeats the last one. */
  #atoms(flags: Flags): readonly PatternPart[] {
    if (this.#text[this.#at] === '(') return [this.#group(flags)];
    const quoted = this.#take(QUOTED);
    if (quoted !== undefined) return [...(quoted[1] ?? '')].map((char) => this.#charPart(RE2JS.quote(char), flags));
    const [text = ''] = this.#take(CLASS) ?? this.#take(ESCAPE) ?? this.#take(/[\s\S]/uy) ?? [];
    if (text === '^' || text === '\\A') return [{ kind: 'empty', anchor: 'begin' }];
    if (text === '$' || text === '\\z') return [{ kind: 'empty', anchor: 'end' }];
    if (text === '\\b' || text === '\\B') return [{ kind: 'empty' }];
    return [this.#charPart(text, flags)];
  }

  #group(flags: Flags): PatternPart {
    const [opening = '', letters, end] = this.#take(GROUP) ?? [];
    if (opening === '') throw new Error('RE2 accepts a group that is not known here');
    const own = letters === undefined ? { ...flags } : { folds: folds(letters, flags) };
    if (end === ')') {
      flags.folds = own.folds;
      return { kind: 'empty' };
    }
    if (end === undefined) this.#groups += 1;
    const index = this.#groups;
    const part = this.choice(own);
    this.#at += 1;
    return end === undefined ? { kind: 'group', part, index } : part;
  }

  #repeated(part: PatternPart): PatternPart {
    const [text, from, comma, to] = this.#take(QUANTIFIER) ?? [];
    if (text === undefined) return part;
    if (from !== undefined) {
      const min = Number(from);
      return { kind: 'repeat', part, min, max: to ? Number(to) : comma ? Number.POSITIVE_INFINITY : min };
    }
    return { kind: 'repeat', part, min: text[0] === '+' ? 1 : 0, max: text[0] === '?' ? 1 : Number.POSITIVE_INFINITY };
  }

  #charPart(text: string, { folds }: Flags): PatternPart {
    // Most are letters that stand for themselves; RE2 need not be asked.
    if (!folds && /^[\w-]$/.test(text)) return { kind: 'char', chars: text };
    const one = `${folds ? '(?i)' : ''}${text}`;
    const chars = this.#asked.get(one) ?? charsOf(one);
    this.#asked.set(one, chars);
    return { kind: 'char', chars };
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text) ?? undefined;
    if (match !== undefined) this.#at = pattern.lastIndex;
    return match;
  }
}

const folds = (letters: string, flags: Flags): boolean => {
  const [on = '', off = ''] = letters.split('-');
  return !off.includes('i') && (on.includes('i') || flags.folds);
};

const charsOf = (pattern: string): string => {
  const one = RE2JS.compile(pattern);
  return TAG_CHARS.filter((char) => one.matches(char)).join('');
};
