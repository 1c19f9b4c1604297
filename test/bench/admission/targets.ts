import { megabytes, type Target } from '../report.js';
import { median } from '../statistics.js';
import { ATTACKED_CONNECTIONS, type AttackResult } from './attack.js';
import type { ContenderName } from './contenders.js';
import { LEVELS, type Level, type Sample } from './measure.js';
import type { MemoryResult } from './memory.js';
import type { SizesResult } from './sizes.js';

/** Medians over the rounds. */
export interface Row {
  readonly contender: ContenderName;
  readonly level: Level;
  readonly cpuMicros: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU in express echoes: median of what the rounds say, each by itself. */
  readonly expressEchoes: number;
}

/** What a run found. */
export interface Results {
  readonly rows: readonly Row[];
  readonly targets: readonly Target[];
}

const MOST_EXPRESS_ECHOES = 1.5;
/** What is aimed at; missing it fails nothing. */
const AIM_EXPRESS_ECHOES = 1.35;
const MOST_LOOKUPS_MS = 2;
const MOST_CHART_MS = 2;
const MOST_HEAP_GROWTH = 0.1;
const MOST_ATTACKED_RATIO = 2;
const MOST_RSS_BYTES = 150_000_000;
/** The thread in which charts are judged by has a heap of its own; the container has 256 MiB. */
const MOST_RSS_WITH_CHARTS_BYTES = 200_000_000;

/** Holds what was measured against what was promised. */
export const judge = (measured: {
  readonly samples: readonly Sample[];
  readonly attack: AttackResult;
  readonly memory: MemoryResult;
  /** Bytes: the highest of the webhooks that have no thread, and that of the one that keeps a chart ready in its. */
  readonly rss: { readonly rss: number; readonly withCharts: number };
  readonly sizes: SizesResult;
}): Results => {
  const { samples, attack, memory, rss, sizes } = measured;
  return {
    rows: rowsOf(samples),
    targets: [
      echoTarget(samples),
      addedTarget(samples, { of: 'five-gets', to: 'validate', most: MOST_LOOKUPS_MS, what: 'five GETs add' }),
      addedTarget(samples, {
        of: 'chart',
        to: 'values',
        most: MOST_CHART_MS,
        what: 'a chart with 200 KB of schema adds',
      }),
      attackTarget(attack),
      heapTarget(memory),
      rssTarget(rss.rss, { most: MOST_RSS_BYTES, of: 'at most, of all webhooks without a thread' }),
      rssTarget(rss.withCharts, { most: MOST_RSS_WITH_CHARTS_BYTES, of: 'of a webhook that judges by a chart' }),
      ...sizeTargets(sizes),
    ],
  };
};

const rowsOf = (samples: readonly Sample[]): readonly Row[] => {
  const names = [...new Set(samples.map(({ contender }) => contender))];
  return LEVELS.flatMap((level) =>
    names.map((contender) => {
      const own = samples.filter((sample) => sample.contender === contender && sample.level === level);
      const middle = (of: (sample: Sample) => number): number => median(own.map(of));
      return {
        contender,
        level,
        cpuMicros: middle(({ cpuMicros }) => cpuMicros),
        p50Ms: middle(({ p50Ms }) => p50Ms),
        p99Ms: middle(({ p99Ms }) => p99Ms),
        expressEchoes: paired(samples, { contender, against: 'express', level }, (own, other) => own / other),
      };
    }),
  );
};

/** The median of what each round says of two contenders: what slows a whole round down cancels out. */
const paired = (
  samples: readonly Sample[],
  {
    contender,
    against,
    level,
  }: { readonly contender: ContenderName; readonly against: ContenderName; readonly level: Level },
  compare: (own: number, other: number) => number,
): number => {
  const of = (name: ContenderName) => samples.filter((sample) => sample.contender === name && sample.level === level);
  const others = new Map(of(against).map(({ round, cpuMicros }) => [round, cpuMicros]));
  return median(of(contender).map(({ round, cpuMicros }) => compare(cpuMicros, others.get(round) ?? Number.NaN)));
};

const atLevels = (of: (level: Level) => number, digits: number): { readonly text: string; readonly worst: number } => {
  const values = LEVELS.map(of);
  return { text: values.map((value) => value.toFixed(digits)).join(', '), worst: Math.max(...values) };
};

const echoTarget = (samples: readonly Sample[]): Target => {
  const ratio = (level: Level) =>
    paired(samples, { contender: 'validate', against: 'express', level }, (own, other) => own / other);
  const { text, worst } = atLevels(ratio, 2);
  return {
    promise: `validate without look-ups: CPU at most ${MOST_EXPRESS_ECHOES} express echoes (aim ${AIM_EXPRESS_ECHOES})`,
    measured: `${text} at ${LEVELS.join(', ')} connections`,
    met: worst <= MOST_EXPRESS_ECHOES,
  };
};

const addedTarget = (
  samples: readonly Sample[],
  asked: { readonly of: ContenderName; readonly to: ContenderName; readonly most: number; readonly what: string },
): Target => {
  const { of, to, most, what } = asked;
  const added = (level: Level) =>
    paired(samples, { contender: of, against: to, level }, (own, other) => (own - other) / 1000);
  const { text, worst } = atLevels(added, 2);
  return {
    promise: `${what} at most ${most} ms of CPU`,
    measured: `${text} ms at ${LEVELS.join(', ')} connections`,
    met: worst <= most,
  };
};

const attackTarget = ({ rounds, ratio }: AttackResult): Target => {
  const middle = (of: (round: AttackResult['rounds'][number]) => number): string => median(rounds.map(of)).toFixed(2);
  return {
    promise: `validate at ${ATTACKED_CONNECTIONS} connections while slow callers attack: p99 at most ${MOST_ATTACKED_RATIO} times the quiet one`,
    measured: `${ratio.toFixed(2)} (${middle(({ quietMs }) => quietMs)} ms, ${middle(({ attackedMs }) => attackedMs)} ms)`,
    met: ratio <= MOST_ATTACKED_RATIO,
  };
};

const heapTarget = ({ early, late }: MemoryResult): Target => {
  const growth = late.heapUsed / early.heapUsed - 1;
  const point = ({ requests, heapUsed }: MemoryResult['early']) => `${megabytes(heapUsed)} after ${requests} requests`;
  return {
    promise: `the heap grows by at most ${MOST_HEAP_GROWTH * 100} %`,
    measured: `${point(early)}, ${point(late)}: ${(growth * 100).toFixed(1)} %`,
    met: growth <= MOST_HEAP_GROWTH,
  };
};

const rssTarget = (rss: number, { most, of }: { readonly most: number; readonly of: string }): Target => ({
  promise: `RSS below ${megabytes(most)}`,
  measured: `${megabytes(rss)} ${of}`,
  met: rss < most,
});

const sizeTargets = ({ oneMegabyte, eightMegabytes, alive }: SizesResult): readonly Target[] => [
  {
    promise: 'objects of 1 MB are answered',
    measured: `status ${[...new Set(oneMegabyte)].join(', ')}`,
    met: oneMegabyte.every((status) => status === 200),
  },
  {
    promise: 'objects of 8 MB are refused, and the webhook goes on',
    measured: `status ${[...new Set(eightMegabytes)].join(', ')}; ${alive ? 'it answers' : 'it does not answer'}`,
    met: alive && eightMegabytes.every((status) => status === 413),
  },
];
