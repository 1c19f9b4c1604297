import { setTimeout as delay } from 'node:timers/promises';

/** How long a CRD is waited for, milliseconds, and how long between two questions. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 200;

/**
 * Waits until a CRD is served. `kubectl wait` alone won't do: of a CRD so new that it has no conditions yet it says "accessor error",
 * and ends.
 * @param kubectl - runs kubectl with these words
 * @returns whether it is served; false after half a minute
 */
export const established = async (
  kubectl: (words: readonly string[]) => Promise<{ readonly code: number }>,
  crd: string,
): Promise<boolean> => {
  const words = ['wait', '--for=condition=Established', '--timeout=30s', `crd/${crd}`];
  for (const start = performance.now(); performance.now() - start < PATIENCE_MS; await delay(PAUSE_MS)) {
    if ((await kubectl(words)).code === 0) return true;
  }
  return false;
};
