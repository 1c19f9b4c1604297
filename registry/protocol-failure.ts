import type { RegistryFailure } from './port.js';

/** An answer that no registry should give; the message is fit for a status. */
export function protocolFailure(message: string): RegistryFailure {
  return { kind: 'failed', code: 'protocol', message };
}
