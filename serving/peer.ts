import type { Socket } from 'node:net';

/** The address of whoever has opened a connection; IPv4 as such, also where a server listens on IPv6 for both. */
export const peerOf = ({ remoteAddress = 'unknown' }: Pick<Socket, 'remoteAddress'>): string =>
  remoteAddress.replace(/^::ffff:(?=\d+\.)/i, '');
