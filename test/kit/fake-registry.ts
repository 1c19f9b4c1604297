import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { tarOf } from '../../cli/publish/tar.js';

/** Who is let in. `bearer`: a token server at /token of the same host gives tokens for Basic credentials. */
type FakeAccess =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | {
      readonly kind: 'bearer';
      /** undefined: tokens for everybody. */
      readonly username?: string;
      readonly password?: string;
      readonly expiresIn?: number;
      /** The field of the token server's answer. */
      readonly field?: 'token' | 'access_token';
      /** Takes identity tokens by POST; otherwise that is a 404. */
      readonly oauth?: boolean;
      /** Replaces the challenge: `{host}` is this registry. */
      readonly challenge?: string;
      /** Lists want another right than manifests, as Azure's registry has it; otherwise both want to pull. */
      readonly listing?: string;
    };

/** How the registry behaves as long as it is told nothing else. */
interface FakeBehaviour {
  readonly access: FakeAccess;
  readonly pageSize: number;
  /** ETags on listings, and 304 to whoever has the right one. */
  readonly etags: boolean;
  /** The same on manifests. */
  readonly manifestEtags: boolean;
  readonly gzip: boolean;
  /** Docker-Content-Digest on manifests. */
  readonly digests: boolean;
  /** HEAD of manifests; otherwise 405. */
  readonly head: boolean;
}

/** What goes wrong with one request. */
export type FakeFault =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Buffer;
    }
  /** Nothing more comes: after the request, or after the headers and a first piece of the body. */
  | { readonly kind: 'hang'; readonly at: 'headers' | 'body' }
  /** The connection is closed there. */
  | { readonly kind: 'cut'; readonly at: 'headers' | 'body' }
  /** A byte now and then, for ever. */
  | { readonly kind: 'drip'; readonly at: 'headers' | 'body' }
  /** A body that never ends. */
  | { readonly kind: 'endless-body' }
  | { readonly kind: 'no-http' };

interface FakeRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly authorization: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly body: string;
}

/** What can be published. */
type FakeContent = 'bundle' | 'image' | 'index' | { readonly raw: string } | { readonly chart: Buffer };

/** An OCI registry on 127.0.0.1 that misbehaves on order. */
export interface FakeRegistry {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** All requests since the start, or since {@link clear}. */
  readonly requests: readonly FakeRequest[];
  /** `METHOD path` of each request. */
  lines(): readonly string[];
  /** `STATUS METHOD path` of each request that was answered. */
  answers(): readonly string[];
  clear(): void;
  /** Takes a tag away. */
  remove(repository: string, tag: string): void;
  /** @returns the manifest's digest */
  publish(repository: string, tag: string, content: FakeContent, salt?: string): string;
  behave(changes: Partial<FakeBehaviour>): void;
  /** The next `times` requests whose `METHOD path` matches `on` get a fault; a function may answer each differently. */
  fail(on: RegExp, fault: FakeFault | ((request: FakeRequest) => FakeFault), times?: number): void;
  close(): Promise<void>;
}

const TYPES = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
} as const;
const GOOD: FakeBehaviour = {
  access: { kind: 'anonymous' },
  pageSize: 100,
  etags: false,
  manifestEtags: false,
  gzip: true,
  digests: true,
  head: true,
};

interface Manifest {
  readonly type: string;
  readonly body: string;
  /** What it names, in each repository that has it. */
  readonly blobs: readonly Buffer[];
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** @param tls - PEM of its key and certificate; plain HTTP without */
export const startFakeRegistry = async (tls?: {
  readonly key: string;
  readonly cert: string;
}): Promise<FakeRegistry> => {
  const repositories = new Map<string, Map<string, Manifest>>();
  const blobs = new Map<string, Buffer>();
  const requests: FakeRequest[] = [];
  const answered: string[] = [];
  const faults: { on: RegExp; fault: FakeFault | ((request: FakeRequest) => FakeFault); left: number }[] = [];
  let behaviour = GOOD;
  const state = { repositories, blobs, host: '', behaviour: () => behaviour };

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await record(incoming);
    requests.push(request);
    response.on('finish', () => answered.push(`${response.statusCode} ${request.method} ${request.path}`));
    const planned = faults.find(({ on, left }) => left > 0 && on.test(`${request.method} ${request.path}`));
    if (planned === undefined) {
      send(response, request, answerTo(state, request), behaviour);
      return;
    }
    planned.left -= 1;
    misbehave(response, request, typeof planned.fault === 'function' ? planned.fault(request) : planned.fault);
  };
  const onRequest = (incoming: IncomingMessage, response: ServerResponse): void => {
    serve(incoming, response).catch(() => response.destroy());
  };
  const server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  state.host = host;

  return {
    host,
    requests,
    answers: () => answered,
    lines: () => requests.map(({ method, path }) => `${method} ${path}`),
    clear: () => {
      requests.length = 0;
      answered.length = 0;
    },
    publish: (repository, tag, content, salt = '') => {
      const manifest = manifestOf(content, salt);
      const digest = digestOf(manifest.body);
      const tags = repositories.get(repository) ?? new Map<string, Manifest>();
      repositories.set(repository, tags.set(tag, manifest));
      blobs.set(`${repository}@${digest}`, Buffer.from(manifest.body));
      for (const blob of manifest.blobs) blobs.set(`${repository}@${digestOf(blob)}`, blob);
      return digest;
    },
    remove: (repository, tag) => {
      repositories.get(repository)?.delete(tag);
    },
    behave: (changes) => {
      behaviour = { ...behaviour, ...changes };
    },
    fail: (on, fault, times = 1) => {
      faults.push({ on, fault, left: times });
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const record = async (incoming: IncomingMessage): Promise<FakeRequest> => {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    authorization: incoming.headers.authorization,
    ifNoneMatch: incoming.headers['if-none-match'],
    body: Buffer.concat(chunks).toString(),
  };
};

interface State {
  readonly repositories: ReadonlyMap<string, ReadonlyMap<string, Manifest>>;
  /** Manifests as well, by `repository@digest`. */
  readonly blobs: ReadonlyMap<string, Buffer>;
  readonly host: string;
  readonly behaviour: () => FakeBehaviour;
}

const answerTo = (state: State, request: FakeRequest): Answer => {
  const { access } = state.behaviour();
  const url = new URL(request.path, `http://${state.host}`);
  if (url.pathname === '/token' && access.kind === 'bearer') return tokenAnswer(access, request, url);
  const refused = refusal(state, request);
  if (refused !== undefined) return refused;
  const list = /^\/v2\/(.+)\/tags\/list$/.exec(url.pathname);
  if (list?.[1] !== undefined) return unlessKnown(listAnswer(state, list[1], url), request);
  const named = /^\/v2\/(.+)\/(?:manifests|blobs)\/(sha256:[0-9a-f]+)$/.exec(url.pathname);
  if (named !== null) return blobAnswer(state.blobs.get(`${named[1]}@${named[2]}`));
  const manifest = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(url.pathname);
  return manifest?.[1] === undefined
    ? { status: 404, body: 'secret words of the registry' }
    : unlessKnown(manifestAnswer(state, request, state.repositories.get(manifest[1])?.get(manifest[2] ?? '')), request);
};

/** 304 keeps the headers, Link among them, and has no body. */
const unlessKnown = (answer: Answer, { ifNoneMatch }: FakeRequest): Answer => {
  const { etag } = answer.headers ?? {};
  if (etag === undefined || etag !== ifNoneMatch) return answer;
  return { status: 304, headers: answer.headers ?? {} };
};

const refusal = (state: State, { authorization, path }: FakeRequest): Answer | undefined => {
  const { access } = state.behaviour();
  const body = '{"errors":[{"code":"UNAUTHORIZED","message":"secret words of the registry"}]}';
  if (access.kind === 'anonymous') return undefined;
  if (access.kind === 'basic') {
    const right = authorization === `Basic ${btoa(`${access.username}:${access.password}`)}`;
    return right ? undefined : { status: 401, headers: { 'www-authenticate': 'Basic realm="registry, fake"' }, body };
  }
  const [, repository = '', resource] = /^\/v2\/(.+)\/(tags|manifests|blobs)\//.exec(path) ?? [];
  const scope = `repository:${repository}:${(resource === 'tags' && access.listing) || 'pull'}`;
  if (authorization === `Bearer for-${scope}`) return undefined;
  const usual = `Bearer realm="http://{host}/token",service="fake, registry",scope="${scope}"`;
  const challenge = (access.challenge ?? usual).replaceAll('{host}', state.host);
  return { status: 401, headers: { 'www-authenticate': challenge }, body };
};

const tokenAnswer = (
  access: Extract<FakeAccess, { kind: 'bearer' }>,
  { method, authorization, body }: FakeRequest,
  url: URL,
): Answer => {
  const form = new URLSearchParams(body);
  if (method === 'POST' && access.oauth !== true) return { status: 404 };
  const right =
    method === 'POST'
      ? form.get('refresh_token') === access.password
      : access.username === undefined || authorization === `Basic ${btoa(`${access.username}:${access.password}`)}`;
  if (!right) return { status: 401 };
  const scope = method === 'POST' ? form.get('scope') : url.searchParams.get('scope');
  const token = { [access.field ?? 'token']: `for-${scope}`, expires_in: access.expiresIn };
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(token) };
};

const listAnswer = ({ repositories, behaviour }: State, repository: string, url: URL): Answer => {
  const known = repositories.get(repository);
  if (known === undefined) return { status: 404, body: '{"errors":[{"code":"NAME_UNKNOWN"}]}' };
  const last = url.searchParams.get('last') ?? '';
  const rest = [...known.keys()].toSorted().filter((tag) => tag > last);
  const tags = rest.slice(0, behaviour().pageSize);
  const body = JSON.stringify({ name: repository, tags: known.size === 0 ? null : tags });
  const more = rest.length > tags.length;
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      ...(more && { link: `<${url.pathname}?last=${tags.at(-1)}>; rel="next"` }),
      ...(behaviour().etags && { etag: `"${digestOf(body).slice(7, 15)}"` }),
    },
    body,
  };
};

const blobAnswer = (body: Buffer | undefined): Answer =>
  body === undefined ? { status: 404, body: '{"errors":[{"code":"BLOB_UNKNOWN"}]}' } : { status: 200, body };

const manifestAnswer = (state: State, { method }: FakeRequest, manifest: Manifest | undefined): Answer => {
  const { head, digests, manifestEtags } = state.behaviour();
  if (method === 'HEAD' && !head) return { status: 405 };
  if (manifest === undefined) return { status: 404, body: '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}' };
  const digest = digestOf(manifest.body);
  const headers = {
    'content-type': manifest.type,
    ...(digests && { 'docker-content-digest': digest }),
    ...(manifestEtags && { etag: `"${digest}"` }),
  };
  return { status: 200, headers, body: manifest.body };
};

const send = (response: ServerResponse, { method }: FakeRequest, answer: Answer, { gzip }: FakeBehaviour): void => {
  const zipped = gzip && answer.status === 200 && method === 'GET';
  response.writeHead(answer.status, { ...answer.headers, ...(zipped && { 'content-encoding': 'gzip' }) });
  const body = answer.body ?? '';
  response.end(method === 'HEAD' ? '' : zipped ? gzipSync(body) : body);
};

const misbehave = (response: ServerResponse, request: FakeRequest, fault: FakeFault): void => {
  const { kind } = fault;
  switch (kind) {
    case 'answer':
      send(response, request, fault, { ...GOOD, gzip: false });
      return;
    case 'hang':
      if (fault.at === 'body') response.writeHead(200, { 'content-length': '1000' }).write('{"tags":[');
      return;
    case 'cut':
      if (fault.at === 'headers') response.destroy();
      else response.writeHead(200, { 'content-length': '1000' }).write('{"tags":[', () => response.destroy());
      return;
    case 'drip': {
      if (fault.at === 'body') response.writeHead(200, { 'content-length': '100000' }).flushHeaders();
      else response.socket?.write('HTTP/1.1 200 OK\r\nx-drip: ');
      const drip = setInterval(() => response.socket?.write('x'), 20);
      response.on('close', () => clearInterval(drip));
      return;
    }
    case 'endless-body': {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65536, 32)));
      };
      response.on('drain', more);
      more();
      return;
    }
    case 'no-http':
      response.socket?.end('SSH-2.0-OpenSSH_9.2\r\n\r\n');
      return;
  }
};

const manifestOf = (content: FakeContent, salt: string): Manifest => {
  if (typeof content === 'object' && 'raw' in content) return { type: TYPES.manifest, body: content.raw, blobs: [] };
  const annotations = { salt };
  if (content === 'index') {
    const config = { mediaType: 'application/vnd.cncf.helm.config.v1+json' };
    const manifests = [{ mediaType: TYPES.manifest, digest: digestOf(salt), size: 1 }];
    const body = { schemaVersion: 2, mediaType: TYPES.index, config, manifests, annotations };
    return { type: TYPES.index, body: JSON.stringify(body), blobs: [] };
  }
  const type =
    content === 'image' ? 'application/vnd.oci.image.config.v1+json' : 'application/vnd.cncf.helm.config.v1+json';
  const config = { mediaType: type, digest: digestOf('{}'), size: 2 };
  const chart = typeof content === 'object' ? content.chart : content === 'bundle' ? SMALLEST_CHART : undefined;
  const layers = chart === undefined ? [] : [{ mediaType: CHART_LAYER, digest: digestOf(chart), size: chart.length }];
  const body = JSON.stringify({ schemaVersion: 2, config, layers, annotations });
  return { type: TYPES.manifest, body, blobs: chart === undefined ? [] : [chart] };
};

const CHART_LAYER = 'application/tar+gzip';
const SMALLEST_CHART = gzipSync(tarOf({ 'app/Chart.yaml': 'name: app\nversion: 1.0.0\n' }));

const digestOf = (body: string | Buffer): string => `sha256:${createHash('sha256').update(body).digest('hex')}`;
