import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { digestOf } from '../../registry/manifest.js';
import type { RegistryAuth } from './auth.js';
import { ContentStore } from './content-store.js';

/** An answer of the registry; `error` is a code of the distribution specification. */
interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  readonly error?: string;
}

interface RegistryRequest {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly repository: string;
  /** Tag, digest or upload id. */
  readonly reference: string;
}

const NAME = '(?<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)';
const REFERENCE = '(?<reference>sha256:[0-9a-f]{64}|[A-Za-z0-9_][A-Za-z0-9._-]{0,127})';
const TAGS = new RegExp(`^/v2/${NAME}/tags/list$`);
const MANIFEST = new RegExp(`^/v2/${NAME}/manifests/${REFERENCE}$`);
const UPLOAD = new RegExp(`^/v2/${NAME}/blobs/uploads/(?<reference>[0-9a-f-]*)$`);
const BLOB = new RegExp(`^/v2/${NAME}/blobs/${REFERENCE}$`);
const MAX_PAGE = 1000;
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/**
 * The part of the OCI distribution API that publishing, listing and pulling bundles needs: single-piece uploads, manifests, tags
 * with pagination, Basic authentication.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export const registryServer = (dir: string, auth: RegistryAuth | undefined): Server => {
  const store = new ContentStore(dir);
  return createServer(async (req, res) => {
    const answer = await respond(store, auth, req).catch((error: Error): Answer => {
      return { status: 500, error: 'UNKNOWN', body: error.message };
    });
    send(answer, req.method === 'HEAD', res);
  });
};

const send = ({ status, headers, body, error }: Answer, headOnly: boolean, res: ServerResponse): void => {
  const failure = error && JSON.stringify({ errors: [{ code: error, message: String(body ?? error) }] });
  const content = Buffer.from(failure ?? body ?? '');
  const type = failure === undefined ? {} : { 'content-type': 'application/json' };
  const common = { 'docker-distribution-api-version': 'registry/2.0', 'content-length': String(content.length) };
  res.writeHead(status, { ...common, ...type, ...headers });
  res.end(headOnly ? undefined : content);
};

const respond = async (store: ContentStore, auth: RegistryAuth | undefined, req: IncomingMessage): Promise<Answer> => {
  const body = await bodyOf(req);
  if (auth !== undefined && !isAllowed(auth, req.headers.authorization)) {
    return { status: 401, error: 'UNAUTHORIZED', headers: { 'www-authenticate': 'Basic realm="playground"' } };
  }
  if (body === undefined) return { status: 413, error: 'SIZE_INVALID' };
  const { pathname, searchParams: query } = new URL(req.url ?? '/', 'http://registry');
  if (/^\/v2\/?$/.test(pathname)) return json({});
  for (const [pattern, handle] of ROUTES) {
    const found = pattern.exec(pathname)?.groups;
    if (found === undefined) continue;
    const { repository = '', reference = '' } = found;
    return handle(store, { method: req.method ?? 'GET', query, headers: req.headers, body, repository, reference });
  }
  return { status: 404, error: 'UNSUPPORTED' };
};

const listTags = async (store: ContentStore, { query, repository }: RegistryRequest): Promise<Answer> => {
  const tags = await store.tags(repository);
  if (tags === undefined) return { status: 404, error: 'NAME_UNKNOWN' };
  const last = query.get('last');
  const rest = last === null ? tags : tags.filter((tag) => tag > last);
  const wanted = query.get('n') === null ? rest.length : Number(query.get('n'));
  if (!Number.isInteger(wanted) || wanted < 0) return { status: 400, error: 'PAGINATION_NUMBER_INVALID' };
  const page = rest.slice(0, Math.min(wanted, MAX_PAGE));
  const answer = json({ name: repository, tags: page });
  const end = page.at(-1);
  if (end === undefined || page.length === rest.length) return answer;
  const next = new URLSearchParams({ n: String(page.length), last: end });
  return { ...answer, headers: { ...answer.headers, link: `</v2/${repository}/tags/list?${next}>; rel="next"` } };
};

const serveManifest = async (store: ContentStore, request: RegistryRequest): Promise<Answer> => {
  const { method, repository, reference, body, headers } = request;
  if (method === 'PUT') {
    const digest = digestOf(body);
    const byDigest = reference.includes(':');
    if (byDigest && reference !== digest) return { status: 400, error: 'DIGEST_INVALID' };
    const mediaType = headers['content-type'] ?? '';
    await store.putManifest(repository, { mediaType, digest, content: body }, byDigest ? undefined : reference);
    const location = `/v2/${repository}/manifests/${digest}`;
    return { status: 201, headers: { location, 'docker-content-digest': digest } };
  }
  if (method === 'DELETE') {
    const deleted = await store.deleteManifest(repository, reference);
    return deleted ? { status: 202 } : { status: 404, error: 'MANIFEST_UNKNOWN' };
  }
  const found = await store.manifest(repository, reference);
  if (found === undefined) return { status: 404, error: 'MANIFEST_UNKNOWN' };
  const { mediaType, digest, content } = found;
  return { status: 200, body: content, headers: { 'content-type': mediaType, 'docker-content-digest': digest } };
};

/** POST opens an upload, or takes the whole blob with `?digest=`; PUT brings it. Chunked uploads (PATCH) are not supported. */
const takeUpload = async (
  store: ContentStore,
  { method, repository, query, body }: RegistryRequest,
): Promise<Answer> => {
  const digest = query.get('digest');
  if (method === 'POST' && digest === null) {
    return { status: 202, headers: { location: `/v2/${repository}/blobs/uploads/${randomUUID()}` } };
  }
  if (method !== 'POST' && method !== 'PUT') return { status: 405, error: 'UNSUPPORTED' };
  if (digest !== digestOf(body)) return { status: 400, error: 'DIGEST_INVALID' };
  await store.putBlob(digest, body);
  const location = `/v2/${repository}/blobs/${digest}`;
  return { status: 201, headers: { location, 'docker-content-digest': digest } };
};

const serveBlob = async (store: ContentStore, { method, reference }: RegistryRequest): Promise<Answer> => {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, error: 'UNSUPPORTED' };
  const content = await store.blob(reference);
  if (content === undefined) return { status: 404, error: 'BLOB_UNKNOWN' };
  const headers = { 'content-type': 'application/octet-stream', 'docker-content-digest': reference };
  return { status: 200, body: content, headers };
};

const isAllowed = ({ username, password }: RegistryAuth, header: string | undefined): boolean => {
  const given = createHash('sha256')
    .update(header ?? '')
    .digest();
  const pair = Buffer.from(`${username}:${password}`).toString('base64');
  return timingSafeEqual(given, createHash('sha256').update(`Basic ${pair}`).digest());
};

/** The whole body, or undefined if it is too large. */
const bodyOf = async (req: IncomingMessage): Promise<Buffer | undefined> => {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of req) {
    size += part.length;
    if (size <= MAX_BODY_BYTES) parts.push(part);
  }
  return size <= MAX_BODY_BYTES ? Buffer.concat(parts) : undefined;
};

const ROUTES: readonly (readonly [RegExp, (store: ContentStore, request: RegistryRequest) => Promise<Answer>])[] = [
  [TAGS, listTags],
  [MANIFEST, serveManifest],
  [UPLOAD, takeUpload],
  [BLOB, serveBlob],
];

const json = (value: unknown): Answer => ({
  status: 200,
  body: JSON.stringify(value),
  headers: { 'content-type': 'application/json' },
});
