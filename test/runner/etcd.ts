/** Everything that an apiserver keeps: key to the revision at which it was last written. */
export type Revisions = ReadonlyMap<string, string>;

const FROM = '/registry/';
/** The first key behind all that begin with it. */
const TO = '/registry0';
/** etcd's own bound for one transaction is 128. */
const OPERATIONS = 100;

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** The store of an apiserver, by etcd's JSON gateway: what is done here no admission, finalizer or grace period holds up. */
export class Etcd {
  readonly #address: string;

  /** @param address - `http://127.0.0.1:PORT` */
  constructor(address: string) {
    this.#address = address;
  }

  async revisions(): Promise<Revisions> {
    const { kvs = [] } = await this.#ask<Range>('kv/range', { ...RANGE, keys_only: true });
    return new Map(kvs.map(({ key, mod_revision }) => [Buffer.from(key, 'base64').toString(), mod_revision]));
  }

  /** Everything with its content, in base64. */
  async contents(): Promise<ReadonlyMap<string, string>> {
    const { kvs = [] } = await this.#ask<Range>('kv/range', RANGE);
    return new Map(kvs.map(({ key, value = '' }) => [Buffer.from(key, 'base64').toString(), value]));
  }

  /** Removes keys, and writes others with contents in base64. */
  async change({
    remove,
    put,
  }: {
    readonly remove: readonly string[];
    readonly put: ReadonlyMap<string, string>;
  }): Promise<void> {
    const operations = [
      ...remove.map((key) => ({ request_delete_range: { key: base64(key) } })),
      ...[...put].map(([key, value]) => ({ request_put: { key: base64(key), value } })),
    ];
    for (let at = 0; at < operations.length; at += OPERATIONS)
      await this.#ask('kv/txn', { success: operations.slice(at, at + OPERATIONS) });
  }

  async #ask<T>(what: string, body: object): Promise<T> {
    const answer = await fetch(`${this.#address}/v3/${what}`, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`etcd: ${what}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }
}

const RANGE = { key: base64(FROM), range_end: base64(TO) };

interface Range {
  readonly kvs?: readonly { readonly key: string; readonly value?: string; readonly mod_revision: string }[];
}
