import type { SenderType } from './senders/sender-table.js';

/** Who may call, and what they may tell of. */
export interface Receiver {
  /** The last part of its URL's path: `/receivers/NAME`. */
  readonly name: string;
  readonly type: SenderType;
  /** What it may tell of: a registry, by its `registryName`, or what is at and below a path in it. */
  readonly registry: { readonly host: string; readonly path: string | undefined };
  /** Any of these proves a call; several while one takes another's place. */
  readonly secrets: readonly string[];
}

/** All receivers, by name. */
export type Receivers = ReadonlyMap<string, Receiver>;
