import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** A port of 127.0.0.1 that nobody else can take until it is released. */
export interface HeldPort {
  readonly port: number;
  /** Releases it; to be called just before a program that listens on it is started. May be called again. */
  release(): Promise<void>;
}

/** Holds free ports of 127.0.0.1, all different, because all are held at once. */
export const holdPorts = async <const Name extends string>(
  names: readonly Name[],
): Promise<Readonly<Record<Name, HeldPort>>> => {
  const held = await Promise.all(names.map(async (name) => [name, await holdPort(0)] as const));
  return Object.fromEntries(held) as Record<Name, HeldPort>;
};

/** @param wanted - 0 for any free one @throws what the system says of a port that can't be had, EADDRINUSE for example */
export const holdPort = async (wanted: number): Promise<HeldPort> => {
  const server = createServer().listen(wanted, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, release: () => new Promise((resolve) => void server.close(() => resolve())) };
};
