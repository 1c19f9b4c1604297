/** The options of `kubectl logs`. */
export interface LogOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** Whole lines from the end. */
  readonly tailLines?: number;
  /** Lines not older than this, milliseconds since 1970. */
  readonly since?: number;
  /** Bytes of the answer. */
  readonly limitBytes?: number;
}

/** A piece of a container's log; `whole` if the line ends here. */
export interface LogLine {
  readonly time: string;
  readonly text: Buffer;
  readonly whole: boolean;
}

const NEWLINE = 10;
const SPACE = 32;

/** Reads the complete lines of a file in CRI's form. @returns `used`: bytes of `file` that they took */
export const parseLog = (file: Buffer): { readonly lines: readonly LogLine[]; readonly used: number } => {
  const lines: LogLine[] = [];
  let start = 0;
  for (let end = file.indexOf(NEWLINE); end >= 0; end = file.indexOf(NEWLINE, start)) {
    const timeEnd = file.indexOf(SPACE, start);
    const streamEnd = file.indexOf(SPACE, timeEnd + 1);
    lines.push({
      time: file.toString('latin1', start, timeEnd),
      whole: file.toString('latin1', streamEnd + 1, streamEnd + 2) === 'F',
      text: file.subarray(streamEnd + 3, end),
    });
    start = end + 1;
  }
  return { lines, used: start };
};

/** The last `count` lines, each with all its pieces: a line begins where the piece before it was whole. */
const tail = (lines: readonly LogLine[], count: number): readonly LogLine[] => {
  const starts = lines.flatMap((_, index) => ((lines[index - 1]?.whole ?? true) ? [index] : []));
  return lines.slice(starts.at(-count) ?? 0);
};

/** Selects the requested lines of those written so far. Pure. */
export const wantedLines = (lines: readonly LogLine[], options: LogOptions): readonly LogLine[] => {
  const { since, tailLines } = options;
  const recent = since === undefined ? lines : lines.filter((line) => Date.parse(line.time) >= since);
  if (tailLines === undefined) return recent;
  return tailLines === 0 ? [] : tail(recent, tailLines);
};

/** Lines as they are sent: pieces put together again, a time before each line's first piece if wanted. Pure. */
export const renderLines = (lines: readonly LogLine[], timestamps: boolean, continues = false): Buffer => {
  let begins = !continues;
  const parts = lines.map((line) => {
    const time = timestamps && begins ? `${line.time} ` : '';
    begins = line.whole;
    return Buffer.concat([Buffer.from(time), line.text, Buffer.from(line.whole ? '\n' : '')]);
  });
  return Buffer.concat(parts);
};
