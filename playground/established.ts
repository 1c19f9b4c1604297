import { setTimeout as delay } from 'node:timers/promises';

/** How long to wait for a CRD, milliseconds, and how long between two requests. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 200;

/**
 * Waits until a CRD is served. `kubectl wait` alone is not enough: for a CRD that is so new that it has no conditions yet, it fails with
 * "accessor error".
 * @param kubectl - runs kubectl with these arguments
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
