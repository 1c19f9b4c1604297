import type { ControlPlaneProgram } from './binaries.js';

interface Awaited {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Lets callers wait for programs until these have arrived. */
export class Arrivals {
  readonly #there: Set<ControlPlaneProgram>;
  readonly #waiting = new Map<ControlPlaneProgram, Awaited[]>();
  #failure: { readonly reason: unknown } | undefined;

  constructor(there: readonly ControlPlaneProgram[]) {
    this.#there = new Set(there);
  }

  /** Resolves when the program is there. @throws what {@link fail} was given, if that comes first */
  arrived(program: ControlPlaneProgram): Promise<void> {
    if (this.#there.has(program)) return Promise.resolve();
    if (this.#failure !== undefined) return Promise.reject(this.#failure.reason);
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(program) ?? [];
      this.#waiting.set(program, [...waiting, { resolve, reject }]);
    });
  }

  /** The program can be run. May be called again. */
  announce(program: ControlPlaneProgram): void {
    this.#there.add(program);
    for (const { resolve } of this.#waiting.get(program) ?? []) resolve();
    this.#waiting.delete(program);
  }

  /** No more programs will come. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    for (const waiting of this.#waiting.values()) for (const { reject } of waiting) reject(reason);
    this.#waiting.clear();
  }
}
