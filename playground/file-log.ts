import { createWriteStream } from 'node:fs';
import { createLog } from '../process/json-log.js';
import type { Log } from '../process/ports.js';

/** A log that goes to a file: the playground's screen is for people. */
export const fileLog = (file: string): Log => {
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  return createLog({ level: 'info', name: 'playground', destination: { write: (line) => stream.write(line) } });
};
