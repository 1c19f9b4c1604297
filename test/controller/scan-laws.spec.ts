import fc from 'fast-check';
import t from 'tap';
import type { ScanInterest } from '../../controller/scans/scan.js';
import { createScans } from '../../controller/scans/scans.js';
import { NO_TRACER } from '../../process/tracer.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { MemoryRegistry } from '../kit/memory-registry.js';
import { recordLog } from '../kit/record-log.js';
import { MINUTE, SECOND, TIMEOUT, UNAUTHORIZED } from '../kit/scan-board.js';

/** What may happen to a board: ten bundles, a few policies, one repository. */
type Happening = (world: World) => void | Promise<void>;

/** A board, its bundles and their registry; and what is true of it once all is well again. */
class World {
  readonly registry = new MemoryRegistry();
  readonly clock = createFakeClock();
  readonly #bundles = new Map<string, { readonly uid: string; readonly policy: ScanInterest['policy'] }>();
  readonly #reads: number[] = [];
  readonly #delivered: string[] = [];
  readonly #stop = new AbortController();
  readonly #scans = createScans({
    tracer: NO_TRACER,
    registry: this.registry,
    clock: this.clock,
    log: recordLog(),
    timeScale: 1,
    random: { uniform: () => 0.5 },
    onDelivery: ({ name }) => this.#delivered.push(name),
    onScan: () => {
      this.#reads.push(this.registry.calls.splice(0).filter((call) => call.startsWith('read')).length);
    },
  });
  readonly #stopped = this.#scans.start(this.#stop.signal);

  constructor() {
    this.registry.publish('acme/app', {});
  }

  get tags(): Map<string, string> {
    return this.registry.repositories.get('acme/app') ?? new Map();
  }

  want(name: string, due: ScanInterest['due']['kind'], as = this.#bundles.get(name)): void {
    if (as === undefined) return;
    this.#bundles.set(name, as);
    this.#scans.subscribe({
      bundle: { namespace: 'shop', name, uid: as.uid },
      policy: as.policy,
      target: { host: 'ghcr.io', repository: 'acme/app', insecure: false },
      pollIntervalMs: 15 * MINUTE,
      due: due === 'at' ? { kind: due, time: this.clock.now() } : { kind: due },
    });
  }

  forget(name: string): void {
    this.#bundles.delete(name);
    this.#scans.unsubscribe({ namespace: 'shop', name });
  }

  /** @returns what is wrong */
  async heal(): Promise<readonly string[]> {
    const { registry, clock } = this;
    registry.held = undefined;
    registry.failure = undefined;
    await clock.advance(3 * MINUTE);
    for (const name of this.#bundles.keys()) this.want(name, 'at');
    await clock.advance(10 * SECOND);
    for (const name of this.#bundles.keys()) this.want(name, 'interval');
    // A search may take several intervals.
    await clock.advance(120 * MINUTE);
    this.#delivered.length = 0;
    await clock.advance(60 * MINUTE);
    this.#stop.abort();
    await this.#stopped;
    const wrong = [...this.#bundles].flatMap(([name, { uid, policy }]) => {
      const latest = this.#scans.latest({ namespace: 'shop', name, uid });
      const told = latest?.kind === 'selected' ? latest.tag : undefined;
      const heard = this.#delivered.filter((other) => other === name).length;
      const best = this.#best(policy);
      return told === best && Math.abs(heard - 4) <= 1 ? [] : [`${name}: ${told}, not ${best}; heard ${heard} times`];
    });
    // One by one: a hold of a millisecond puts a scan off more often than a call has room for arguments.
    const most = this.#reads.reduce((least, reads) => Math.max(least, reads), 0);
    return [
      ...wrong,
      ...(most > 20 ? [`${most} manifests in a scan`] : []),
      ...(clock.pending() > 0 ? ['it ends'] : []),
    ];
  }

  #best({ tag, versionConstraint }: ScanInterest['policy']): string | undefined {
    const wanted = tag === undefined ? `v${versionConstraint?.replace('x', '')}` : `${tag}.`;
    const bundles = [...this.tags].filter(([name, digest]) => `${name}.`.startsWith(wanted) && digest !== 'image');
    return bundles.map(([name]) => name).toSorted((a, b) => Number(b.split('.')[1]) - Number(a.split('.')[1]))[0];
  }
}

t.test('whatever happens, in the end each bundle hears of the best tag that there is, once an interval', async (t) => {
  const [major, minor, who] = [fc.nat(3), fc.nat(11), fc.nat(9).map((index) => `b${index}`)];
  const tag = fc.tuple(major, minor).map((version) => `v${version.join('.')}.0`);
  const policy = fc.oneof(
    tag.map((fixed) => ({ tag: fixed })),
    major.map((of) => ({ versionConstraint: `${of}.x` })),
  );
  const happenings: readonly fc.Arbitrary<Happening>[] = [
    fc.tuple(who, fc.nat(1), policy, fc.constantFrom('at', 'interval', 'never')).map(
      ([name, life, wanted, due]) =>
        (world) =>
          world.want(name, due, { uid: `${name}-${life}`, policy: wanted }),
    ),
    who.map((name) => (world) => world.forget(name)),
    fc.tuple(fc.nat(MINUTE), fc.boolean()).map(([forMs, holds]) => ({ registry }) => {
      registry.held = { kind: 'held', why: 'breaker', forMs };
      registry.holds = holds;
    }),
    fc.constantFrom(UNAUTHORIZED, TIMEOUT, undefined).map((failure) => ({ registry }) => {
      registry.held = undefined;
      registry.failure = failure;
    }),
    fc.tuple(tag, fc.boolean()).map(([name, is]) => ({ tags, clock }) => {
      tags.set(name, is ? `sha256:${clock.now()}` : 'image');
    }),
    tag.map(
      (name) =>
        ({ tags }) =>
          void tags.delete(name),
    ),
    major.map((of) => ({ tags }) => {
      for (let index = 20; index < 50; index += 1) tags.set(`v${of}.${index}.0`, 'image');
    }),
    fc.option(fc.string({ maxLength: 1 }), { nil: undefined }).map((etag) => ({ registry }) => {
      registry.etag = etag;
    }),
    fc.oneof(fc.nat(2 * SECOND), fc.nat(10 * MINUTE)).map(
      (ms) =>
        ({ clock }) =>
          clock.advance(ms),
    ),
  ];
  const scenario = fc.array(fc.oneof(...happenings), { maxLength: 80, size: 'max' });
  const law = fc.asyncProperty(scenario, async (all) => {
    const world = new World();
    for (const happening of all) await happening(world);
    const wrong = await world.heal();
    if (wrong.length > 0) throw new Error(wrong.join('; '));
  });
  await t.resolves(fc.assert(law, { numRuns: 60 }));
});
