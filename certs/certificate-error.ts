import { StartError } from '../process/start-error.js';

/** Certificates that can't be used or published; the message says which file or object, and why, and holds none of their content. */
export class CertificateError extends StartError {
  override readonly name = 'CertificateError';

  constructor(message: string, cause?: unknown) {
    super([message], cause === undefined ? undefined : { cause });
  }
}
