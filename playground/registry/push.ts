import { fetch, type HeadersInit } from 'undici';
import { digestOf } from '../../registry/manifest.js';

/** The registry to push to, by plain HTTP: the playground's own. */
export interface Target {
  /** `host:port` */
  readonly host: string;
  readonly repository: string;
  readonly credential?: { readonly username: string; readonly password: string };
  /** A token with the right to push, instead of a credential. */
  readonly token?: string;
}

/** A blob as a manifest names it. */
interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** A registry refused a push. The message has the request and the answer. */
export class PushError extends Error {
  override readonly name = 'PushError';
}

/** Uploads a blob in one piece. @throws PushError */
export const pushBlob = async (target: Target, content: Buffer, mediaType: string): Promise<Descriptor> => {
  const digest = digestOf(content);
  const base = `http://${target.host}/v2/${target.repository}/blobs/uploads/`;
  const begun = await ask(target, 'POST', base, 202);
  const place = new URL(begun.headers.get('location') ?? base, base);
  place.searchParams.set('digest', digest);
  await ask(target, 'PUT', place.href, 201, { body: content, type: 'application/octet-stream' });
  return { mediaType, digest, size: content.length };
};

/** Puts a manifest under a tag. @returns its digest @throws PushError */
export const pushManifest = async (
  target: Target,
  tag: string,
  manifest: Readonly<Record<string, unknown>>,
): Promise<string> => {
  const body = Buffer.from(JSON.stringify(manifest));
  const url = `http://${target.host}/v2/${target.repository}/manifests/${tag}`;
  await ask(target, 'PUT', url, 201, { body, type: String(manifest['mediaType']) });
  return digestOf(body);
};

const ask = async (
  { credential, token }: Target,
  method: 'POST' | 'PUT',
  url: string,
  wanted: number,
  content?: { readonly body: Buffer; readonly type: string },
): Promise<{ readonly headers: { get(name: string): string | null } }> => {
  const headers: HeadersInit = {};
  if (content) headers['content-type'] = content.type;
  if (credential) {
    const pair = Buffer.from(`${credential.username}:${credential.password}`).toString('base64');
    headers['authorization'] = `Basic ${pair}`;
  }
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  const what = `${method} ${url.replace(/\?.*$/s, '')}`;
  const answer = await fetch(url, { method, headers, ...(content && { body: content.body }) }).catch((error: Error) => {
    const cause = error.cause instanceof Error ? error.cause.message : error.message;
    throw new PushError(`${what}: ${cause}`, { cause: error });
  });
  const text = await answer.text();
  if (answer.status !== wanted) throw new PushError(`${what}: ${answer.status} ${text.trim().slice(0, 500)}`);
  return answer;
};
