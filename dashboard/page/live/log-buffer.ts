import type { LogLine } from '../../protocol.js';

/** Lines that are kept; of a longer log the last ones. */
export const LOG_LINES = 5_000;
/** Lines are kept and shown in blocks: a new line touches one of them. */
const BLOCK = 200;

/** Some lines of a log that follow each other; the very last one may not have ended. */
interface LogBlock {
  /** The same for as long as the block is there. */
  readonly id: number;
  readonly lines: readonly string[];
}

/** A log as it is read. */
export interface LogView {
  readonly blocks: readonly LogBlock[];
  /** Lines before the first block that are no longer kept. */
  readonly dropped: number;
  /** Whose log it is, once that is said. */
  readonly job?: { readonly namespace: string; readonly name: string; readonly number: number };
  /** What the log waits for, while it does. */
  readonly waiting?: string;
  /** Whether it is what the status has kept of it, and not the Pod's own. */
  readonly isKept: boolean;
  /** Why nothing more comes, once that is said. */
  readonly ended?: string;
}

/** A log of which nothing has been read. */
export const EMPTY_LOG: LogView = { blocks: [], dropped: 0, isKept: false };

/** The log with one more line of the server. */
export const logAfter = (log: LogView, line: LogLine): LogView => {
  switch (line.kind) {
    case 'job':
      return Object.assign({}, log, { job: { namespace: line.namespace, name: line.name, number: line.number } });
    case 'waiting':
      return Object.assign({}, log, { waiting: line.why });
    case 'text':
      return withText(withoutWaiting(log), line.text);
    case 'kept':
      return withText(Object.assign(withoutWaiting(log), { isKept: true }), line.text);
    case 'ended':
      return Object.assign(withoutWaiting(log), { ended: line.why });
    case 'alive':
      return log;
    default:
      // A newer server may say more than this page knows.
      line satisfies never;
      return log;
  }
};

const withoutWaiting = ({ waiting: _, ...log }: LogView): LogView => log;

/** The last line is the one that the next piece goes on with; it is '' where a piece has ended one. */
const withText = (log: LogView, text: string): LogView => {
  const [first = '', ...lines] = text.split('\n');
  return withoutOldest(Object.assign({}, log, { blocks: withLines(withEnd(log.blocks, first), lines) }));
};

const withEnd = (blocks: readonly LogBlock[], text: string): readonly LogBlock[] => {
  const last = blocks.at(-1);
  if (last === undefined) return [{ id: 0, lines: [text] }];
  const lines = [...last.lines.slice(0, -1), `${last.lines.at(-1)}${text}`];
  return text === '' ? blocks : [...blocks.slice(0, -1), { id: last.id, lines }];
};

const withLines = (blocks: readonly LogBlock[], lines: readonly string[]): readonly LogBlock[] => {
  const last = blocks.at(-1);
  const room = last === undefined ? 0 : BLOCK - last.lines.length;
  const filled =
    last === undefined || room === 0
      ? blocks
      : [...blocks.slice(0, -1), { id: last.id, lines: [...last.lines, ...lines.slice(0, room)] }];
  const rest = lines.slice(room);
  const nextId = (last?.id ?? -1) + 1;
  const more = Array.from({ length: Math.ceil(rest.length / BLOCK) }, (_, at) => ({
    id: nextId + at,
    lines: rest.slice(at * BLOCK, (at + 1) * BLOCK),
  }));
  return [...filled, ...more];
};

/** Whole blocks go, so that those which stay need not be shown anew. */
const withoutOldest = (log: LogView): LogView => {
  let count = log.blocks.reduce((sum, { lines }) => sum + lines.length, 0);
  let { dropped } = log;
  let from = 0;
  for (const { lines } of log.blocks) {
    if (count - lines.length < LOG_LINES) break;
    count -= lines.length;
    dropped += lines.length;
    from += 1;
  }
  return from === 0 ? log : Object.assign({}, log, { blocks: log.blocks.slice(from), dropped });
};
