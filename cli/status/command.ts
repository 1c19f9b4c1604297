import { Command } from 'commander';
import type { KubeEvent } from '../../api/objects.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import { KubeError } from '../../kube/client.js';
import { EVENTS } from '../../kube/resources.js';
import { findBundle } from '../cluster/bundle-argument.js';
import { type ClusterOptions, withClusterOptions } from '../cluster/options.js';
import { inCluster, type Session } from '../cluster/session.js';
import type { CommandBuilder } from '../command-builder.js';
import { asJsonText, asYamlText, type Format, withOutput } from '../output/format.js';
import { ageOf, humanDuration } from '../output/human-duration.js';
import { Table } from '../output/table.js';
import { wrap } from '../output/wrap.js';
import type { Terminal } from '../terminal.js';
import { lastSeen, newestEvents, summaryOf } from './summary.js';

interface StatusOptions extends ClusterOptions {
  readonly output?: Extract<Format, 'json' | 'yaml'>;
}

type Condition = NonNullable<WerfBundleStatus['conditions']>[number];

/** `why`: events may be forbidden to those who may see bundles. */
type Events =
  | { readonly kind: 'read'; readonly events: readonly KubeEvent[] }
  | { readonly kind: 'unreadable'; readonly why: string };

const MAX_EVENTS = 10;

const DESCRIPTION = [
  'Says of one bundle whether it is ready, what is deployed, from where and whereto, what goes on, what is next, and what has happened.',
  'Exit code 0: it is ready for the spec as it is now; 1: it is not, there is no such bundle, or the cluster refused; 2: wrong use, or no cluster.',
].join('\n\n');

/** `werfbundle status` */
export const statusCommand: CommandBuilder = (terminal) => {
  const command = new Command('status')
    .summary('say how a bundle is: what is deployed, what goes on, what has happened')
    .description(DESCRIPTION)
    .argument('<name>', 'NAME or wb/NAME');
  return withOutput(withClusterOptions(command), ['json', 'yaml']).action((name: string, options: StatusOptions) =>
    inCluster(terminal, options, (session) => printStatus({ terminal, session }, name, options)),
  );
};

/** Prints how a bundle is. @throws CommandError, KubeError */
export const printStatus = async (
  { terminal, session }: { readonly terminal: Terminal; readonly session: Session },
  argument: string,
  { output }: StatusOptions,
): Promise<void> => {
  session.tell('reading the bundle');
  const bundle = await findBundle(session, argument);
  const events = await eventsOf(session, bundle);
  session.quiet();
  const { isReady } = summaryOf(bundle, terminal.clock.now());
  if (output === undefined) terminal.out(asText(bundle, events, terminal));
  else terminal.out((output === 'json' ? asJsonText : asYamlText)(asData(bundle, events, isReady)));
  terminal.end(isReady ? 0 : 1);
};

const eventsOf = async ({ client, signal }: Session, { metadata }: StoredBundle): Promise<Events> => {
  const of = { namespace: metadata.namespace, fieldSelector: `regarding.uid=${metadata.uid}` };
  try {
    return { kind: 'read', events: newestEvents((await client.list(EVENTS, of, signal)).items, MAX_EVENTS) };
  } catch (error) {
    if (error instanceof KubeError && error.code === 'forbidden') return { kind: 'unreadable', why: error.message };
    throw error;
  }
};

const asData = (
  { metadata: { namespace, name }, status = {} }: StoredBundle,
  events: Events,
  ready: boolean,
): object => ({
  namespace,
  name,
  ready,
  status,
  ...(events.kind === 'read' && {
    events: events.events.map(({ type, reason, note, metadata }) => ({ type, reason, note, name: metadata.name })),
  }),
});

const asText = (bundle: StoredBundle, events: Events, terminal: Terminal): string => {
  const { colors, clock, columns } = terminal;
  const { isReady, facts } = summaryOf(bundle, clock.now());
  const color = isReady ? colors.green : colors.red;
  const width = Math.max(...facts.map(({ title }) => title.length)) + 3;
  const lines = facts.map(({ title, text }) => {
    const shown = wrap(text, { columns, indent: width });
    return `${`${title}:`.padEnd(width)}${title === 'Ready' ? color(shown) : shown}\n`;
  });
  const head = colors.bold(`WerfBundle ${bundle.metadata.namespace}/${bundle.metadata.name}`);
  return [`${head}\n\n`, ...lines, conditionsText(bundle, terminal), eventsText(events, terminal)].join('');
};

const conditionsText = ({ status }: StoredBundle, { clock, columns }: Terminal): string => {
  const table = new Table<Condition>(
    [
      { name: 'CONDITION', of: ({ type }) => type },
      { name: 'STATUS', of: (condition) => condition.status },
      { name: 'REASON', of: ({ reason }) => reason },
      { name: 'SINCE', of: ({ lastTransitionTime }) => ageOf(lastTransitionTime, clock.now()) },
    ],
    { headers: true, columns },
  );
  const { conditions = [] } = status ?? {};
  return conditions.length === 0 ? '' : `\n${table.print(conditions)}`;
};

const eventsText = (events: Events, { clock, columns }: Terminal): string => {
  if (events.kind === 'unreadable') return `\nIts events may not be read: ${events.why}\n`;
  const table = new Table<KubeEvent>(
    [
      { name: 'EVENT', of: ({ reason }) => reason ?? '' },
      { name: 'TYPE', of: ({ type }) => type ?? '' },
      { name: 'AGE', of: (event) => humanDuration(clock.now() - lastSeen(event)) },
      { name: 'MESSAGE', of: ({ note }) => note ?? '' },
    ],
    { headers: true, columns },
  );
  return events.events.length === 0 ? '' : `\n${table.print(events.events)}`;
};
