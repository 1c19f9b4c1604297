import { type Machine, type Target, verdictOf } from '../report.js';
import { median } from '../statistics.js';
import type { LoopDelays, Measured } from './measure.js';

const TITLE = 58;
const CELL = 14;

interface Line {
  readonly title: string;
  readonly of: (size: Measured) => string;
}

const delays = ({ own, idle }: LoopDelays, which: 'p99Ms' | 'maxMs'): string =>
  `${own[which].toFixed(0)} (${idle[which].toFixed(0)})`;
const inMegabytes = (bytes: number): string => (bytes / 1_000_000).toFixed(0);
const worst = (values: readonly number[]): string => Math.max(...values).toFixed(1);

const LINES: readonly Line[] = [
  { title: 'until all are Synced (s)', of: ({ deploying }) => deploying.seconds.toFixed(0) },
  { title: '  CPU for each bundle (ms)', of: ({ deploying }) => deploying.cpuMs.toFixed(1) },
  { title: '  writes for each bundle', of: ({ deploying }) => deploying.writes.toFixed(1) },
  { title: '  reads for each bundle', of: ({ deploying }) => deploying.reads.toFixed(1) },
  { title: '  event loop late, p99 (an idle process), ms', of: ({ deploying }) => delays(deploying.delays, 'p99Ms') },
  { title: 'at a start: event loop late, maximum (idle), ms', of: ({ starting }) => delays(starting, 'maxMs') },
  { title: 'in a steady interval (s)', of: ({ intervalSeconds }) => intervalSeconds.toFixed(0) },
  { title: '  writes', of: ({ steady }) => String(steady.writes) },
  { title: '  scans', of: ({ steady }) => String(steady.scans) },
  { title: '  reads for each bundle', of: ({ steady, bundles }) => (steady.reads / bundles).toFixed(1) },
  { title: '  CPU for each bundle (ms)', of: ({ steady }) => steady.cpuMs.toFixed(2) },
  { title: '  event loop late, p99 (idle), ms', of: ({ steady }) => delays(steady.delays, 'p99Ms') },
  { title: 'heap after a collection (MB)', of: ({ memory }) => inMegabytes(memory.heapUsed) },
  { title: 'RSS (MB)', of: ({ memory }) => inMegabytes(memory.rss) },
  {
    title: '  at its highest',
    of: ({ memory, restart }) => inMegabytes(Math.max(memory.highestRss, restart.highestRss)),
  },
  {
    title: 'from a new tag to its Job, median and worst (s)',
    of: ({ newTags }) => `${median(newTags.fromPush).toFixed(1)} / ${worst(newTags.fromPush)}`,
  },
  { title: '  from the poll that saw it, worst (s)', of: ({ newTags }) => worst(newTags.fromListing) },
  { title: 'after a restart: ready (s)', of: ({ restart }) => restart.readySeconds.toFixed(1) },
  { title: '  first Job for a new tag (s)', of: ({ restart }) => restart.firstSeconds.toFixed(1) },
  { title: '  Jobs for all new tags (s)', of: ({ restart }) => restart.lastSeconds.toFixed(1) },
  { title: '  deployments repeated', of: ({ restart }) => String(restart.repeated) },
];

/** The results as a text for a terminal. */
export const tableOf = (sizes: readonly Measured[], targets: readonly Target[], machine: Machine): string =>
  [
    machine.plan,
    '',
    `${'bundles'.padEnd(TITLE)}${sizes.map(({ bundles }) => String(bundles).padStart(CELL)).join('')}`,
    ...LINES.map(({ title, of }) => `${title.padEnd(TITLE)}${sizes.map((size) => of(size).padStart(CELL)).join('')}`),
    '',
    ...verdictOf(targets, machine),
  ].join('\n');
