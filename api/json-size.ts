/**
 * Whether JSON has more than `limit` characters and parts; looks no further than it has to. Without recursion: users decide how deep
 * their values are nested.
 */
export const isLargerThan = (value: unknown, limit: number): boolean => {
  const open: unknown[] = [value];
  let left = limit;
  while (open.length > 0 && left >= 0) {
    const next = open.pop();
    left -= typeof next === 'string' ? next.length + 1 : 1;
    if (typeof next !== 'object' || next === null) continue;
    if (!Array.isArray(next)) left -= Object.keys(next).reduce((sum, key) => sum + key.length, 0);
    const parts = Object.values(next);
    // Each value on the stack counts for at least one: the limit is exceeded already.
    if (open.length + parts.length > left) return true;
    open.push(...parts);
  }
  return left < 0;
};
