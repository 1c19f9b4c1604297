import { StartError } from './start-error.js';

/**
 * Why a server cannot listen, for the person who started it.
 * @param flag - where to give another address: `--health-address`
 */
export const listenFault = (
  error: unknown,
  where: { readonly host: string; readonly port: number; readonly flag: string },
): StartError => {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const address = `${where.host.includes(':') ? `[${where.host}]` : where.host}:${where.port}`;
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'the port is in use',
    EACCES: 'ports below 1024 need a privilege that this user has not',
    EADDRNOTAVAIL: 'the address is none of this machine',
    ENOTFOUND: 'the name is not known',
    EAI_AGAIN: 'the name cannot be resolved',
  };
  const line = `cannot listen on ${address}: ${reasons[code] ?? message}; give another ${where.flag}`;
  return new StartError([line], { cause: error });
};
