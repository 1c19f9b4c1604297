/** A quantity, or why a text is none; `reason` does not repeat the text. */
type ParsedQuantity =
  | { readonly kind: 'ok'; readonly milli: bigint }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Powers of ten of the decimal suffixes. */
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
/** Powers of 1024 of the binary suffixes. */
const BINARY: Readonly<Record<string, number>> = { Ki: 1, Mi: 2, Gi: 3, Ti: 4, Pi: 5, Ei: 6 };
/** Larger exponents are useless, and expensive to compute with; the CRD has the same bound. */
const MAX_EXPONENT_DIGITS = 2;

interface Parts {
  readonly negative: boolean;
  readonly whole: string;
  readonly fraction: string;
  /** `Gi`, `m`, `e3`, or '' */
  readonly suffix: string;
}

const partsOf = (text: string): Parts | undefined => {
  const found = /^([-+]?)(\d*)\.?(\d*)(|[numkMGTPE]|[KMGTPE]i|[eE][-+]?\d+)$/.exec(text);
  const [, sign = '', whole = '', fraction = '', suffix = ''] = found ?? [];
  return found === null || whole + fraction === '' ? undefined : { negative: sign === '-', whole, fraction, suffix };
};

/**
 * Reads a Kubernetes quantity: `500m`, `1.5`, `1Gi`, `1e3`, or a whole number.
 * @returns thousandths, rounded away from zero as Kubernetes rounds; never throws
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export const parseQuantity = (q: string | number): ParsedQuantity => {
  if (typeof q === 'number') {
    return Number.isSafeInteger(q)
      ? { kind: 'ok', milli: BigInt(q) * 1000n }
      : { kind: 'invalid', reason: 'a number must be whole; put others in quotes' };
  }
  const parts = partsOf(q);
  if (parts === undefined) return { kind: 'invalid', reason: 'is no quantity' };
  if (/^[eE][-+]?\d/.test(parts.suffix) && parts.suffix.replace(/^\D+/, '').length > MAX_EXPONENT_DIGITS) {
    return { kind: 'invalid', reason: `an exponent has at most ${MAX_EXPONENT_DIGITS} digits` };
  }
  const amount = milliOf(parts);
  return { kind: 'ok', milli: parts.negative ? -amount : amount };
};

const milliOf = ({ whole, fraction, suffix }: Parts): bigint => {
  const digits = BigInt(whole + fraction);
  const binary = Object.hasOwn(BINARY, suffix) ? BINARY[suffix] : undefined;
  if (binary !== undefined) return ceilDivide(digits * 1000n * 1024n ** BigInt(binary), 10n ** BigInt(fraction.length));
  const exponent = (Object.hasOwn(DECIMAL, suffix) ? DECIMAL[suffix] : undefined) ?? Number(suffix.slice(1));
  const power = exponent + 3 - fraction.length;
  return power >= 0 ? digits * 10n ** BigInt(power) : ceilDivide(digits, 10n ** BigInt(-power));
};

const ceilDivide = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

/**
 * The memory limit to suggest for a Pod that ran out of memory: twice `q`, in the same notation: `1Gi` → `2Gi`, `512Mi` → `1Gi`,
 * `1.5Gi` → `3Gi`, `1e9` → `2e9`. `2Gi` if `q` is no quantity.
 */
export const nextMemory = (q: string | number): string => {
  const parts = partsOf(String(q));
  if (parts === undefined) return '2Gi';
  const { whole, fraction, suffix } = parts;
  const doubled = String(BigInt(whole + fraction) * 2n).padStart(fraction.length + 1, '0');
  const point = doubled.length - fraction.length;
  const decimals = doubled.slice(point).replace(/0+$/, '');
  return decimals === ''
    ? inLargerUnit(BigInt(doubled.slice(0, point)), suffix)
    : `${doubled.slice(0, point)}.${decimals}${suffix}`;
};

const LADDERS: readonly { readonly step: bigint; readonly units: readonly string[] }[] = [
  { step: 1024n, units: ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] },
  { step: 1000n, units: ['k', 'M', 'G', 'T', 'P', 'E'] },
];

const inLargerUnit = (amount: bigint, suffix: string): string => {
  for (const { step, units } of LADDERS) {
    const larger = units[units.indexOf(suffix) + 1];
    if (units.includes(suffix) && larger !== undefined && amount > 0n && amount % step === 0n) {
      return `${amount / step}${larger}`;
    }
  }
  return `${amount}${suffix}`;
};
