/** A duration, or why a text is none; `reason` does not repeat the text. */
type ParsedDuration =
  | { readonly kind: 'ok'; readonly ms: number }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Nanoseconds in each of Go's units; both spellings of the micro sign. */
const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
/** What people write for longer times; Go has no such units. */
const LONGER_UNITS: Readonly<Record<string, string>> = { d: '24h', day: '24h', days: '24h', w: '168h', week: '168h' };
const MAX_INT64 = 2n ** 63n - 1n;

/**
 * Reads a duration as Go's time.ParseDuration does: `15m`, `1h30m`, `1.5h`, `.5h`, `250ms`. No sign.
 * @returns milliseconds, with a fraction where the text has nanoseconds; never throws
 * @see https://pkg.go.dev/time#ParseDuration
 */
export const parseDuration = (text: string): ParsedDuration => {
  if (text === '0') return { kind: 'ok', ms: 0 };
  if (text === '') return invalid('is empty');
  if (/\s/.test(text)) return invalid('white space is not allowed');
  if (/^[-+]/.test(text)) return invalid('a sign is not allowed');
  let total = 0n;
  let rest = text;
  while (rest !== '') {
    const [all = '', whole = '', fraction = '', unit = ''] = /^(\d*)\.?(\d*)([^\d.]*)/.exec(rest) ?? [];
    if (whole === '' && fraction === '') return invalid('is no duration');
    if (unit === '') return invalid(rest === all ? 'a unit is missing' : 'is no duration');
    const size = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
    if (size === undefined) return invalid(unknownUnit(unit));
    total += BigInt(whole) * size + fractionOf(fraction, size);
    if (total > MAX_INT64) return invalid('is too long for a duration');
    rest = rest.slice(all.length);
  }
  return { kind: 'ok', ms: Number(total) / 1e6 };
};

const invalid = (reason: string): ParsedDuration => ({ kind: 'invalid', reason });

const unknownUnit = (unit: string): string => {
  const longer = Object.hasOwn(LONGER_UNITS, unit) ? LONGER_UNITS[unit] : undefined;
  const hint = longer === undefined ? 'there are "s", "m" and "h"' : `1${unit} is written "${longer}"`;
  return `${JSON.stringify(unit)} is no unit: ${hint}`;
};

/** Nanoseconds of the digits behind the point, with Go's own rounding: the bounds must agree with the apiserver's to the last one. */
const fractionOf = (digits: string, unit: bigint): bigint => {
  let value = 0n;
  let scale = 1;
  for (const digit of digits) {
    const next = value * 10n + BigInt(digit);
    if (value > MAX_INT64 / 10n || next > MAX_INT64 + 1n) break;
    value = next;
    scale *= 10;
  }
  return BigInt(Math.trunc(Number(value) * (Number(unit) / scale)));
};

/**
 * Writes a duration shortly, so that {@link parseDuration} reads it back: `30s`, `8m`, `1h30m`, `1m30.5s`, `250ms`.
 * @param ms - milliseconds; parts of a millisecond are rounded
 */
export const formatDuration = (ms: number): string => {
  if (ms < 0) return `-${formatDuration(-ms)}`;
  const whole = Math.round(ms);
  if (whole > 0 && whole < 1000) return `${whole}ms`;
  const hours = Math.floor(whole / 3_600_000);
  const minutes = Math.floor((whole % 3_600_000) / 60_000);
  const seconds = (whole % 60_000) / 1000;
  const text = `${hours > 0 ? `${hours}h` : ''}${minutes > 0 ? `${minutes}m` : ''}${seconds > 0 ? `${seconds}s` : ''}`;
  return text === '' ? '0s' : text;
};
