/** What the table of a class such as `\p{L}` counts: it is looked up, and may be folded. */
const TABLE = 40;
/** What a range of characters beyond ASCII counts where case does not matter: each of its characters is looked up. */
const FOLDED_RANGE = 1500;

/**
 * The most instructions that an expression becomes, and what it takes to make them, some microseconds each: repetitions count as often
 * as they repeat, those within repetitions too. Takes time linear in the text; of what is no expression it says anything.
 */
export const expressionSize = (text: string): number => new Measure(text).size();

const LITERAL = /\\Q(?:[^\\]|\\(?!E))*(?:\\E)?/y;
const CLASS = /\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]?/y;
const TABLE_NAME = /\\[pP](?:\{[^}]*\}|[\s\S])?/y;
const ESCAPE = /\\(?:x\{[^}]*\}|[\s\S])?/y;
const REPETITION = /\{(\d+)(?:,(\d*))?\}/y;

/** An expression that is read from left to right. */
class Measure {
  readonly #text: string;
  readonly #isFolded: boolean;
  #at = 0;
  /** To read what is written costs once, however often it is repeated. */
  #reading = 0;
  /** Of the groups that are open, what is before each of them. */
  readonly #outer: number[] = [];
  /** Of the innermost group, but for its last part. */
  #before = 0;
  /** What a repetition would repeat. */
  #last = 0;

  constructor(text: string) {
    this.#text = text;
    this.#isFolded = /\(\?[a-zA-Z]*i/.test(text);
  }

  size(): number {
    while (this.#at < this.#text.length) this.#part();
    return [...this.#outer, this.#before, this.#last].reduce((sum, size) => sum + size, this.#reading + 1);
  }

  #part(): void {
    const first = this.#text.charAt(this.#at);
    if (first === '\\') this.#escape();
    else if (first === '[') this.#class();
    else if (first === '(') this.#open();
    else if (first === ')') this.#close();
    else if (first === '{') this.#repeat();
    else {
      this.#at += 1;
      if (/[*+?]/.test(first)) this.#last += 1;
      else this.#add(1);
    }
  }

  #take(token: RegExp): string | undefined {
    token.lastIndex = this.#at;
    const [found] = token.exec(this.#text) ?? [];
    this.#at += found?.length ?? 0;
    return found;
  }

  #add(size: number): void {
    this.#before += this.#last;
    this.#last = size;
  }

  #escape(): void {
    const literal = this.#take(LITERAL);
    if (literal !== undefined) {
      this.#add(literal.length);
      return;
    }
    const isTable = this.#take(TABLE_NAME) !== undefined;
    if (!isTable) this.#take(ESCAPE);
    if (isTable) this.#reading += TABLE;
    this.#add(1);
  }

  #class(): void {
    const written = this.#take(CLASS) ?? '';
    const tables = written.split(/\\[pP]/).length - 1;
    const isWide = this.#isFolded && /[^\0-\x7f]|\\x/.test(written);
    const ranges = isWide ? written.split('-').length - 1 : 0;
    this.#reading += Math.ceil(written.length / 4) + tables * TABLE + ranges * FOLDED_RANGE;
    this.#add(1);
  }

  #open(): void {
    this.#at += 1;
    this.#outer.push(this.#before + this.#last);
    this.#before = 3;
    this.#last = 0;
  }

  #close(): void {
    this.#at += 1;
    const outer = this.#outer.pop();
    // None is open: it is no expression.
    if (outer === undefined) return;
    this.#last += this.#before;
    this.#before = outer;
  }

  #repeat(): void {
    REPETITION.lastIndex = this.#at;
    const [whole, least = '', most] = REPETITION.exec(this.#text) ?? [];
    this.#at += whole?.length ?? 1;
    if (whole === undefined) this.#add(1);
    else this.#last = (this.#last + 1) * Math.max(Number(least), Number(most ?? 0), 1);
  }
}
