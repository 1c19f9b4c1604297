/**
 * As Promise.all, but if several fail, the first one in the list counts, not the first in time: so the same failure is reported each time.
 */
export const allInOrder = async <T extends readonly unknown[] | []>(
  readings: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> => {
  const failed = (await Promise.allSettled(readings)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  return Promise.all(readings);
};
