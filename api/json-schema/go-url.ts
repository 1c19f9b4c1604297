import { isIPv6 } from 'node:net';

/** What of an address matters here. */
interface Address {
  /** Lower case; '' if there is none. */
  readonly scheme: string;
  readonly path: string;
}

const HOST = /^[\w\-.~!$&'()*+,;=:[\]<>"\u0080-\u{10ffff}%]*$/u;
const USER = /^[\w\-.:~!$&'()*+,;=%@]*$/;
const PORT = /^(?::\d*)?$/;

/**
 * An address as Go's net/url reads it, which Helm's formats `uri` and `uri-reference` are; undefined if it refuses it. Spaces, for example,
 * are refused in a host only.
 */
export const parseGoUrl = (text: string): Address | undefined => {
  const [whole = '', fragment = ''] = cut(text, '#');
  if (/(?![\u0080-\u009f])\p{Cc}/u.test(text) || !isEscaped(fragment) || whole.startsWith(':')) return undefined;
  const scheme = /^([A-Za-z][A-Za-z\d+.-]*):/.exec(whole)?.[1]?.toLowerCase() ?? '';
  const rest = cut(scheme === '' ? whole : whole.slice(scheme.length + 1), '?')[0] ?? '';
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { scheme, path: '' };
    return (rest.split('/')[0] ?? '').includes(':') || !isEscaped(rest) ? undefined : { scheme, path: rest };
  }
  const hasAuthority = rest.startsWith('//') && (scheme !== '' || !rest.startsWith('///'));
  const end = hasAuthority ? rest.indexOf('/', 2) : 0;
  const authority = hasAuthority ? rest.slice(2, end < 0 ? undefined : end) : '';
  const path = end < 0 ? '' : rest.slice(end);
  return isAuthority(authority) && isEscaped(path) ? { scheme, path } : undefined;
};

const cut = (text: string, mark: string): readonly string[] => {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
};

/** Whether each percent sign begins an escape. */
const isEscaped = (text: string): boolean => !/%(?![\da-fA-F]{2})/.test(text);

const isAuthority = (authority: string): boolean => {
  const at = authority.lastIndexOf('@');
  const user = at < 0 ? '' : authority.slice(0, at);
  return USER.test(user) && isEscaped(user) && isHost(authority.slice(at + 1));
};

const isHost = (host: string): boolean => {
  if (host.startsWith('[')) {
    const close = host.lastIndexOf(']');
    return close > 0 && PORT.test(host.slice(close + 1)) && isIPv6(host.slice(1, close));
  }
  const colon = host.indexOf(':');
  if (colon >= 0 && !PORT.test(host.slice(colon))) return false;
  // Of ASCII nothing may be escaped.
  return HOST.test(host) && !/%(?![89a-fA-F][\da-fA-F])/.test(host);
};
