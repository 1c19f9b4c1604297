import { isIPv6 } from 'node:net';

/** The address at which the apiserver reaches a webhook that is no Pod behind a Service. */
export interface AdvertiseUrl {
  /** For the certificate: a DNS name or an IP address, without brackets. */
  readonly host: string;
  /** What the webhooks' paths are appended to. @param port - taken where the URL has port 0 */
  base(port: number): string;
}

type ParsedAdvertiseUrl =
  | { readonly kind: 'ok'; readonly url: AdvertiseUrl }
  | { readonly kind: 'invalid'; readonly reason: string };

const invalid = (reason: string): ParsedAdvertiseUrl => ({ kind: 'invalid', reason });

/**
 * Reads `https://HOST[:PORT][/PATH]`. Port 0 stands for the port that the webhook listens on, which may be any free one.
 * Query, fragment and user are what the apiserver refuses in a webhook's URL.
 */
export const parseAdvertiseUrl = (text: string): ParsedAdvertiseUrl => {
  if (!URL.canParse(text)) return invalid(`"${text}" is no URL; write for example https://192.0.2.1:9443`);
  const url = new URL(text);
  if (url.protocol !== 'https:')
    return invalid(`"${text}" must begin with https://: webhooks are called over TLS only`);
  // Not quoted: a user part may hold a password.
  if (url.username !== '' || url.password !== '') return invalid('no user or password may stand in the URL');
  if (url.search !== '' || url.hash !== '') return invalid(`"${text}" must not have a query or a fragment`);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const path = url.pathname.replace(/\/+$/, '');
  const authority = isIPv6(host) ? `[${host}]` : host;
  const base = (port: number): string => {
    const written = url.port === '0' ? String(port) : url.port;
    return `https://${authority}${written === '' ? '' : `:${written}`}${path}`;
  };
  return { kind: 'ok', url: { host, base } };
};
