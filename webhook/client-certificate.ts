import type { TLSSocket } from 'node:tls';

/** Whose certificates are accepted. */
export interface ClientAuthorities {
  /** CAs, PEM. */
  readonly pem: string;
  /** Common names that are accepted; all of these CAs if there are none. */
  readonly names: readonly string[];
}

/**
 * Whether a caller has shown a certificate that the server's client CAs vouch for, with one of these names.
 *
 * `authorized` alone does not say so: Node has it true of a caller that resumes a TLS 1.3 session which had no certificate.
 * Several common names are none: programs differ in which of them counts.
 */
export const hasAcceptedCertificate = (socket: TLSSocket, { names }: Pick<ClientAuthorities, 'names'>): boolean => {
  if (!socket.authorized) return false;
  const { subject }: { readonly subject?: { readonly CN?: unknown } } = socket.getPeerCertificate();
  if (subject === undefined) return false;
  return names.length === 0 || (typeof subject.CN === 'string' && names.includes(subject.CN));
};
