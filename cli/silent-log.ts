import type { Log } from '../process/ports.js';

/** For parts of the controller that the command line uses, and whose log nobody would read. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};
