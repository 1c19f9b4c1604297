import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import type { CollectedSpan } from './collected-span.js';
import { eventually } from './eventually.js';
import { spansInProtobuf } from './otlp-protobuf.js';

/** What it does with what is sent: `hang` takes it and never answers. */
type Manner = 'take' | 'hang' | 'refuse';

interface Collector {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** Of each request, in order. */
  readonly requests: readonly { readonly path: string; readonly type: string; readonly headers: object }[];
  /** Waits until there are such spans. */
  until(fits: (spans: readonly CollectedSpan[]) => boolean): Promise<readonly CollectedSpan[]>;
  /** From now on. */
  behave(manner: Manner): void;
}

/** Starts a collector of OTLP by HTTP, in JSON and in protobuf; it ends with the spec. */
export const startCollector = async (t: Test, first: Manner = 'take'): Promise<Collector> => {
  let manner = first;
  const spans: CollectedSpan[] = [];
  const requests: { path: string; type: string; headers: object }[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const type = request.headers['content-type'] ?? '';
      requests.push({ path: request.url ?? '', type, headers: request.headers });
      if (manner === 'hang') return;
      if (manner === 'take') spans.push(...spansIn(type, Buffer.concat(parts)));
      answer(response, manner === 'take' ? 200 : 400, type);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    requests,
    until: (fits) => eventually(async () => spans, fits),
    behave: (next) => {
      manner = next;
    },
  };
};

const answer = (response: ServerResponse, status: number, type: string): void => {
  response.writeHead(status, { 'Content-Type': type }).end(type === JSON_TYPE ? '{}' : '');
};

const JSON_TYPE = 'application/json';

const spansIn = (type: string, body: Buffer): readonly CollectedSpan[] =>
  type === JSON_TYPE ? spansInJson(JSON.parse(body.toString('utf8'))) : spansInProtobuf(body);

interface JsonValue {
  readonly stringValue?: string;
  readonly intValue?: number;
  readonly boolValue?: boolean;
  readonly arrayValue?: { readonly values: readonly JsonValue[] };
}

type JsonAttributes = readonly { readonly key: string; readonly value: JsonValue }[];

interface JsonRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: JsonAttributes };
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly name: string;
        readonly kind: number;
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly startTimeUnixNano: string;
        readonly endTimeUnixNano: string;
        readonly attributes: JsonAttributes;
        readonly status: { readonly code: number };
        readonly links?: readonly { readonly traceId: string }[];
      }[];
    }[];
  }[];
}

const spansInJson = ({ resourceSpans }: JsonRequest): readonly CollectedSpan[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans
      .flatMap(({ spans }) => spans)
      .map(({ name, kind, traceId, spanId, parentSpanId = '', attributes, status, links = [], ...span }) => ({
        service: String(attributesOf(resource.attributes)['service.name']),
        name,
        kind,
        traceId,
        spanId,
        parentSpanId,
        start: Number(span.startTimeUnixNano) / 1e6,
        end: Number(span.endTimeUnixNano) / 1e6,
        attributes: attributesOf(attributes),
        failed: status.code === 2,
        links: links.map((link) => link.traceId),
      })),
  );

const attributesOf = (attributes: JsonAttributes): Readonly<Record<string, unknown>> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, plainOf(value)]));

const plainOf = ({ stringValue, intValue, boolValue, arrayValue }: JsonValue): unknown =>
  stringValue ?? intValue ?? boolValue ?? arrayValue?.values.map(plainOf);
