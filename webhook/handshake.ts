import { isIP } from 'node:net';
import { checkServerIdentity, connect } from 'node:tls';

/** Whom to connect to, and what certificate to accept. */
interface HandshakeOptions {
  /** A local address. */
  readonly host: string;
  readonly port: number;
  /** DNS name or IP address that the certificate must be valid for. */
  readonly name: string;
  /** CAs, PEM; no others are trusted. */
  readonly trusted: readonly string[];
}

type Handshake =
  /** `fingerprint`: SHA-256 of the certificate. */
  { readonly kind: 'ok'; readonly fingerprint: string } | { readonly kind: 'failed'; readonly reason: string };

/** A handshake with oneself takes milliseconds; a server that needs longer than this can't serve. */
const TIMEOUT_MS = 5000;

/** Makes a TLS handshake and hangs up, as an apiserver would begin a call. Never rejects. */
export const shakeHands = ({ host, port, name, trusted }: HandshakeOptions): Promise<Handshake> =>
  new Promise((resolve) => {
    const socket = connect({
      host,
      port,
      ca: [...trusted],
      ...(isIP(name) === 0 && { servername: name }),
      checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
    });
    const end = (handshake: Handshake): void => {
      socket.destroy();
      resolve(handshake);
    };
    socket.setTimeout(TIMEOUT_MS, () => end({ kind: 'failed', reason: `no handshake within ${TIMEOUT_MS / 1000} s` }));
    socket.once('error', ({ message }) => end({ kind: 'failed', reason: message }));
    socket.once('secureConnect', () => end({ kind: 'ok', fingerprint: socket.getPeerCertificate().fingerprint256 }));
  });
