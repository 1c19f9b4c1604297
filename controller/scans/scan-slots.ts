/** How many scans run at once. */
export interface ScanConcurrency {
  readonly perHost: number;
  readonly perTenant: number;
  readonly total: number;
}

/**
 * A scan is a few requests one after another: ten at once do not strain a host. One tenant gets at most half of all slots, so that
 * a tenant whose hosts all hang leaves the other half to the others.
 */
export const DEFAULT_SCAN_CONCURRENCY: ScanConcurrency = { perHost: 10, perTenant: 25, total: 50 };

/** A scan that may run, and what it takes up until it is released. */
export interface Slot<Item> {
  readonly item: Item;
  readonly host: string;
  readonly tenant: string;
}

/** The scans that wait for a slot: tenants take turns, then a tenant's hosts do, then it is first come, first served. */
export class ScanSlots<Item> {
  readonly #limits: ScanConcurrency;
  readonly #waiting = new Map<string, Map<string, Item[]>>();
  /** Running, by host. */
  readonly #hosts = new Tally();
  /** Waiting, by host. */
  readonly #queued = new Tally();
  /** Running, by tenant. */
  readonly #tenants = new Tally();
  /** Waiting and running, by tenant. */
  readonly #load = new Tally();
  #total = 0;

  constructor(limits: ScanConcurrency) {
    this.#limits = limits;
  }

  /** @param tenants - all that the scan is for, at least one; it counts for the one with the fewest scans */
  wait(item: Item, { host, tenants }: { readonly host: string; readonly tenants: Iterable<string> }): void {
    const [first = '', ...others] = tenants;
    const tenant = others.reduce((least, next) => (this.#load.of(next) < this.#load.of(least) ? next : least), first);
    this.#load.add(tenant, 1);
    this.#queued.add(host, 1);
    const hosts = this.#waiting.get(tenant) ?? new Map<string, Item[]>();
    this.#waiting.set(tenant, hosts);
    const items = hosts.get(host);
    if (items === undefined) hosts.set(host, [item]);
    else items.push(item);
  }

  /** The next one that may run; its slot is taken until {@link release}. undefined: none waits, or all slots are taken. */
  take(): Slot<Item> | undefined {
    if (this.#total >= this.#limits.total || !this.#isAnyHostFree()) return undefined;
    for (const [tenant, hosts] of this.#waiting) {
      if (this.#tenants.of(tenant) >= this.#limits.perTenant) continue;
      const slot = this.#takeOf(tenant, hosts);
      if (slot !== undefined) return slot;
    }
    return undefined;
  }

  release({ host, tenant }: Slot<Item>): void {
    this.#hosts.add(host, -1);
    this.#tenants.add(tenant, -1);
    this.#load.add(tenant, -1);
    this.#total -= 1;
  }

  /** Takes away all that waits. */
  clear(): readonly Item[] {
    const items: Item[] = [];
    for (const [tenant, hosts] of this.#waiting) {
      for (const [host, own] of hosts) {
        this.#load.add(tenant, -own.length);
        this.#queued.add(host, -own.length);
        items.push(...own);
      }
    }
    this.#waiting.clear();
    return items;
  }

  /** Whether any waiting scan has a free host; saves a walk through all tenants that wait for the same full one. */
  #isAnyHostFree(): boolean {
    for (const host of this.#queued.names()) if (this.#hosts.of(host) < this.#limits.perHost) return true;
    return false;
  }

  #takeOf(tenant: string, hosts: Map<string, Item[]>): Slot<Item> | undefined {
    for (const [host, items] of hosts) {
      if (this.#hosts.of(host) >= this.#limits.perHost) continue;
      const item = items.shift();
      // Tenant and host go to the end of their lines, so that the others have their turn.
      hosts.delete(host);
      if (items.length > 0) hosts.set(host, items);
      this.#waiting.delete(tenant);
      if (hosts.size > 0) this.#waiting.set(tenant, hosts);
      if (item === undefined) continue;
      this.#queued.add(host, -1);
      this.#hosts.add(host, 1);
      this.#tenants.add(tenant, 1);
      this.#total += 1;
      return { item, host, tenant };
    }
    return undefined;
  }
}

/** Counts by name; names at zero take no memory. */
class Tally {
  readonly #counts = new Map<string, number>();

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  names(): Iterable<string> {
    return this.#counts.keys();
  }

  add(name: string, change: number): void {
    const count = this.of(name) + change;
    if (count === 0) this.#counts.delete(name);
    else this.#counts.set(name, count);
  }
}
