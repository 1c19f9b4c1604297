import { createWriteStream } from 'node:fs';
import type { Log } from '../kube/ports.js';
import { createLog } from '../kube/process/json-log.js';

/** A log that goes to a file: the playground's screen is for people. */
export const fileLog = (file: string): Log => {
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  return createLog({ level: 'info', name: 'playground', destination: { write: (line) => stream.write(line) } });
};
