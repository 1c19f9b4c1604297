/** Which traces that begin here are recorded; those that go on are as they began, if `isParentBased`. */
export interface SamplerSettings {
  readonly isParentBased: boolean;
  /** From 0 to 1. */
  readonly ratio: number;
}

/** How spans wait until they are sent: as OTEL_BSP_* say it. */
interface BatchSettings {
  /** Milliseconds that a span waits for others, at most. */
  readonly delayMs: number;
  /** Time to send a batch, milliseconds. */
  readonly timeoutMs: number;
  /** Spans that wait at most; more are dropped. */
  readonly maxQueueSize: number;
  readonly maxBatchSize: number;
}

/** Where spans go. */
export type SpanTarget =
  | {
      readonly kind: 'otlp';
      readonly protocol: 'http/protobuf' | 'http/json';
      /** Where they are sent; may have a password in it. */
      readonly url: string;
      /** Time for one call, milliseconds, where the environment's is none that can be waited for; else the exporter reads it. */
      readonly timeoutMs?: number;
    }
  /** The log. */
  | { readonly kind: 'console' };

/** What the environment says of traces. Each warning is a line for the log, and quotes nothing that could be a secret. */
export type Tracing =
  | { readonly kind: 'off'; readonly warnings: readonly string[] }
  | {
      readonly kind: 'on';
      readonly target: SpanTarget;
      readonly sampler: SamplerSettings;
      readonly batch: BatchSettings;
      /** Of the process, with its service.name. */
      readonly attributes: Readonly<Record<string, string>>;
      readonly warnings: readonly string[];
    };

type Env = Readonly<Record<string, string | undefined>>;

/** The variables that turn traces on, for --help: what each is for. */
export const TRACING_VARIABLES: Readonly<Record<string, string>> = {
  OTEL_EXPORTER_OTLP_ENDPOINT:
    'Where an OpenTelemetry collector takes spans by HTTP (http://collector.monitoring:4318): turns traces on; the other OTEL_… count as well.',
  OTEL_TRACES_EXPORTER: '`otlp`, `console` (spans are lines of the log) or `none`; `otlp` if there is an endpoint.',
};

/**
 * Reads OTEL_*. Nothing is traced unless an endpoint is named, or an exporter. Never throws: what is no value is warned of and left out, as
 * OpenTelemetry has it; where it is not known where to send spans, none are.
 * @param service - service.name, if the environment has none
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export const readTracing = (env: Env, service: string): Tracing => {
  const reader = new Reader(env);
  const target = targetOf(reader);
  if (target === undefined) return { kind: 'off', warnings: reader.warnings };
  const [sampler, batch, attributes] = [samplerOf(reader), batchOf(reader), attributesOf(reader, service)];
  return { kind: 'on', target, sampler, batch, attributes, warnings: reader.warnings };
};

/** The environment, and what is wrong with it. An empty variable counts as not set. */
class Reader {
  readonly warnings: string[] = [];
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  /** The first of these variables that is set. */
  first(...names: readonly string[]): { readonly name: string; readonly text: string } | undefined {
    for (const name of names) {
      const text = this.#env[name]?.trim() ?? '';
      if (text !== '') return { name, text };
    }
    return undefined;
  }

  warn(name: string, problem: string): void {
    this.warnings.push(`${name}: ${problem}`);
  }

  /** One of some words, whatever their case. */
  word<Word extends string>(words: readonly Word[], ...names: readonly string[]): Word | undefined {
    const found = this.first(...names);
    if (found === undefined) return undefined;
    const word = words.find((one) => one === found.text.toLowerCase());
    if (word === undefined) this.warn(found.name, `is none of ${words.join(', ')}, and is ignored`);
    return word;
  }

  count(name: string, otherwise: number): number {
    const found = this.first(name);
    if (found === undefined) return otherwise;
    if (/^[1-9]\d{0,8}$/.test(found.text)) return Number(found.text);
    this.warn(name, `is no number above 0: ${otherwise} is used`);
    return otherwise;
  }
}

const EXPORTERS = ['otlp', 'console', 'none'] as const;
const PROTOCOLS = ['http/protobuf', 'http/json', 'grpc'] as const;
const DEFAULT_ENDPOINT = 'http://localhost:4318';

const targetOf = (reader: Reader): SpanTarget | undefined => {
  if (reader.word(['true', 'false'], 'OTEL_SDK_DISABLED') === 'true') return undefined;
  const exporter = reader.word(EXPORTERS, 'OTEL_TRACES_EXPORTER');
  const own = reader.first('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  const shared = reader.first('OTEL_EXPORTER_OTLP_ENDPOINT');
  if (exporter === 'none') return undefined;
  if (exporter === 'console') return { kind: 'console' };
  if (exporter === undefined && own === undefined && shared === undefined) return undefined;
  const protocols = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'];
  const protocol = reader.word(PROTOCOLS, ...protocols) ?? 'http/protobuf';
  if (protocol === 'grpc') {
    const name = reader.first(...protocols)?.name ?? '';
    reader.warn(name, 'grpc is not spoken here, only http/protobuf and http/json (port 4318): nothing is traced');
    return undefined;
  }
  const url = own === undefined ? urlOf(reader, shared, 'v1/traces') : urlOf(reader, own, '');
  if (url === undefined) return undefined;
  for (const name of otlp('HEADERS')) checkHeaders(reader, name);
  const timeoutMs = boundedTimeout(reader);
  return { kind: 'otlp', protocol, url, ...(timeoutMs !== undefined && { timeoutMs }) };
};

/** What counts for traces alone stands before what counts for all. */
const otlp = (what: string): readonly string[] => [`OTEL_EXPORTER_OTLP_TRACES_${what}`, `OTEL_EXPORTER_OTLP_${what}`];

/** The longest that a timer of Node waits, milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/** A longer one would be a timer of 1 ms to Node. What is no number the exporter itself warns of. */
const boundedTimeout = (reader: Reader): number | undefined => {
  const found = reader.first(...otlp('TIMEOUT'));
  const ms = Number(found?.text);
  if (found === undefined || !Number.isFinite(ms) || ms <= LONGEST_MS) return undefined;
  reader.warn(found.name, `is longer than can be waited for: ${LONGEST_MS} is used`);
  return LONGEST_MS;
};

/** Letters of one header, as OpenTelemetry reads it. */
const LONGEST_HEADER = 4_096;

/** The exporter reads them, and says nothing of what it leaves out. */
const checkHeaders = (reader: Reader, name: string): void => {
  const entries = (reader.first(name)?.text ?? '').split(',').filter((entry) => entry.trim() !== '');
  const faults = new Set(entries.map(headerFault));
  if (faults.has('unread'))
    reader.warn(name, 'is no list like "authorization=Bearer%20TOKEN", percent-encoded: what is none is left out');
  if (faults.has('cut')) reader.warn(name, 'has a ";", where a header ends: write %3B');
  if (faults.has('refused')) reader.warn(name, 'has a letter that no header may have: no span can be sent with it');
};

const headerFault = (entry: string): 'unread' | 'cut' | 'refused' | undefined => {
  const [, key, value] = /^\s*([^=;]*[^=;\s])\s*=\s*([^;]*[^;\s])/.exec(entry) ?? [];
  const [header, text] = [decodedText(key), decodedText(value)];
  if (header === undefined || text === undefined || entry.length > LONGEST_HEADER) return 'unread';
  if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(header) || /[^\t\x20-\x7e\x80-\xff]/.test(text)) return 'refused';
  return entry.includes(';') ? 'cut' : undefined;
};

const urlOf = (reader: Reader, found: ReturnType<Reader['first']>, path: string): string | undefined => {
  const { name, text } = found ?? { name: '', text: DEFAULT_ENDPOINT };
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    reader.warn(name, 'is no address of http:// or https://: nothing is traced');
    return undefined;
  }
  const url = new URL(text);
  if (url.hash !== '') reader.warn(name, 'has a "#": what follows it is never sent, and is left out');
  url.hash = '';
  // Before a query, which stays what it is.
  if (path !== '') url.pathname = url.pathname.endsWith('/') ? `${url.pathname}${path}` : `${url.pathname}/${path}`;
  return url.href;
};

const SAMPLERS = [
  ...(['always_on', 'always_off', 'traceidratio'] as const),
  ...(['parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'] as const),
];

const samplerOf = (reader: Reader): SamplerSettings => {
  const name = reader.word(SAMPLERS, 'OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on';
  const isParentBased = name.startsWith('parentbased_');
  if (name.endsWith('always_on')) return { isParentBased, ratio: 1 };
  if (name.endsWith('always_off')) return { isParentBased, ratio: 0 };
  const text = reader.first('OTEL_TRACES_SAMPLER_ARG')?.text ?? '1';
  const ratio = /^[\d.]+(e-\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (ratio >= 0 && ratio <= 1) return { isParentBased, ratio };
  reader.warn('OTEL_TRACES_SAMPLER_ARG', 'is no number from 0 to 1: 1 is used');
  return { isParentBased, ratio: 1 };
};

const batchOf = (reader: Reader): BatchSettings => {
  const maxQueueSize = reader.count('OTEL_BSP_MAX_QUEUE_SIZE', 2_048);
  return {
    delayMs: reader.count('OTEL_BSP_SCHEDULE_DELAY', 5_000),
    timeoutMs: reader.count('OTEL_BSP_EXPORT_TIMEOUT', 30_000),
    maxQueueSize,
    maxBatchSize: Math.min(reader.count('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512), maxQueueSize),
  };
};

/** `k8s.pod.name=a,team=shop`, percent-encoded; what can't be read as a whole is left out as a whole. */
const attributesOf = (reader: Reader, service: string): Readonly<Record<string, string>> => {
  const name = reader.first('OTEL_SERVICE_NAME')?.text;
  const pairs = pairsIn(reader.first('OTEL_RESOURCE_ATTRIBUTES')?.text ?? '');
  if (pairs === undefined)
    reader.warn('OTEL_RESOURCE_ATTRIBUTES', 'is no list like "team=shop,stage=live", and is ignored');
  return Object.fromEntries([
    ['service.name', service],
    ...(pairs ?? []),
    ...(name === undefined ? [] : [['service.name', name] as const]),
  ]);
};

const pairsIn = (text: string): readonly (readonly [string, string])[] | undefined => {
  const parts = text.split(',').filter((part) => part.trim() !== '');
  const pairs = parts.flatMap((part) => {
    const [, key, value] = /^\s*([^\s=]+)\s*=\s*([^\s=]*)\s*$/.exec(part) ?? [];
    const [name, decoded] = [decodedText(key), decodedText(value)];
    return name === undefined || decoded === undefined ? [] : [[name, decoded] as const];
  });
  return pairs.length === parts.length ? pairs : undefined;
};

const decodedText = (text: string | undefined): string | undefined => {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
};
