import { randomUUID, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { issueAuthority, issueLeaf } from '../../certs/issue.js';

/** A token server on 127.0.0.1 whose tokens a distribution registry trusts. */
interface TokenServer {
  /** What the registry is to be told: `startRegistry({ auth })`. */
  readonly auth: {
    readonly kind: 'token';
    readonly realm: string;
    readonly service: string;
    readonly issuer: string;
    readonly authority: string;
  };
  /** `METHOD scope user` of each token that was asked for. */
  readonly asked: readonly string[];
  /** A token for whoever pushes. */
  token(repository: string, actions: readonly string[]): string;
  close(): Promise<void>;
}

const SERVICE = 'registry.example';
const ISSUER = 'tokens.example';

/**
 * @param options - who gets tokens, and nobody else then: by name and password, or by identity token (POST)
 * @see https://distribution.github.io/distribution/spec/auth/jwt/
 */
export const startTokenServer = async (options: {
  readonly username: string;
  readonly password: string;
  readonly identityToken?: string;
  readonly lifetimeS?: number;
}): Promise<TokenServer> => {
  const { username, password, identityToken, lifetimeS = 300 } = options;
  const authority = await issueAuthority(Date.now());
  const leaf = await issueLeaf(authority, [ISSUER], Date.now());
  const asked: string[] = [];
  const token = (repository: string, actions: readonly string[]): string => {
    const now = Math.floor(Date.now() / 1000);
    const header = { typ: 'JWT', alg: 'ES256', x5c: [leaf.certificate.replace(/-----.*?-----|\s/g, '')] };
    const findings = {
      iss: ISSUER,
      aud: SERVICE,
      sub: username,
      jti: randomUUID(),
      iat: now,
      nbf: now - 60,
      exp: now + lifetimeS,
      access: [{ type: 'repository', name: repository, actions }],
    };
    const signed = [header, findings].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const signature = sign('sha256', Buffer.from(signed), { key: leaf.key, dsaEncoding: 'ieee-p1363' });
    return `${signed}.${signature.toString('base64url')}`;
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = new URLSearchParams(request.method === 'POST' ? await text(request) : '');
    const query = new URL(request.url ?? '', 'http://x').searchParams;
    const isKnown =
      request.method === 'POST'
        ? identityToken !== undefined && form.get('refresh_token') === identityToken
        : request.headers.authorization === `Basic ${btoa(`${username}:${password}`)}`;
    const scope = (request.method === 'POST' ? form : query).get('scope') ?? '';
    asked.push(`${request.method} ${scope} ${isKnown ? username : 'nobody'}`);
    const [, repository = '', actions = ''] = /^repository:(.+):([a-z,*]+)$/.exec(scope) ?? [];
    if (!isKnown || repository === '') {
      response.writeHead(401).end();
      return;
    }
    const body = { token: token(repository, actions.split(',')), expires_in: lifetimeS };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const realm = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  return {
    auth: { kind: 'token', realm, service: SERVICE, issuer: ISSUER, authority: authority.certificate },
    asked,
    token,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
