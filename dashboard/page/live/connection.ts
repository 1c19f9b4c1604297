import type { FeedLine } from '../../protocol.js';
import type { Refused } from './client.js';

/** How the list's feed is. */
export type Connection =
  /** Nothing has been heard yet. */
  | { readonly kind: 'connecting' }
  /** Bundles come, but not yet all of them. */
  | { readonly kind: 'listing' }
  | { readonly kind: 'live' }
  /** The server is there, the cluster is not. */
  | { readonly kind: 'disturbed'; readonly message: string; readonly since: number }
  /** The server is gone; it is tried again at `retryAt`. */
  | { readonly kind: 'lost'; readonly since: number; readonly retryAt: number }
  /** Nothing more will come. */
  | Refused;

const KINDS: Readonly<Record<FeedLine['kind'], true>> = {
  listing: true,
  bundles: true,
  listed: true,
  removed: true,
  disturbed: true,
  ended: true,
  alive: true,
};

/** Whether this page knows what a line of the feed says. A server that was renewed while the page is open may say more. */
export const isKnownLine = ({ kind }: { readonly kind: string }): boolean => Object.hasOwn(KINDS, kind);

/** What a line of the feed makes of the connection. @param now - milliseconds since 1970 */
export const connectionAfter = (connection: Connection, line: FeedLine, now: number): Connection => {
  switch (line.kind) {
    case 'listing':
      return { kind: 'listing' };
    case 'listed':
      return { kind: 'live' };
    case 'disturbed':
      return { kind: 'disturbed', message: line.message, since: sinceOf(connection) ?? now };
    case 'ended':
      return { kind: 'refused', status: line.status, refusal: line.refusal };
    case 'bundles':
    case 'removed':
      return connection.kind === 'listing' ? connection : { kind: 'live' };
    case 'alive':
      return connection;
    default:
      // A newer server may say more than this page knows: `isKnownLine`.
      line satisfies never;
      return connection;
  }
};

/** What a stream that has broken off makes of it. */
export const connectionLost = (connection: Connection, now: number, delayMs: number): Connection => ({
  kind: 'lost',
  since: sinceOf(connection) ?? now,
  retryAt: now + delayMs,
});

/** Since when what is shown is old; undefined while it is not. */
const sinceOf = (connection: Connection): number | undefined => ('since' in connection ? connection.since : undefined);

/** How long to wait after so many failures in a row: 1, 2, 4, 8, and 10 s from then on. @param failures - from 1 */
export const retryDelayMs = (failures: number): number => Math.min(10_000, 1_000 * 2 ** (failures - 1));
