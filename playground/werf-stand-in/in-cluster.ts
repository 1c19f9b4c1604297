import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { call } from './http.js';

/** Another writer was faster: the object exists already, or has changed. */
export class Conflict extends Error {}

/** The ServiceAccount lacks a right. */
export class Forbidden extends Error {}

/** The type of a PATCH: a merge patch, or server-side apply. */
type Patch = 'merge' | 'apply';

/** The apiserver as the Pod's own ServiceAccount. */
export interface InCluster {
  /** @returns the answer's JSON; undefined for 404 @throws Conflict, Forbidden, or another Error, in the apiserver's words */
  ask<T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object, as?: Patch): Promise<T | undefined>;
}

type Environment = Readonly<Record<string, string | undefined>>;

const PATCH_TYPES = { merge: 'application/merge-patch+json', apply: 'application/apply-patch+yaml' } as const;
const FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Finds the apiserver as client-go does in a Pod. `PLAYGROUND_SERVICE_ACCOUNT` names another folder than the usual one: the node
 * agent sets it where nothing can be mounted, and tests do.
 * @throws Error if this is no Pod
 */
export const inCluster = async (environment: Environment): Promise<InCluster> => {
  const host = environment['KUBERNETES_SERVICE_HOST'];
  const port = environment['KUBERNETES_SERVICE_PORT'];
  const folder = environment['PLAYGROUND_SERVICE_ACCOUNT'] ?? FOLDER;
  const read = (name: string) => readFile(join(folder, name), 'utf8').catch(() => undefined);
  const [token, ca] = await Promise.all([read('token'), read('ca.crt')]);
  if (host === undefined || port === undefined || token === undefined) {
    throw new Error('construct kube config: no configuration has been provided: this is no Pod with a ServiceAccount');
  }
  const origin = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return {
    async ask<T>(method: string, path: string, body?: object, as: Patch = 'merge') {
      const type = method === 'PATCH' ? PATCH_TYPES[as] : 'application/json';
      const answer = await call({
        method,
        url: new URL(path, origin),
        ca,
        headers: { authorization: `Bearer ${token.trim()}`, accept: 'application/json', 'content-type': type },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const json = JSON.parse(answer.body.toString('utf8') || '{}') as T & { readonly message?: string };
      if (answer.status < 300) return json;
      if (answer.status === 404 && method !== 'POST') return undefined;
      const words = json.message ?? `the server answered ${answer.status}`;
      if (answer.status === 409) throw new Conflict(words);
      throw answer.status === 403 ? new Forbidden(words) : new Error(words);
    },
  };
};
