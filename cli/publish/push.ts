import type { Clock } from '../../process/ports.js';
import { Access } from '../../registry/access.js';
import { addressPolicy } from '../../registry/addresses.js';
import { Connections } from '../../registry/connections.js';
import { createExchange, type Exchange } from '../../registry/exchange.js';
import { failureOfAnswer, protocolFailure } from '../../registry/failures.js';
import { HostLimiter } from '../../registry/host-limiter.js';
import { type HttpAnswer, jsonObject } from '../../registry/http-answer.js';
import { digestOf, MANIFEST_ACCEPT } from '../../registry/manifest.js';
import { Manifests } from '../../registry/manifests.js';
import type { HeldBack, RegistryFailure, RegistryTarget, TaggedManifest } from '../../registry/port.js';
import { NO_PROXIES, type Proxies } from '../../registry/proxies.js';
import { resourceUrl } from '../../registry/target.js';
import { OWN_MACHINE } from '../registry-from-here.js';
import type { Blob, Parts } from './bundle.js';

/** A request that was not fulfilled. */
export interface Refusal {
  readonly kind: 'refused';
  /** `PUT https://ghcr.io/v2/acme/app/manifests/v1` */
  readonly request: string;
  readonly failure: RegistryFailure | HeldBack;
  /** The answer's status; undefined if there was no answer. */
  readonly status: number | undefined;
  /** The registry's own words, of its error's body. */
  readonly said: string | undefined;
}

/** What became of a push. `before`: what the tag pointed to; undefined if it could not be found out, which keeps nobody from pushing. */
export type Pushed = { readonly kind: 'pushed'; readonly digest: string; readonly before: Found | undefined } | Refusal;

type Found = Extract<TaggedManifest, { kind: 'manifest' | 'absent' }>;

/** Pushes to registries. */
interface Pusher {
  /** Uploads the parts, and puts their manifest under the tag; one that exists is moved. Rejects only when the signal is aborted. */
  push(target: RegistryTarget, tag: string, parts: Parts, signal: AbortSignal): Promise<Pushed>;
  close(): Promise<void>;
}

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONNECT_MS = 10_000;
/** For an answer, after the last piece of an upload was taken; as the controller, which has to read there what is published, waits. */
const ANSWER_MS = 30_000;
const BODY_MS = 30_000;
/** Answers to pushes are short. */
const BODY_BYTES = 1024 * 1024;
/** One person's push needs five requests. */
const RATE = { perSecond: 100, burst: 100 };

interface PusherDeps {
  readonly clock: Clock;
  readonly userAgent: string;
  readonly proxies?: Proxies;
  /** Hears of each request before it is sent, those to a token server among them. */
  readonly onRequest?: (request: SentRequest) => void;
}

/** What is known of a request before it is sent. */
export interface SentRequest {
  readonly method: string;
  readonly url: URL;
  /** Of the body. */
  readonly bytes: number;
  /** It has the login itself, not just a token that was got for it. */
  readonly showsLogin: boolean;
}

/** A pusher on real connections. Addresses are judged as for other commands: who names the next host is the registry, not the user. */
export const createPusher = (deps: PusherDeps): Pusher => {
  const { clock, userAgent, proxies = NO_PROXIES, onRequest } = deps;
  const connections = new Connections({
    connectMs: CONNECT_MS,
    headersMs: ANSWER_MS,
    addresses: addressPolicy({ allow: OWN_MACHINE, deny: [] }),
    proxies,
  });
  const hosts = new HostLimiter({ clock, rate: RATE, inFlight: 1, timeScale: 1 });
  const silent = createExchange({ connections, hosts, clock, userAgent, bodyMs: BODY_MS, bodyBytes: BODY_BYTES });
  const exchange: Exchange = (request, trust, signal) => {
    const { method, url, headers, body } = request;
    // A form is what an identity token is sent in.
    const showsLogin = headers['authorization']?.startsWith('Basic ') === true || typeof body === 'string';
    onRequest?.({ method, url, bytes: Buffer.byteLength(body ?? ''), showsLogin });
    return silent(request, trust, signal);
  };
  const access = new Access(exchange, clock);
  const manifests = new Manifests(access, clock);
  return {
    push: (target, tag, parts, signal) => push({ access, manifests, clock, target, signal }, tag, parts),
    close: () => connections.close(),
  };
};

/** A blob as a manifest names it. */
interface Descriptor {
  readonly kind: 'descriptor';
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

interface Session {
  readonly access: Access;
  readonly manifests: Manifests;
  readonly clock: Clock;
  readonly target: RegistryTarget;
  readonly signal: AbortSignal;
}

/** The upload comes first: its challenge asks for the right to push, which serves for reading as well, and not the other way round. */
const push = async (session: Session, tag: string, parts: Parts): Promise<Pushed> => {
  const config = await pushBlob(session, parts.config);
  if (config.kind === 'refused') return config;
  const layer = await pushBlob(session, parts.layer);
  if (layer.kind === 'refused') return layer;
  const before = await session.manifests.read(session.target, tag, session.signal);
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: named(config), layers: [named(layer)] };
  const body = Buffer.from(JSON.stringify(manifest));
  const url = resourceUrl(session.target, `manifests/${encodeURIComponent(tag)}`);
  const put = await send(session, { method: 'PUT', url, wanted: 201, type: OCI_MANIFEST, body });
  if (put.kind === 'refused') return put;
  const isKnown = before.kind === 'manifest' || before.kind === 'absent';
  return { kind: 'pushed', digest: digestOf(body), before: isKnown ? before : undefined };
};

const named = ({ mediaType, digest, size }: Descriptor) => ({ mediaType, digest, size });

/** Uploads a blob in one piece. */
const pushBlob = async (session: Session, { content, mediaType }: Blob): Promise<Descriptor | Refusal> => {
  const digest = digestOf(content);
  const begin = resourceUrl(session.target, 'blobs/uploads/');
  const begun = await send(session, { method: 'POST', url: begin, wanted: 202, type: OCTETS, body: Buffer.alloc(0) });
  if (begun.kind === 'refused') return begun;
  const place = placeOf(begun.header('location'), begin);
  if (place === undefined) return refusal('POST', begin, protocolFailure('the registry names no place for the upload'));
  place.searchParams.set('digest', digest);
  // Another host is not the one that the credential is for.
  const { credential: _, ...anonymous } = session.target;
  const uploading = place.host === begin.host ? session : { ...session, target: anonymous };
  const put = await send(uploading, { method: 'PUT', url: place, wanted: 201, type: OCTETS, body: content });
  return put.kind === 'refused' ? put : { kind: 'descriptor', mediaType, digest, size: content.length };
};

const OCTETS = 'application/octet-stream';

/** Registries behind a proxy get scheme and port of their own address wrong at times; it is the one that was asked. */
const placeOf = (location: string | undefined, asked: URL): URL | undefined => {
  if (location === undefined || !URL.canParse(location, asked.href)) return undefined;
  const place = new URL(location, asked);
  if (place.hostname === asked.hostname) {
    place.protocol = asked.protocol;
    place.port = asked.port;
  }
  return place.protocol === asked.protocol || place.protocol === 'https:' ? place : undefined;
};

interface Sending {
  readonly method: 'POST' | 'PUT';
  readonly url: URL;
  /** The status of success. */
  readonly wanted: number;
  readonly type: string;
  readonly body: Buffer;
}

const send = async (session: Session, { method, url, wanted, type, body }: Sending): Promise<HttpAnswer | Refusal> => {
  const { access, target, signal, clock } = session;
  const resource = type === OCI_MANIFEST ? 'manifests' : 'uploads';
  const request = { resource, method, url, accept: MANIFEST_ACCEPT, content: { type, body } } as const;
  const answer = await access.request(target, request, signal);
  if (answer.kind !== 'answer') return refusal(method, url, answer);
  if (answer.status === wanted) return answer;
  return refusal(method, url, failureOfAnswer(answer, clock.now()), answer);
};

const refusal = (method: string, url: URL, failure: RegistryFailure | HeldBack, answer?: HttpAnswer): Refusal => ({
  kind: 'refused',
  request: `${method} ${url.origin}${url.pathname}`,
  failure,
  status: answer?.status,
  said: answer && saidBy(answer),
});

const SAID_MAX = 300;

/** The registry's words of an error, as the distribution specification has them; on one line, without control characters. */
const saidBy = ({ body }: HttpAnswer): string | undefined => {
  const errors = jsonObject(body)?.['errors'];
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const { message } = (typeof first === 'object' && first !== null ? first : {}) as { readonly message?: unknown };
  if (typeof message !== 'string') return undefined;
  const line = message.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  return line === '' ? undefined : line.slice(0, SAID_MAX);
};
