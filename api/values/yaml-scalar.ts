/** What a scalar of a source of values is to Helm. */
export type Scalar =
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
  /** `value` has lost digits if it is not safe; NaN and the infinities are numbers, too. */
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  /** Its tag says what it is not. */
  | { readonly kind: 'wrong'; readonly tag: string };

const PREFIX = 'tag:yaml.org,2002:';

/** A tag of YAML's own as it is usually written: `!!int`; others as they are. */
export const shortTag = (tag: string): string => (tag.startsWith(PREFIX) ? `!!${tag.slice(PREFIX.length)}` : tag);

const WORDS: ReadonlyMap<string, Scalar> = new Map(
  (
    [
      [{ kind: 'boolean', value: true }, 'y Y yes Yes YES true True TRUE on On ON'],
      [{ kind: 'boolean', value: false }, 'n N no No NO false False FALSE off Off OFF'],
      [{ kind: 'null' }, '~ null Null NULL'],
      [{ kind: 'float', value: Number.NaN }, '.nan .NaN .NAN'],
      [{ kind: 'float', value: Number.POSITIVE_INFINITY }, '.inf .Inf .INF +.inf +.Inf +.INF'],
      [{ kind: 'float', value: Number.NEGATIVE_INFINITY }, '-.inf -.Inf -.INF'],
    ] satisfies [Scalar, string][]
  ).flatMap(([scalar, words]) => words.split(' ').map((word) => [word, scalar] as const)),
);

/** Integers with the prefixes that Go's strconv.ParseInt knows. Of `0b` the sign may stand behind the prefix: so it does there. */
const INTEGERS: readonly { readonly pattern: RegExp; readonly prefix: string }[] = [
  { pattern: /^([-+]?)0[xX]([\da-fA-F]+)$/, prefix: '0x' },
  { pattern: /^([-+]?)0[oO]?([0-7]+)$/, prefix: '0o' },
  { pattern: /^([-+]?)0[bB]([01]+)$/, prefix: '0b' },
  { pattern: /^0b([-+]?)([01]+)$/, prefix: '0b' },
  { pattern: /^([-+]?)(0|[1-9]\d*)$/, prefix: '' },
];

const FLOAT = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/;

/** Least and largest of Go's integers; what is beyond is a float there. */
const INTEGER_RANGE = [-(2n ** 63n), 2n ** 64n - 1n] as const;

/**
 * What a plain scalar is to go-yaml v2, which sigs.k8s.io/yaml, Helm and werf read with: YAML 1.1 but for base 60 and timestamps, which
 * are texts.
 * @see https://github.com/yaml/go-yaml/blob/v2/resolve.go
 */
export const plainScalar = (text: string): Scalar => {
  if (text === '') return { kind: 'null' };
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (!/^[-+.\d]/.test(text)) return { kind: 'text', value: text };
  return numberOf(text) ?? { kind: 'text', value: text };
};

/** Underscores may stand anywhere in a number that does not begin with a dot. */
const numberOf = (text: string): Scalar | undefined => {
  const digits = text.startsWith('.') ? text : text.replaceAll('_', '');
  const integer = integerOf(digits);
  if (integer !== undefined) return { kind: 'integer', value: integer };
  if (!FLOAT.test(digits)) return undefined;
  const value = Number(digits);
  // Beyond its range a number is a text to Go's reader.
  return Number.isFinite(value) ? { kind: 'float', value } : undefined;
};

const integerOf = (digits: string): bigint | undefined => {
  for (const { pattern, prefix } of INTEGERS) {
    const [, sign, rest] = pattern.exec(digits) ?? [];
    if (rest === undefined) continue;
    const value = BigInt(`${prefix}${rest}`) * (sign === '-' ? -1n : 1n);
    return value >= INTEGER_RANGE[0] && value <= INTEGER_RANGE[1] ? value : undefined;
  }
  return undefined;
};

/** What a scalar with a tag is; quotes do not matter. A tag that is none of YAML's own for scalars says nothing. */
export const taggedScalar = (tag: string, text: string): Scalar => {
  const short = shortTag(tag);
  switch (short) {
    case '!!binary':
      return decoded(text);
    case '!!timestamp':
      return isTimestamp(text) ? { kind: 'text', value: text } : { kind: 'wrong', tag: short };
    case '!!int':
    case '!!float':
    case '!!bool':
    case '!!null':
      return asTagged(short, plainScalar(text));
    default:
      return { kind: 'text', value: text };
  }
};

const KINDS = { '!!int': 'integer', '!!float': 'float', '!!bool': 'boolean', '!!null': 'null' } as const;

const asTagged = (tag: keyof typeof KINDS, scalar: Scalar): Scalar => {
  if (tag === '!!float' && scalar.kind === 'integer') return { kind: 'float', value: Number(scalar.value) };
  return scalar.kind === KINDS[tag] ? scalar : { kind: 'wrong', tag };
};

/** Base64 with its padding; line breaks are passed over, as Go does. What it stands for has to be a text: JSON has nothing else. */
const decoded = (base64: string): Scalar => {
  const digits = base64.replaceAll(/[\r\n]/g, '');
  const bytes = Buffer.from(digits, 'base64');
  const isWhole = digits.length % 4 === 0 && /^[A-Za-z\d+/]*={0,2}$/.test(digits);
  const value = bytes.toString('utf8');
  return isWhole && Buffer.from(value, 'utf8').equals(bytes)
    ? { kind: 'text', value }
    : { kind: 'wrong', tag: '!!binary' };
};

const TIMESTAMP =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?(?:Z|[-+]\d\d:\d\d)| (\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?)?$/;

const isTimestamp = (text: string): boolean => {
  const [, year = 0, month = 0, day = 0, ...time] = (TIMESTAMP.exec(text) ?? []).map(Number);
  const [hour = 0, minute = 0, second = 0] = time.filter((part) => !Number.isNaN(part));
  const days = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
  return month >= 1 && month <= 12 && day >= 1 && day <= days && hour < 24 && minute < 60 && second < 60;
};

/** What a scalar becomes as a key of a JSON object; undefined: it can't be one. */
export const keyText = (scalar: Scalar): string | undefined => {
  switch (scalar.kind) {
    case 'text':
      return scalar.value;
    case 'boolean':
      return String(scalar.value);
    case 'integer':
      return scalar.value < 2n ** 63n ? String(scalar.value) : undefined;
    case 'float':
      return floatKey(scalar.value);
    case 'null':
    case 'wrong':
      return undefined;
  }
};

/** Go's strconv.FormatFloat(value, 'g', -1, 32), which sigs.k8s.io/yaml writes such a key with. */
const floatKey = (value: number): string => {
  const float = Math.fround(value);
  if (Number.isNaN(float)) return '.nan';
  if (!Number.isFinite(float)) return float > 0 ? '.inf' : '-.inf';
  if (float === 0) return Object.is(float, -0) ? '-0' : '0';
  // Nine digits always tell a float of 32 bits.
  const digits = [1, 2, 3, 4, 5, 6, 7, 8].find((count) => Math.fround(Number(float.toPrecision(count))) === float) ?? 9;
  const [mantissa = '', exponent = '0'] = float.toExponential(digits - 1).split('e');
  if (Number(exponent) < -4 || Number(exponent) >= 6) return `${mantissa}e${exponent.replace(/^([-+])(\d)$/, '$10$2')}`;
  return String(Number(float.toPrecision(digits)));
};
