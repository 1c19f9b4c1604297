/**
 * A quantile by the nearest rank: always one of the values.
 * @param share - from 0 to 1
 * @throws RangeError if there are no values
 */
export const quantile = (values: Iterable<number>, share: number): number => {
  const sorted = Float64Array.from(values).sort();
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new RangeError('no values');
  return value;
};

/** The value in the middle; of an even number, the mean of the two. @throws RangeError if there are none */
export const median = (values: readonly number[]): number =>
  (quantile(values, 0.5) + quantile(values, 0.5 + 0.5 / values.length)) / 2;
