/** A number as its shortest decimal digits say: `digits` times ten to the power of `exponent`. */
interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

const decimalOf = (number: number): Decimal => {
  const [mantissa = '0', exponent = '0'] = number.toExponential().split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  return { digits: BigInt(`${whole}${fraction}`), exponent: Number(exponent) - fraction.length };
};

/** Whether a number is a multiple of another one in decimal, as in Helm: 0.3 of 0.1, which is not so with floating-point numbers. */
export const isMultiple = (number: number, of: number): boolean => {
  const [one, other] = [decimalOf(number), decimalOf(of)];
  const least = Math.min(one.exponent, other.exponent);
  const scaled = ({ digits, exponent }: Decimal): bigint => digits * 10n ** BigInt(exponent - least);
  return scaled(other) !== 0n && scaled(one) % scaled(other) === 0n;
};
