import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

/** A port of 127.0.0.1 that nobody else can take until it is released. */
export interface HeldPort {
  readonly port: number;
  /** Lets go of it, to be called just before a program that listens on it is started. */
  release(): Promise<void>;
}

/** Holds free ports of 127.0.0.1, all different, because all are held at once. */
export async function holdPorts<const N extends readonly string[]>(
  names: N,
): Promise<Readonly<Record<N[number], HeldPort>>> {
  const held = await Promise.all(names.map(async (name) => [name, await hold()] as const));
  return Object.fromEntries(held) as Record<N[number], HeldPort>;
}

async function hold(): Promise<HeldPort> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, release: () => close(server) };
}

const close = (server: Server): Promise<void> => new Promise((resolve) => void server.close(() => resolve()));
