import type { Test } from 'tap';
import { Agent } from 'undici';
import { isMap, type JsonMap } from '../../api/json-map.js';
import { connect } from '../../kube/connect.js';
import { collectionPath, objectPath } from '../../kube/resource-path.js';
import {
  CONFIGMAPS,
  MUTATING_WEBHOOKS,
  NAMESPACES,
  SECRETS,
  SERVICEACCOUNTS,
  VALIDATING_WEBHOOKS,
  WERFBUNDLES,
} from '../../kube/resources.js';

/** An object as it stands in git. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

interface RawCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly contentType?: string;
  /** Sent as JSON. */
  readonly body?: object;
}

export interface RawAnswer {
  readonly status: number;
  readonly body: JsonMap;
  /** The texts of the Warning headers. */
  readonly warnings: readonly string[];
}

interface ApplyWish {
  readonly manager: string;
  readonly dryRun?: boolean;
}

const TYPES = [NAMESPACES, SERVICEACCOUNTS, CONFIGMAPS, SECRETS, WERFBUNDLES, MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS];

/** As many calls as a GitOps tool makes at once; the others wait. */
const CONNECTIONS = 8;

/** The apiserver by its own HTTP, for what kubectl does not show or does not do. */
export class RawApi {
  readonly #server: URL;
  readonly #headers: () => Promise<Record<string, string>>;
  readonly #dispatcher: Agent;

  private constructor(server: URL, headers: () => Promise<Record<string, string>>, dispatcher: Agent) {
    this.#server = server;
    this.#headers = headers;
    this.#dispatcher = dispatcher;
  }

  /** Its connections end with the spec file. */
  static async open(t: Test, kubeconfig: string): Promise<RawApi> {
    const { server, headers, tls } = await connect({ kubeconfig });
    const dispatcher = new Agent({ connections: CONNECTIONS, connect: { ca: tls.ca, cert: tls.cert, key: tls.key } });
    t.teardown(() => dispatcher.destroy());
    return new RawApi(server, headers, dispatcher);
  }

  async call({ method, path, query = {}, contentType = 'application/json', body }: RawCall): Promise<RawAnswer> {
    const search = new URLSearchParams(query).toString();
    const answer = await this.#dispatcher.request({
      origin: this.#server.origin,
      path: search === '' ? path : `${path}?${search}`,
      method,
      headers: { accept: 'application/json', 'content-type': contentType, ...(await this.#headers()) },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.body.text();
    const value: unknown = text === '' ? {} : JSON.parse(text);
    if (!isMap(value)) throw new Error(`${method} ${path}: the answer is no object`);
    return { status: answer.statusCode, body: value, warnings: warningsIn(answer.headers['warning']) };
  }

  /** Server-side apply; takes over fields that others own, as GitOps tools do. */
  apply(object: Manifest, { manager, dryRun = false }: ApplyWish): Promise<RawAnswer> {
    return this.call({
      method: 'PATCH',
      path: pathOf(object),
      query: { fieldManager: manager, force: 'true', ...(dryRun && { dryRun: 'All' }) },
      contentType: 'application/apply-patch+yaml',
      body: object,
    });
  }

  create(object: Manifest, query: Readonly<Record<string, string>> = {}): Promise<RawAnswer> {
    return this.call({ method: 'POST', path: collectionOf(object), query, body: object });
  }

  /** JSON merge patch. */
  merge(object: Manifest, body: object, subresource = ''): Promise<RawAnswer> {
    const path = subresource === '' ? pathOf(object) : `${pathOf(object)}/${subresource}`;
    return this.call({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body });
  }

  /** JSON patch. */
  json(object: Manifest, body: readonly object[]): Promise<RawAnswer> {
    return this.call({ method: 'PATCH', path: pathOf(object), contentType: 'application/json-patch+json', body });
  }

  replace(object: Manifest, body: object): Promise<RawAnswer> {
    return this.call({ method: 'PUT', path: pathOf(object), body });
  }

  get(object: Manifest): Promise<RawAnswer> {
    return this.call({ method: 'GET', path: pathOf(object) });
  }
}

const typeOf = ({ kind }: Manifest): (typeof TYPES)[number] => {
  const type = TYPES.find((candidate) => candidate.kind === kind);
  if (type === undefined) throw new Error(`where ${kind} is served is not known here`);
  return type;
};

const pathOf = (object: Manifest): string => objectPath(typeOf(object), object.metadata);
const collectionOf = (object: Manifest): string => collectionPath(typeOf(object), object.metadata.namespace);

/** `299 - "text"`, one or several. */
const warningsIn = (header: string | string[] | undefined): readonly string[] =>
  [header ?? []]
    .flat()
    .flatMap((line) =>
      [...line.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text.replaceAll(/\\(.)/g, '$1')),
    );
