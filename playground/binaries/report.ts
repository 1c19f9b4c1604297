/** Receives the progress of finding and getting programs. */
export interface Report {
  /** Shows a line that stays on the screen. */
  say(line: string): void;
  /** Shows the progress of a long step; each call replaces the line of the one before. */
  progress(line: string): void;
  /** Called when the long step has ended: its last line may be removed. */
  progressEnds(): void;
}

const EVERY_MS = 15_000;

/**
 * One line that is written over on a terminal; elsewhere a line every 15 s, so that a log stays short.
 * @param options.now - milliseconds of a monotonic clock
 */
export const reportTo = (options: {
  readonly stream: { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };
  readonly say: (line: string) => void;
  readonly now: () => number;
}): Report => {
  const { stream, say, now } = options;
  let shown = false;
  let last = Number.NEGATIVE_INFINITY;
  const erase = () => {
    if (shown) stream.write('\r\u001b[K');
    shown = false;
  };
  return {
    say: (line) => {
      erase();
      say(line);
    },
    progress: (line) => {
      if (stream.isTTY === true) {
        stream.write(`\r\u001b[K${line.slice(0, (stream.columns ?? 80) - 1)}`);
        shown = true;
      } else if (now() - last >= EVERY_MS) {
        last = now();
        say(line);
      }
    },
    progressEnds: erase,
  };
};

/** Shows nothing. */
export const SILENT: Report = { say: () => {}, progress: () => {}, progressEnds: () => {} };
