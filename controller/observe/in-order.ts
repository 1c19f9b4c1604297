/**
 * As Promise.all; but where several fail, the first in their order counts, whichever failed first: what is told of it stays the same from
 * one look to the next.
 */
export const allInOrder = async <T extends readonly unknown[] | []>(
  readings: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> => {
  const failed = (await Promise.allSettled(readings)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  return Promise.all(readings);
};
