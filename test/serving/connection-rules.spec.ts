import t from 'tap';
import { type ConnectionFacts, connectionToClose, faultOf, type Phase } from '../../serving/connection-rules.js';

const NOW = 100_000;

const connection = (phase: Phase, more: Partial<ConnectionFacts> = {}): ConnectionFacts => ({
  now: NOW,
  openedAt: NOW - 3000,
  usedAt: NOW - 3000,
  isProven: false,
  isTrusted: false,
  phase,
  ...more,
});
const body = (ms: number, bytes: number, more: Partial<Extract<Phase, { kind: 'body' }>> = {}): Phase => ({
  kind: 'body',
  since: NOW - ms,
  waitedMs: 0,
  bytes,
  stalls: false,
  ...more,
});

t.test('what a connection is given up for', async (t) => {
  const cases: readonly {
    readonly title: string;
    readonly given: ConnectionFacts;
    readonly want: string | undefined;
  }[] = [
    {
      title: 'a handshake within 5 s',
      given: connection({ kind: 'handshake' }, { openedAt: NOW - 5000 }),
      want: undefined,
    },
    {
      title: 'one that takes longer',
      given: connection({ kind: 'handshake' }, { openedAt: NOW - 5001 }),
      want: 'slow-handshake',
    },
    {
      title: 'a connection that is idle for an hour',
      given: connection({ kind: 'idle' }, { openedAt: 0, usedAt: 0 }),
      want: undefined,
    },
    { title: 'headers within 5 s', given: connection({ kind: 'headers', since: NOW - 5000 }), want: undefined },
    {
      title: 'headers that take longer',
      given: connection({ kind: 'headers', since: NOW - 5001 }),
      want: 'slow-headers',
    },
    { title: 'a body of which nothing has come for 2 s', given: connection(body(2000, 0)), want: undefined },
    { title: 'a body of which nothing has come for longer', given: connection(body(2001, 0)), want: 'slow-body' },
    { title: '4 KiB a second', given: connection(body(5000, 5 * 4096)), want: undefined },
    { title: 'less than that', given: connection(body(5000, 5 * 4096 - 1)), want: 'slow-body' },
    { title: 'more than ten seconds', given: connection(body(10_001, 7_000_000)), want: 'slow-body' },
    {
      title: 'none of them by waiting for room',
      given: connection(body(25_000, 10_000, { waitedMs: 23_000 })),
      want: undefined,
    },
    { title: 'who keeps others waiting', given: connection(body(300, 5_000_000, { stalls: true })), want: 'slow-body' },
    {
      title: 'a call that is judged for long',
      given: connection({ kind: 'call' }, { openedAt: 0, usedAt: 0 }),
      want: undefined,
    },
    { title: 'an answer within 10 s', given: connection({ kind: 'answer', since: NOW - 10_000 }), want: undefined },
    {
      title: 'an answer that is not read',
      given: connection({ kind: 'answer', since: NOW - 10_001 }),
      want: 'slow-answer',
    },
  ];
  for (const { title, given, want } of cases) t.equal(faultOf(given), want, title);
});

t.test('who gives way to a new connection', async (t) => {
  const silent = connection({ kind: 'handshake' }, { openedAt: NOW - 20 });
  const trickling = connection(body(1500, 3), { openedAt: NOW - 1600 });
  const idle = connection({ kind: 'idle' }, { isProven: true, openedAt: 0, usedAt: NOW - 9000 });
  const fresh = connection({ kind: 'idle' }, { isProven: true, openedAt: 0, usedAt: NOW - 900 });
  const busy = connection({ kind: 'call' }, { openedAt: 0, usedAt: 0 });
  const known = connection({ kind: 'idle' }, { isTrusted: true, openedAt: 0, usedAt: 0 });
  const cases: readonly {
    readonly title: string;
    readonly given: readonly ConnectionFacts[];
    readonly want: unknown;
  }[] = [
    {
      title: 'the oldest of those that have asked nothing yet',
      given: [idle, silent, trickling, known],
      want: trickling,
    },
    { title: 'however new it is', given: [idle, silent, busy], want: silent },
    { title: 'else the one that has been idle for longest', given: [fresh, idle, busy], want: idle },
    { title: 'who has shown a certificate comes last', given: [known, idle], want: idle },
    { title: 'but before nobody', given: [known, busy], want: known },
    { title: 'nobody, if all are in use or were just now', given: [busy, fresh], want: undefined },
    { title: 'nobody, if there is nobody', given: [], want: undefined },
  ];
  for (const { title, given, want } of cases) t.equal(connectionToClose(given), want, title);
});
