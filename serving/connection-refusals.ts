import type { RefusalTable } from './refusals.js';

/** Why a connection, or the request on it, is given up, whatever it asks. */
export const CONNECTION_REFUSALS = {
  connections: 'a connection was closed at once: there were as many as may be in all (--max-connections)',
  'peer-connections': 'a connection was closed at once: its peer had as many as it may (--max-connections-per-peer)',
  'gave-way': 'a connection that had asked nothing yet, or nothing for long, was closed for a new one',
  'slow-handshake': 'a connection was closed: its TLS handshake took too long',
  'slow-headers': "a connection was closed: a request's headers took too long",
  'slow-body': 'a request was given up: its body came too slowly',
  'slow-answer': 'a connection was closed: its answer was not read',
  'no-http': 'a connection was closed: what came was no request of HTTP/1.1, or was cut to pieces (400)',
  'large-headers': "a connection was closed: a request's headers were larger than 16 KiB (431)",
  expectation: 'a connection was closed: a request expected something else than 100-continue (417)',
  pipelined: 'a connection was closed: it sent a request while another one was not answered yet',
} as const satisfies RefusalTable<string>;

/** A row of {@link CONNECTION_REFUSALS}. */
export type ConnectionRefusal = keyof typeof CONNECTION_REFUSALS;
