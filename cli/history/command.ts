import { Command } from 'commander';
import { parseTime } from '../../api/timestamp.js';
import { findBundle } from '../cluster/bundle-argument.js';
import { type ClusterOptions, withClusterOptions } from '../cluster/options.js';
import { inCluster, type Session } from '../cluster/session.js';
import type { CommandBuilder } from '../command-builder.js';
import { asJsonText, asYamlText, type Format, withOutput } from '../output/format.js';
import { ageOf, humanDuration } from '../output/human-duration.js';
import { shortDigest } from '../output/short-digest.js';
import { type Column, Table } from '../output/table.js';
import type { Terminal } from '../terminal.js';
import { deploymentsOf, type KnownDeployment } from './deployments.js';

interface HistoryOptions extends ClusterOptions {
  readonly headers: boolean;
  readonly output?: Extract<Format, 'wide' | 'json' | 'yaml'>;
}

const DESCRIPTION = [
  'Lists the last deployments of a bundle, newest first: the one that goes on, and up to ten that have ended.',
  'Exit code 0: listed; 1: there is no such bundle, or the cluster refused; 2: wrong use, or no cluster.',
].join('\n\n');

/** `werfbundle history` */
export const historyCommand: CommandBuilder = (terminal) => {
  const command = new Command('history')
    .summary('list the last deployments of a bundle, and what became of them')
    .description(DESCRIPTION)
    .argument('<name>', 'NAME or wb/NAME')
    .option('--no-headers', 'no line with the names of the columns');
  return withOutput(withClusterOptions(command), ['wide', 'json', 'yaml']).action(
    (name: string, options: HistoryOptions) =>
      inCluster(terminal, options, (session) => printHistory({ terminal, session }, name, options)),
  );
};

/** Prints the deployments of a bundle. @throws CommandError, KubeError */
export const printHistory = async (
  { terminal, session }: { readonly terminal: Terminal; readonly session: Session },
  argument: string,
  { output, headers }: HistoryOptions,
): Promise<void> => {
  session.tell('reading the bundle');
  const bundle = await findBundle(session, argument);
  const entries = deploymentsOf(bundle);
  session.quiet();
  if (output === 'json') terminal.out(asJsonText({ history: entries }));
  else if (output === 'yaml') terminal.out(asYamlText({ history: entries }));
  else if (entries.length === 0) terminal.err('No deployment yet.\n');
  else {
    const isWide = output === 'wide';
    const columns = isWide ? undefined : terminal.columns;
    const table = new Table(columnsOf(isWide, terminal), { headers, columns });
    terminal.out(table.print(entries));
  }
  terminal.end(0);
};

const columnsOf = (isWide: boolean, { colors, clock }: Terminal): readonly Column<KnownDeployment>[] => [
  { name: 'NUMBER', of: ({ number }) => String(number) },
  { name: 'TAG', of: ({ tag }) => tag },
  { name: 'REASON', of: ({ reason }) => reason },
  {
    name: 'RESULT',
    of: ({ result }) => result,
    color: (text) =>
      text === 'Succeeded' ? colors.green(text) : text === 'Failed' ? colors.red(text) : colors.yellow(text),
  },
  { name: 'TOOK', of: (entry) => took(entry, clock.now()) },
  { name: 'AGE', of: ({ startedAt, finishedAt }) => ageOf(startedAt ?? finishedAt, clock.now()) },
  ...(isWide
    ? [
        { name: 'DIGEST', of: ({ digest }: KnownDeployment) => shortDigest(digest) },
        { name: 'JOB', of: ({ jobName }: KnownDeployment) => jobName ?? '' },
      ]
    : []),
  { name: 'MESSAGE', of: ({ message }) => message ?? '' },
];

const took = ({ startedAt, finishedAt }: KnownDeployment, now: number): string => {
  const [from, to] = [parseTime(startedAt), finishedAt === undefined ? now : parseTime(finishedAt)];
  return from === undefined || to === undefined ? '' : humanDuration(to - from);
};
