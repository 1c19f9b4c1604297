import { type Machine, verdictOf } from '../report.js';
import { CONTENDERS, contenders } from './contenders.js';
import { LEVELS } from './measure.js';
import type { Results, Row } from './targets.js';

const TITLE = 28;
const CELLS = { cpu: 8, echoes: 8, latency: 8 } as const;
const GROUP = CELLS.cpu + CELLS.echoes + 2 * CELLS.latency;

/** The results as a text for a terminal 125 characters wide. */
export const tableOf = ({ rows, targets }: Results, machine: Machine): string =>
  [
    `CPU of the server for each request (µs, and in express echoes), latency (ms); ${machine.plan}`,
    '',
    `${''.padEnd(TITLE)}${LEVELS.map((level) => `${level} connection${level === 1 ? '' : 's'}`.padStart(GROUP)).join('')}`,
    `${''.padEnd(TITLE)}${LEVELS.map(() => heading).join('')}`,
    ...CONTENDERS.map((name) => `${contenders[name].title.padEnd(TITLE)}${cellsOf(rows, name)}`),
    '',
    ...verdictOf(targets, machine),
  ].join('\n');

const line = (cpu: string, echoes: string, p50: string, p99: string): string =>
  `${cpu.padStart(CELLS.cpu)}${echoes.padStart(CELLS.echoes)}${p50.padStart(CELLS.latency)}${p99.padStart(CELLS.latency)}`;

const heading = line('CPU', 'echoes', 'p50', 'p99');

const cellsOf = (rows: readonly Row[], name: Row['contender']): string =>
  LEVELS.map((level) => rows.find((row) => row.contender === name && row.level === level))
    .filter((row) => row !== undefined)
    .map(({ cpuMicros, expressEchoes, p50Ms, p99Ms }) =>
      line(cpuMicros.toFixed(0), expressEchoes.toFixed(2), p50Ms.toFixed(2), p99Ms.toFixed(2)),
    )
    .join('');
