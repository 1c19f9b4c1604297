/** A number in [0, 1) for each call, the same ones for the same seed. */
const randomOf = (seed: number) => {
  let state = seed >>> 0;
  return (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const WORDS =
  'y Y yes Yes YES yEs n N no No NO on On ON oN off Off OFF true True TRUE tRue false False FALSE null Null NULL nUll ~ nil none';
const NUMBERS =
  '0 -0 +0 00 1 -1 +1 007 0644 -0644 0o644 0O17 -0o17 08 0899 019 0x1F 0X1f -0x1f 0x 0xg 0b101 0B11 -0b101 0b12 0b-1 0b+1 0b 1_000 1__0 1_ 0_644 0x_ff 0b1_0 _1 -_1 1e3 1E3 1e+3 1e-3 1.5 -1.5 +1.5 .5 -.5 +.5 1. 1.e3 .e3 . - + 1_0.5 1._5 ._5 1e3_0 1e400 1e-400 1e21 123456.789 0.00001 1e-7 9007199254740991 -9007199254740991 1000000 1234567.5 .iNf inf NaN 12:30 1:30:45 190:20:30.15 2024-01-01 2001-12-14t21:59:43.10-05:00 2001-12-15 1.2.3 1,000 0x1.8p1 12e 1e 1e+ --1 +-1 0.0 -0.1 6063e25 9765483';
const TEXTS = [
  'plain',
  'two words',
  'a#b',
  'a:b',
  'http://x/y?z=1',
  "it's",
  'a"b',
  '-x',
  '?x',
  ':x',
  '/path/to',
  '$(HOME)',
  '{{x}}y',
  '=',
  '<<x',
  'ü🚀',
  'x, y',
  '100%',
  'v1.10',
  '^1.2',
  '1 2',
  '1-2',
  'a & b',
  'a * b',
  '(x)',
  '\\n',
  '!x',
  '~x',
];
const QUOTED = [
  '',
  'yes',
  '0777',
  '1e3',
  'null',
  '~',
  'a: b',
  '# x',
  '- x',
  '{x}',
  '<<',
  ' lead',
  'trail ',
  'tab\there',
  'ü',
  '%',
  '@x',
  '*x',
  '&x',
  '!x',
  '|',
  '>',
  'a\nb',
  'a\n\nb\n',
];
const TAGGED = [
  '!!str yes',
  '!!str 1',
  '!!str',
  '!!str 0777',
  '!!int 12',
  '!!int "12"',
  '!!int 0x1f',
  '!!int "0644"',
  '!!float 1',
  '!!float 1.5',
  '!!float "1e3"',
  '!!float 0x10',
  '!!bool yes',
  '!!bool "off"',
  '!!bool true',
  '!!null ~',
  "!!null ''",
  '!!null',
  '!!binary aGk=',
  '!!binary "aGVsbG8="',
  '!!binary eWVz',
  '!!timestamp 2001-01-01',
  '! 12',
  '! "12"',
  '! yes',
  '!<tag:yaml.org,2002:str> 1',
  '!!float .5',
  '!!float 1_000',
  '!!binary ""',
];
/** What Helm refuses. */
const REFUSED = [
  '.inf',
  '-.Inf',
  '+.INF',
  '.NAN',
  '!!int 1.5',
  '!!int x',
  '!!bool 1',
  '!!null x',
  '!!float x',
  '!!binary x',
  '!!timestamp x',
  '!!float .inf',
  '*nowhere',
];
/** Helm takes no two of them for keys that differ and have the same text, of which either may win there. */
const KEYS = [
  'a',
  'b',
  'c',
  'd',
  'e',
  'f',
  'g',
  'app',
  'image',
  'name',
  'replicas',
  'y',
  'n',
  'yes',
  'No',
  'on',
  'off',
  'true',
  'False',
  '1',
  '2',
  '0777',
  '0o17',
  '0x10',
  '1_000',
  '1e3',
  '1.5',
  '.5',
  '1e6',
  '1234567.0',
  '0.00001',
  '1e-7',
  '123456789.125',
  '16777217.0',
  '1e300',
  '-1',
  '+1',
  '08',
  '-.inf',
  '2024-01-01',
  '12:30',
  '"y"',
  "'n'",
  '"01"',
  '""',
  '"kubernetes.io/role"',
  'kubernetes.io/role',
  'a b',
  '!!str y',
  '!!int "7"',
  '!!bool on',
  '!!binary aGk=',
  '! 3',
  '!!float 3',
  '"<<"',
  '-x',
  'ü',
  '"a\\nb"',
  '"[0]"',
  'a.b',
  '__proto__',
  'constructor',
  '=',
];

const PLAIN_KEYS = 'app web db image tag name port host replicas env mode labels spec size user'.split(' ');

/** Texts of sources of values: of all kinds of scalars, keys, tags, anchors, merge keys and styles, and now and then of what is refused. */
class SourceWriter {
  readonly #random: () => number;
  /** Anchors that may be referred to: of maps, and of anything else. */
  #maps: string[] = [];
  #others: string[] = [];
  #anchors = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  source(): string {
    this.#maps = [];
    this.#others = [];
    this.#anchors = 0;
    const head = this.#oneOf(['', '', '', '', '', '---\n', '# values\n', '%YAML 1.1\n---\n']);
    return `${head}${this.#map(0, 2)}${this.#oneOf(['', '', '', '# end\n', '\n', '...\n'])}`;
  }

  #chance(part: number): boolean {
    return this.#random() < part;
  }

  #oneOf<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random() * items.length)] as T;
  }

  #below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  /** Lines of a block map. */
  #map(indent: number, depth: number): string {
    const keys = this.#keys(1 + this.#below(5));
    return keys.map((key) => this.#entry(key, indent, depth)).join('');
  }

  #keys(count: number): readonly string[] {
    const keys = new Set(Array.from({ length: count }, () => this.#oneOf(this.#chance(0.5) ? PLAIN_KEYS : KEYS)));
    if (this.#maps.length > 0 && this.#chance(0.3)) {
      const items = [...keys];
      items.splice(this.#below(items.length + 1), 0, '<<');
      return items;
    }
    return [...keys];
  }

  #entry(key: string, indent: number, depth: number): string {
    const pad = ' '.repeat(indent);
    if (key === '<<') return `${pad}<<: ${this.#merge()}\n`;
    const name = key.startsWith('?') ? key : `${pad}${key}:`;
    const kind = depth === 0 ? 0 : this.#random();
    if (kind < 0.55) return `${name}${this.#scalar(indent)}`;
    if (kind < 0.75)
      return this.#anchored(this.#maps, (anchor) => `${name}${anchor}\n${this.#map(indent + 2, depth - 1)}`);
    if (kind < 0.85) {
      const dash = this.#chance(0.5) ? indent : indent + 2;
      return this.#anchored(this.#others, (anchor) => `${name}${anchor}\n${this.#list(dash, depth - 1)}`);
    }
    if (kind < 0.93) return this.#anchored(this.#maps, (anchor) => `${name}${anchor} ${this.#flowMap(depth - 1)}\n`);
    return this.#anchored(this.#others, (anchor) => `${name}${anchor} ${this.#flowList(depth - 1)}\n`);
  }

  /** An anchor may be referred to once its node has ended. */
  #anchored(names: string[], write: (anchor: string) => string): string {
    if (!this.#chance(0.35)) return write('');
    this.#anchors += 1;
    const anchor = this.#chance(0.8) ? `x${this.#anchors}` : 'again';
    const text = write(` &${anchor}`);
    if (anchor !== 'again') names.push(anchor);
    return text;
  }

  #list(indent: number, depth: number): string {
    const pad = ' '.repeat(indent);
    return Array.from({ length: 1 + this.#below(3) }, () => {
      if (depth > 0 && this.#chance(0.25)) return `${pad}- ${this.#map(indent + 2, depth - 1).trimStart()}`;
      return `${pad}-${this.#scalar(indent)}`;
    }).join('');
  }

  /** With what is before it, up to the end of its line or lines. */
  #scalar(indent: number): string {
    const kind = this.#random();
    if (kind < 0.08) return `${this.#oneOf(['', ' ', ' # nothing'])}\n`;
    if (kind < 0.14 && this.#maps.length + this.#others.length > 0)
      return ` *${this.#oneOf([...this.#maps, ...this.#others])}\n`;
    if (kind < 0.2) return this.#block(indent);
    const comment = this.#chance(0.1) ? ' # yes' : '';
    return this.#anchored(this.#others, (anchor) => `${anchor} ${this.#flowScalar(false)}${comment}\n`);
  }

  #block(indent: number): string {
    const head = `${this.#oneOf(['|', '>'])}${this.#oneOf(['', '-', '+'])}`;
    const lines = Array.from({ length: 1 + this.#below(3) }, () =>
      this.#oneOf(['yes', 'a b', '', '  more', '# no comment', '0777', 'a: b']),
    );
    const pad = ' '.repeat(indent + 2);
    const first = `${pad}first\n`;
    return ` ${head}\n${first}${lines.map((line) => (line === '' ? '\n' : `${pad}${line}\n`)).join('')}`;
  }

  #flowScalar(inFlow: boolean): string {
    if (this.#chance(0.004)) return this.#oneOf(REFUSED);
    const kind = this.#random();
    if (kind < 0.25) return this.#oneOf(WORDS.split(' '));
    if (kind < 0.55) {
      const number = this.#oneOf(NUMBERS.split(' '));
      return inFlow && /[-,]$|^[-+.]$/.test(number) ? '0' : number.replace(inFlow ? ',' : '\0', '');
    }
    if (kind < 0.65) return String((this.#random() - 0.5) * 10 ** this.#below(18)).slice(0, 2 + this.#below(14));
    if (kind < 0.75) return inFlow ? 'text' : this.#plain();
    if (kind < 0.85) return JSON.stringify(this.#oneOf(QUOTED));
    if (kind < 0.93) return `'${this.#oneOf(QUOTED).replaceAll("'", "''").replaceAll('\n', ' ')}'`;
    return `${this.#oneOf(TAGGED)}${inFlow ? ' ' : ''}`;
  }

  #plain(): string {
    const text = this.#oneOf(TEXTS);
    return text === '!x' || text === '{{x}}y' ? 'x' : text;
  }

  #flowMap(depth: number): string {
    const keys = this.#keys(this.#below(4)).filter((key) => !/^[-=]/.test(key));
    return `{${keys.map((key) => `${key}: ${key === '<<' ? this.#merge() : this.#flow(depth)}`).join(', ')}}`;
  }

  #flowList(depth: number): string {
    return `[${Array.from({ length: this.#below(4) }, () => this.#flow(depth)).join(', ')}]`;
  }

  #flow(depth: number): string {
    if (depth > 0 && this.#chance(0.15))
      return this.#chance(0.5) ? this.#flowMap(depth - 1) : this.#flowList(depth - 1);
    if (this.#maps.length > 0 && this.#chance(0.05)) return `*${this.#oneOf(this.#maps)} `;
    return this.#flowScalar(true);
  }

  #merge(): string {
    const kind = this.#random();
    if (kind < 0.02) return 'text';
    if (kind < 0.1) return '{a: merged, zz: 1}';
    if (this.#maps.length === 0 || kind < 0.3) {
      const some = Array.from({ length: 1 + this.#below(2) }, () =>
        this.#maps.length > 0 ? `*${this.#oneOf(this.#maps)} ` : '{b: 1}',
      );
      return `[${some.join(', ')}]`;
    }
    return `*${this.#oneOf(this.#maps)}`;
  }
}

/** Files as somebody gives them to `helm -f`, in their order: the same ones for the same seed. */
export const valuesFiles = (seed: number, count: number): readonly (readonly string[])[] => {
  const random = randomOf(seed);
  const writer = new SourceWriter(random);
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + Math.floor(random() * 2.2) }, () => writer.source()),
  );
};
