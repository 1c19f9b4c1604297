import type { CollectedSpan } from './collected-span.js';

/** The fields of a message of protobuf, by their numbers: bytes, or a number of 64 bits. */
type Message = ReadonlyMap<number, readonly (Buffer | bigint)[]>;

/**
 * The spans of an ExportTraceServiceRequest. Read apart from the libraries that write it: what both misread would be found by nobody.
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
 */
export const spansInProtobuf = (body: Buffer): readonly CollectedSpan[] =>
  messages(message(body), 1).flatMap((resourceSpans) => {
    const service = messages(resourceSpans, 1).map((resource) => attributesOf(resource, 1)['service.name'])[0];
    return messages(resourceSpans, 2)
      .flatMap((scopeSpans) => messages(scopeSpans, 2))
      .map((span) => spanOf(span, String(service)));
  });

const spanOf = (span: Message, service: string): CollectedSpan => ({
  service,
  name: text(span, 5),
  kind: Number(number(span, 6)),
  traceId: hex(span, 1),
  spanId: hex(span, 2),
  parentSpanId: hex(span, 4),
  start: Number(number(span, 7)) / 1e6,
  end: Number(number(span, 8)) / 1e6,
  attributes: attributesOf(span, 9),
  failed: messages(span, 15).some((status) => number(status, 3) === 2n),
  links: messages(span, 13).map((link) => hex(link, 1)),
});

const attributesOf = (of: Message, field: number): Readonly<Record<string, unknown>> =>
  Object.fromEntries(messages(of, field).map((pair) => [text(pair, 1), messages(pair, 2).map(plainOf)[0]]));

const plainOf = (value: Message): unknown => {
  if (value.has(1)) return text(value, 1);
  if (value.has(2)) return number(value, 2) === 1n;
  if (value.has(5)) return messages(value, 5).flatMap((array) => messages(array, 1).map(plainOf));
  return Number(number(value, 3));
};

const bytes = (of: Message, field: number): readonly Buffer[] => (of.get(field) ?? []).filter(Buffer.isBuffer);
const messages = (of: Message, field: number): readonly Message[] => bytes(of, field).map(message);
const text = (of: Message, field: number): string => bytes(of, field)[0]?.toString('utf8') ?? '';
const hex = (of: Message, field: number): string => bytes(of, field)[0]?.toString('hex') ?? '';
const number = (of: Message, field: number): bigint => {
  const [value] = of.get(field) ?? [];
  return typeof value === 'bigint' ? value : 0n;
};

const message = (body: Buffer): Message => {
  const fields = new Map<number, (Buffer | bigint)[]>();
  let at = 0;
  const varint = (): bigint => {
    for (let [value, shift] = [0n, 0n]; ; shift += 7n) {
      const byte = body.readUInt8(at);
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const skip = (length: number): number => {
    at += length;
    return at - length;
  };
  while (at < body.length) {
    const tag = Number(varint());
    const value = { 0: varint, 1: () => body.readBigUInt64LE(skip(8)), 2: () => part(), 5: () => fixed32() };
    const part = (): Buffer => {
      const length = Number(varint());
      return body.subarray(skip(length), at);
    };
    const fixed32 = (): bigint => BigInt(body.readUInt32LE(skip(4)));
    const read = value[(tag & 7) as keyof typeof value];
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), read()]);
  }
  return fields;
};
