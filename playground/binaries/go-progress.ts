/** How far a `go build -v` is, as counted from what it prints. */
export interface Counted {
  /** Packages that are to be compiled, those of earlier runs included. */
  readonly total: number;
  /** How many of these were compiled by earlier, interrupted runs. */
  readonly before: number;
  /** Compiled by now, `before` included. */
  readonly compiled: number;
  /** Time since this run began to compile. */
  readonly elapsedMs: number;
}

/** The share of the work that is done, and an estimate of the time that is left. */
interface Progress {
  /** 0 to 99: it is done when all programs are there. */
  readonly percent: number;
  readonly leftMs: number | undefined;
}

/** Share of packages compiled by share of time, measured on two cores: the first packages are small, and linking comes at the end. */
const CURVE: readonly (readonly [packages: number, time: number])[] = [
  [0, 0],
  [0.2, 0.12],
  [0.4, 0.33],
  [0.6, 0.55],
  [0.8, 0.76],
  [1, 0.99],
];

/** Earlier than this there is no estimate, milliseconds. */
const GUESS_AFTER_MS = 5_000;

export const progressOf = ({ total, before, compiled, elapsedMs }: Counted): Progress => {
  const share = (packages: number) => timeShare(total === 0 ? 1 : Math.min(1, packages / total));
  const done = share(compiled);
  const since = done - share(before);
  const leftMs = elapsedMs < GUESS_AFTER_MS || since <= 0 ? undefined : (elapsedMs / since) * (1 - done);
  return { percent: Math.min(99, Math.floor(done * 100)), leftMs };
};

/** The line to show. */
export const progressLine = (what: string, progress: Progress): string => {
  const left = progress.leftMs === undefined ? '' : `, ${roughly(progress.leftMs)} left`;
  return `${what}: ${progress.percent} %${left} (Ctrl-C stops it, the next start goes on from there)`;
};

const roughly = (ms: number): string => {
  const seconds = Math.round(ms / 1_000);
  if (seconds >= 90) return `about ${Math.round(seconds / 60)} min`;
  return `about ${Math.max(5, Math.ceil(seconds / 5) * 5)} s`;
};

const timeShare = (packages: number): number => {
  const at = CURVE.findIndex(([share]) => share >= packages);
  const [x1, y1] = CURVE[Math.max(1, at)] ?? [1, 1];
  const [x0, y0] = CURVE[Math.max(1, at) - 1] ?? [0, 0];
  return y0 + ((packages - x0) / (x1 - x0)) * (y1 - y0);
};
