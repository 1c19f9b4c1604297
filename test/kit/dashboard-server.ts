import type { Test } from 'tap';
import type { Callers } from '../../cli/dashboard/callers.js';
import { startDashboardServer } from '../../cli/dashboard/server.js';
import { sessionAnswer } from '../../cli/dashboard/session-answer.js';
import type { Clock } from '../../process/ports.js';
import { systemRandom } from '../../process/system-clock.js';
import { type PageClient, pageAt } from './page-client.js';

/** The dashboard's server, on fakes. */
interface DashboardFixture extends PageClient {
  readonly port: number;
  /** What is no fault of a caller. */
  readonly faults: readonly unknown[];
}

/** Starts it on fakes; it ends with the spec. */
export const startDashboardFixture = async (
  t: Test,
  { callers, clock, namespace }: { readonly callers: Callers; readonly clock: Clock; readonly namespace?: string },
): Promise<DashboardFixture> => {
  const faults: unknown[] = [];
  const server = await startDashboardServer({
    listen: { host: '127.0.0.1', port: 0 },
    files: { html: '<!doctype html>', js: '// page', css: '/* style */' },
    about: { version: '1.2.3', mode: 'local' },
    callers,
    session: (client, signal) => sessionAnswer(client, { server: 'https://cluster.example:6443', namespace }, signal),
    options: ' --context staging',
    isOwnHost: (host, port) => host === `127.0.0.1:${port}`,
    clock,
    random: systemRandom,
    onFault: (error) => void faults.push(error),
  });
  t.teardown(() => server.stop());
  return { port: server.port, faults, ...pageAt(server.port) };
};
