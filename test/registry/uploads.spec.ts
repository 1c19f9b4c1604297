import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { systemClock } from '../../process/system-clock.js';
import { Connections } from '../../registry/connections.js';
import { createExchange } from '../../registry/exchange.js';
import { HostLimiter } from '../../registry/host-limiter.js';
import { NO_PROXIES } from '../../registry/proxies.js';
import { signal } from '../kit/registry-client.js';

const MIB = 1024 * 1024;
/** More than what the system keeps of a connection, on either end. */
const UPLOAD = Buffer.alloc(32 * MIB, 'x');
const SILENCE_MS = 1_000;

t.test('an upload has all the time it needs while it goes on, and little once it stands still', async (t) => {
  let stopsAt = Number.POSITIVE_INFINITY;
  let taken = 0;
  const server = createServer(async (req, res) => {
    taken = 0;
    for await (const piece of req) {
      taken += piece.length;
      // About 3 s in all, with a rest after each MiB.
      if (taken % MIB < piece.length) await delay(100);
      if (taken >= stopsAt) return;
    }
    res.writeHead(201).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.closeAllConnections());
  t.teardown(() => server.close());
  const connections = new Connections({
    connectMs: SILENCE_MS,
    headersMs: SILENCE_MS,
    addresses: () => undefined,
    proxies: NO_PROXIES,
  });
  t.teardown(() => connections.close());
  const hosts = new HostLimiter({
    clock: systemClock,
    rate: { perSecond: 10, burst: 10 },
    inFlight: 1,
    timeScale: 1,
  });
  const exchange = createExchange({
    connections,
    hosts,
    clock: systemClock,
    userAgent: 'test',
    bodyMs: SILENCE_MS,
    bodyBytes: MIB,
  });
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/upload`);
  const upload = () => exchange({ method: 'PUT', url, headers: {}, body: UPLOAD }, { insecure: true }, signal);
  const begin = performance.now();
  t.match(await upload(), { kind: 'answer', status: 201 });
  t.equal(taken, UPLOAD.length, 'all of it has come');
  t.ok(performance.now() - begin > 2 * SILENCE_MS, 'it took longer than an answer may');
  stopsAt = 4 * MIB;
  t.match(await upload(), { kind: 'failed', code: 'timeout' });
});
