import type { Command } from 'commander';
import { createColors } from 'picocolors';
import type { Chart } from '../../api/chart/chart.js';
import { StartError } from '../../process/start-error.js';
import { systemClock } from '../../process/system-clock.js';
import type { Config } from '../../webhook/config.js';
import { Progress } from '../progress.js';
import { type Input, readInputs } from './inputs.js';
import { type Judgement, type JudgeOptions, judgeInputs } from './judge-inputs.js';
import { settingsFrom, type ValidateOptions, validateOptions } from './options.js';
import { quoting } from './quote.js';
import type { ReadChart } from './read-chart.js';
import { asGithub } from './report-github.js';
import { asJson } from './report-json.js';
import { asJunit } from './report-junit.js';
import { asSarif } from './report-sarif.js';
import { asText } from './report-text.js';
import { verdictOf } from './result.js';

/** The outcome of the command. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** 0: all valid; 1: problems; 2: misuse. */
  readonly exitCode: 0 | 1 | 2;
}

/** `werfbundle validate`: the webhook's verdict on files. @param version - of the program */
export const validateCommand = (done: (outcome: Outcome) => void, version: string): Command =>
  validateOptions().action(async (files: string[], options: ValidateOptions) => {
    // What begins like an option, and is none, comes among the files.
    const isFile = (word: string): boolean => word === '-' || !word.startsWith('-');
    const unknown = files.filter((word) => !isFile(word));
    done(await validateFiles([...(options.filename ?? []), ...files.filter(isFile)], { options, unknown, version }));
  });

interface Asked {
  readonly options: ValidateOptions;
  /** Words that begin like an option, and are none. */
  readonly unknown: readonly string[];
  /** Of the program. */
  readonly version: string;
}

const validateFiles = async (paths: readonly string[], { options, unknown, version }: Asked): Promise<Outcome> => {
  const settings = settingsFrom(options, unknown);
  if (settings.kind === 'misuse') return misuse(settings.lines);
  if (paths.length === 0) return misuse(['no file given: werfbundle validate FILE…, or - for standard input']);
  if (!hasFolder()) return misuse(['the current folder does not exist any more: go to another one']);
  const { files, faults } = await readInputs(paths, { ...(options.exclude && { exclude: options.exclude }) });
  if (faults.length > 0) return misuse(faults);
  try {
    const read = options.chart === undefined ? undefined : await chartAt(options.chart, options);
    if (read?.kind === 'unreadable') return misuse([`--chart: ${read.why}`]);
    const judgement = await judged(files, { options, config: settings.config, chart: read?.chart });
    return outcomeOf(withoutIgnored(judgement, options.ignoreRule), { files, paths, options, version });
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return misuse(error.lines);
  }
};

/** Imported only when it is needed: most commands know of no chart, and fewer of a registry. */
const chartAt = async (place: string, { insecure }: ValidateOptions): Promise<ReadChart> => {
  if (!place.startsWith('oci://')) return (await import('./read-chart.js')).readChart(place);
  const { pullChart } = await import('./pull-chart.js');
  return await pullChart(place, { clock: systemClock, env: process.env, insecure: insecure === true });
};

/** Whether the current folder still exists: without it no path means anything. */
const hasFolder = (): boolean => {
  try {
    return process.cwd() !== '';
  } catch {
    return false;
  }
};

interface Judging {
  readonly options: ValidateOptions;
  readonly config: Config;
  readonly chart: Chart | undefined;
}

const judged = async (files: readonly Input[], { options, config, chart }: Judging): Promise<Judgement> => {
  const progress = new Progress(process.stderr, systemClock);
  progress.start();
  const how = {
    config,
    clock: systemClock,
    strict: options.strict === true,
    onBundle: telling(progress),
    ...(chart && { chart }),
  };
  const { namespace = 'default' } = options;
  try {
    if (options.cluster !== true) return await judgeInputs(files, { ...how, namespace });
    progress.tell('asking the cluster who you are');
    // Imported only when it is needed: most of the program's size is for reaching a cluster.
    const { judgeAgainstCluster } = await import('./judge-against-cluster.js');
    const { chart: _, ...connection } = options;
    return await judgeAgainstCluster(files, { ...connection, ...how });
  } finally {
    progress.end();
  }
};

const telling =
  (progress: Progress): NonNullable<JudgeOptions['onBundle']> =>
  async (number, of) => {
    progress.tell(`judging bundle ${number} of ${of}`);
    // Lets the terminal's timer have its turn.
    await new Promise((resolve) => setImmediate(resolve));
  };

/** What is ignored are warnings, by the options' own rules; so only those are looked at. */
const withoutIgnored = (judgement: Judgement, ids: readonly string[] = []): Judgement => ({
  ...judgement,
  results: judgement.results.map((result) => {
    const problems = result.problems.filter(({ severity, rule }) => severity === 'error' || !ids.includes(rule));
    return { ...result, problems, verdict: verdictOf(problems) };
  }),
});

const outcomeOf = (
  { results, skipped }: Judgement,
  asked: Omit<Asked, 'unknown'> & { readonly files: readonly Input[]; readonly paths: readonly string[] },
): Outcome => {
  const { files, paths, options, version } = asked;
  const report = { results, files: files.length };
  const root = process.env['GITHUB_WORKSPACE'] ?? process.env['CI_PROJECT_DIR'] ?? process.cwd();
  const notes = [
    ...(skipped.length === 0 ? [] : [`skipped, since it is no YAML: ${listed(skipped)}`]),
    ...(results.length === 0 ? [`no WerfBundle in ${paths.join(', ')}`] : []),
  ];
  const written = {
    json: () => asJson(report),
    text: () => asText(report, { colors: createColors(isColourful()), quote: quoting(files), columns: columns() }),
    github: () => asGithub(report, root),
    sarif: () => asSarif(report, { version, root }),
    junit: () => asJunit(report, root),
  }[options.output];
  return {
    stdout: `${written()}\n`,
    stderr: notes.map((note) => `${note}\n`).join(''),
    exitCode: results.some(({ verdict }) => verdict === 'deny') ? 1 : 0,
  };
};

/** Whether to use colours; picocolors' own choice takes any CI for a terminal. */
const isColourful = (): boolean =>
  process.stdout.isTTY === true && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';

/** Of a terminal only: what is piped is searched by lines. */
const columns = (): number | undefined => (process.stdout.isTTY === true ? process.stdout.columns : undefined);

const MAX_LISTED = 5;

const listed = (names: readonly string[]): string =>
  names.length <= MAX_LISTED
    ? names.join(', ')
    : `${names.slice(0, MAX_LISTED).join(', ')} and ${names.length - MAX_LISTED} more`;

const misuse = (lines: readonly string[]): Outcome => ({
  stdout: '',
  stderr: lines.map((line) => `werfbundle: ${line}\n`).join(''),
  exitCode: 2,
});
