import { createReadStream } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { OPERATOR_NAMESPACE } from '../../../playground/operator.js';

/** Calls of the controller, by verb and resource: `patch werfbundles` → 3. */
export type Calls = ReadonlyMap<string, number>;

const CONTROLLER = `system:serviceaccount:${OPERATOR_NAMESPACE}:werfbundle-controller`;

/** Each call of the controller, when it was answered, leases aside. */
export const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [
    { level: 'None', resources: [{ group: 'coordination.k8s.io', resources: ['leases'] }] },
    { level: 'Metadata', users: [CONTROLLER] },
    { level: 'None' },
  ],
};

const WRITES = /^(create|update|patch|delete|deletecollection) /;

/** How many of the calls are writes. */
export const writesIn = (calls: Calls): number => sum(calls, (call) => WRITES.test(call));
/** How many read one object, or a list of them; watches aside. */
export const readsIn = (calls: Calls): number => sum(calls, (call) => /^(get|list) /.test(call));

const sum = (calls: Calls, counts: (call: string) => boolean): number =>
  [...calls].reduce((all, [call, count]) => (counts(call) ? all + count : all), 0);

/** Reads what the apiserver says in its audit log of the controller's calls. */
export class CallCounter {
  readonly #dir: string;
  readonly #read = new Map<string, number>();

  /** @param dir - of the control plane */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Calls since the question before. */
  async since(): Promise<Calls> {
    const calls = new Map<string, number>();
    for (const file of await readdir(this.#dir)) {
      if (file.endsWith('-audit.log')) await this.#count(join(this.#dir, file), calls);
    }
    return calls;
  }

  async #count(file: string, calls: Map<string, number>): Promise<void> {
    await access(file);
    let read = this.#read.get(file) ?? 0;
    for await (const line of createInterface({ input: createReadStream(file, { start: read }), crlfDelay: Infinity })) {
      const call = callOf(line);
      // The last line may still be on its way.
      if (call === undefined) break;
      read += Buffer.byteLength(line) + 1;
      calls.set(call, (calls.get(call) ?? 0) + 1);
    }
    this.#read.set(file, read);
  }
}

/** undefined: no whole line. */
const callOf = (line: string): string | undefined => {
  if (!line.endsWith('}')) return undefined;
  const verb = /"verb":"(\w+)"/.exec(line)?.[1] ?? '';
  const [, resource = '', rest = ''] = /"objectRef":{"resource":"(\w+)"(.*?)}/.exec(line) ?? [];
  const subresource = /"subresource":"(\w+)"/.exec(rest)?.[1];
  return `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
};
