import { get } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { ControlPlaneError } from './control-plane-error.js';
import type { Credentials } from './credentials.js';
import type { SupervisedProcess } from './supervised-process.js';

const READY_WITHIN_MS = 90_000;
const ASK_EVERY_MS = 50;

/** A request to an apiserver that is answered 200, with `text` in its body, once `part` does its work. */
export interface ReadinessProbe {
  readonly port: number;
  readonly path: string;
  readonly text: string;
}

/**
 * Repeats the request until it is answered so. `parts`: those that the answer depends on; the last is the one that is waited for.
 * @throws ControlPlaneError when one of them ends, or after 90 s
 */
export const waitUntilReady = async (options: {
  readonly parts: readonly [...SupervisedProcess[], SupervisedProcess];
  readonly probe: ReadinessProbe;
  readonly credentials: Credentials;
}): Promise<void> => {
  const { parts, probe, credentials } = options;
  const giveUp = new AbortController();
  const failed = parts.map(async (part) => {
    const end = await part.ended;
    throw await failure(part, `ended at start (${end})`);
  });
  const late = delay(READY_WITHIN_MS, undefined, { signal: giveUp.signal }).then(async () => {
    const waited = parts.at(-1) as SupervisedProcess;
    throw await failure(waited, `was not ready in ${READY_WITHIN_MS / 1000} s`);
  });
  late.catch(() => {}); // given up on purpose below
  try {
    await Promise.race([...failed, late, answered(probe, credentials, giveUp.signal)]);
  } finally {
    giveUp.abort();
    for (const part of failed) part.catch(() => {}); // they end when they are stopped, which is no failure then
  }
};

const failure = async (part: SupervisedProcess, what: string): Promise<ControlPlaneError> => {
  const end = await part.logEnd();
  return new ControlPlaneError(`${part.name} ${what}; the end of ${part.logFile}:\n${end}`, end);
};

const answered = async (probe: ReadinessProbe, credentials: Credentials, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted && !(await holds(probe, credentials))) await delay(ASK_EVERY_MS);
};

const holds = ({ port, path, text }: ReadinessProbe, credentials: Credentials): Promise<boolean> => {
  const headers = { authorization: `Bearer ${credentials.adminToken}` };
  const options = { host: '127.0.0.1', port, path, headers, ca: credentials.ca, agent: false, timeout: 5000 };
  return new Promise((resolve) => {
    const asked = get(options, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      answer.on('end', () => resolve(answer.statusCode === 200 && body.includes(text)));
      answer.on('error', () => resolve(false));
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false)); // not listening yet
  });
};
