import { cpus, loadavg } from 'node:os';

/** Something that was promised. */
export interface Target {
  readonly promise: string;
  readonly measured: string;
  readonly met: boolean;
}

/** What the numbers depend on beside the code. */
export interface Machine {
  readonly node: string;
  readonly cpus: string;
  /** Of the last minute, before and after. */
  readonly load: readonly [number, number];
  /** How it was measured. */
  readonly plan: string;
}

/** The load average of the last minute. */
export const loadNow = (): number => loadavg()[0] ?? 0;

/** @param loadBefore - {@link loadNow} before the run */
export const machineOf = (plan: string, loadBefore: number): Machine => ({
  node: process.version,
  cpus: `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}`,
  load: [loadBefore, loadNow()],
  plan,
});

/** What follows the table of each benchmark. */
export const verdictOf = (targets: readonly Target[], machine: Machine): readonly string[] => [
  ...targets.map(({ promise, measured, met }) => `${met ? 'ok    ' : 'MISSED'}  ${promise}: ${measured}`),
  '',
  `Node ${machine.node}, ${machine.cpus}, load average ${machine.load.map((load) => load.toFixed(1)).join(' → ')}`,
];

/** 1 if a target was missed. */
export const exitCodeOf = (targets: readonly Target[]): 0 | 1 => (targets.every(({ met }) => met) ? 0 : 1);

/** `150.0 MB` */
export const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`;
