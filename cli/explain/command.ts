import { Command } from 'commander';
import { count } from '../../api/count.js';
import type { Problem } from '../../api/problem.js';
import { parseSpec, type Settings } from '../../api/settings.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { findBundle } from '../cluster/bundle-argument.js';
import { type ClusterOptions, withClusterOptions } from '../cluster/options.js';
import { inCluster, type Session } from '../cluster/session.js';
import type { CommandBuilder } from '../command-builder.js';
import { misuse } from '../command-error.js';
import { asJsonText, asYamlText, type Format, withOutput } from '../output/format.js';
import { type OpenRegistry, registryFromHere } from '../registry-from-here.js';
import type { Terminal } from '../terminal.js';
import { clusterSource } from '../validate/cluster-source.js';
import { asText } from '../validate/report-text.js';
import { whoAmI } from '../validate/self-review.js';
import { asApplied, type BundleFile, findBundleFile, judgeFile } from './bundle-file.js';
import { explain } from './explain.js';
import { maskedValues, resolvedOf } from './explain-values.js';
import { gather } from './gather.js';
import type { Seen } from './observe.js';
import { clusterReader, inputReader, type Reader } from './read.js';
import { explanationText } from './text.js';
import { MASK, sourceText } from './values-text.js';

export interface ExplainOptions extends ClusterOptions {
  readonly filename?: readonly string[];
  readonly cluster?: true;
  readonly values?: true;
  /** False with `--no-registry`. */
  readonly registry: boolean;
  readonly output?: Extract<Format, 'json' | 'yaml'>;
}

const DESCRIPTION = [
  'Says what would be deployed for a bundle, and why: the tag and why not the others, each value with its source, the Job, and what comes next. Nothing is changed, and nothing of a Secret is printed but its name and keys.',
  'Everything is read with your own rights: what you may not read is said to be so. The registry is asked from this machine, with the credentials that the bundle names if you may read them.',
  'Exit code 0: explained; 1: no such bundle, its spec is not valid, or its values can\u2019t be delivered; 2: wrong use, or something that cannot be read.',
].join('\n\n');

/** `werfbundle explain` */
export const explainCommand: CommandBuilder = (terminal) => {
  const command = new Command('explain')
    .summary('say what would be deployed, and why: tag, values, Job, what is next')
    .description(DESCRIPTION)
    .argument('[name]', 'NAME or wb/NAME; with -f it may be left out')
    .option(
      '-f, --filename <file>',
      'explains a bundle of this file or folder, as if it were applied; may be repeated',
      appended,
    )
    .option('--cluster', 'with -f: what the files do not hold is looked up in the cluster')
    .option('--values', 'prints the merged values, and nothing else, as YAML')
    .option('--no-registry', 'does not ask the registry: goes by the status');
  return withOutput(withClusterOptions(command), ['json', 'yaml']).action(
    async (name: string | undefined, options: ExplainOptions) => {
      if (options.filename === undefined) {
        if (name === undefined) throw misuse('explain: give the NAME of a bundle, or -f FILE');
        if (options.cluster === true) throw misuse('--cluster: only with -f');
        return inCluster(terminal, options, (session) => explainStored({ terminal, session }, name, options));
      }
      if (options.cluster !== true) return explainFile({ terminal, session: undefined }, name, options);
      return inCluster(terminal, options, (session) => explainFile({ terminal, session }, name, options));
    },
  );
};

const appended = (path: string, all: readonly string[] = []): readonly string[] => [...all, path];

interface Deps {
  readonly terminal: Terminal;
  /** undefined: no cluster is asked. */
  readonly session: Session | undefined;
  /** This machine's, unless it is given. */
  readonly openRegistry?: OpenRegistry;
}

/** Explains a bundle of the cluster. @throws CommandError, KubeError */
export const explainStored = async (
  deps: Deps & { readonly session: Session },
  name: string,
  options: ExplainOptions,
): Promise<void> => {
  const { terminal, session } = deps;
  session.tell('reading the bundle');
  const bundle = await findBundle(session, name);
  const spec = parseSpec(bundle);
  if (spec.kind === 'invalid') return printProblems(terminal, { bundle, problems: spec.problems }, options);
  const read = clusterReader(session.client, session.signal);
  await print({ ...deps, read }, { bundle, settings: spec.settings, file: undefined }, options);
};

/** Explains a bundle of files; what they don't hold is looked up if there is a session. @throws CommandError, KubeError */
export const explainFile = async (deps: Deps, argument: string | undefined, options: ExplainOptions): Promise<void> => {
  const { terminal, session } = deps;
  const namespace = session?.namespace ?? options.namespace ?? 'default';
  const file = await findBundleFile({ paths: options.filename ?? [], argument, namespace });
  const { manifest, objects } = file;
  const source = session === undefined ? file.source : await sourceBehind(session, file);
  const result = await judgeFile(file, { source, clock: terminal.clock });
  if (result.verdict === 'deny') {
    session?.quiet();
    terminal.out(
      options.output === undefined
        ? `${asText({ results: [result], files: 1 }, { colors: terminal.colors, quote: () => undefined, columns: terminal.columns })}\n`
        : formatted(result, options.output),
    );
    return terminal.end(1);
  }
  const { name } = asApplied(file, undefined).metadata;
  const stored =
    name === ''
      ? undefined
      : await session?.client.get(WERFBUNDLES, { namespace: manifest.namespace, name }, session.signal);
  const bundle = asApplied(file, stored);
  const spec = parseSpec(bundle);
  if (spec.kind === 'invalid') return printProblems(terminal, { bundle, problems: spec.problems }, options);
  const otherwise = session && clusterReader(session.client, session.signal);
  const read = inputReader({ objects, near: manifest.file, otherwise });
  await print({ ...deps, read }, { bundle, settings: spec.settings, file: manifest.file }, options);
};

const sourceBehind = async ({ client, signal }: Session, { objects }: BundleFile) =>
  clusterSource({ client, requester: await whoAmI(client, signal), authorize: 'off', objects });

const print = async (
  { terminal, session, read, openRegistry = registryFromHere }: Deps & { readonly read: Reader },
  of: { readonly bundle: StoredBundle; readonly settings: Settings; readonly file: string | undefined },
  options: ExplainOptions,
): Promise<void> => {
  const seen = await gather(
    {
      clock: terminal.clock,
      read,
      client: session?.client,
      openRegistry: options.registry && options.values !== true ? openRegistry : undefined,
      tell: (line) => session?.tell(line),
      signal: terminal.signal,
    },
    of,
  );
  session?.quiet();
  terminal.out(options.values === true ? valuesOutput(seen, options) : explanationOutput(seen, terminal, options));
  // Like a spec that is not valid: nothing can be deployed before that is mended.
  terminal.end(resolvedOf(seen).kind === 'invalid' ? 1 : 0);
};

const explanationOutput = (seen: Seen, terminal: Terminal, { output }: ExplainOptions): string =>
  output === undefined ? explanationText(explain(seen), terminal) : formatted(explain(seen), output);

const formatted = (value: unknown, output: NonNullable<ExplainOptions['output']>): string =>
  output === 'json' ? asJsonText(value) : asYamlText(value);

/** Values whose paths are a Secret's, too, are counted in comments; JSON has none. */
const valuesOutput = (seen: Seen, { output }: ExplainOptions): string => {
  const { values } = explain(seen);
  const text = formatted(maskedValues(resolvedOf(seen), values, MASK), output ?? 'yaml');
  if (output === 'json') return text;
  const notes = [
    ...(values.notDeployed === undefined ? [] : [values.notDeployed]),
    ...values.problems,
    ...values.rows.flatMap(({ hidden, source }) =>
      hidden === undefined ? [] : [`${count(hidden, 'value')} of ${sourceText(source)}: not shown`],
    ),
    ...values.sources.flatMap(({ source, state, why }) => (state === 'unreadable' ? [`${source} ${why}`] : [])),
  ];
  return `${text}${notes.map((note) => `# ${note}\n`).join('')}`;
};

const printProblems = (
  terminal: Terminal,
  { bundle, problems }: { readonly bundle: StoredBundle; readonly problems: readonly Problem[] },
  { output }: ExplainOptions,
): void => {
  const { namespace, name } = bundle.metadata;
  const lines = problems.map(({ field, message }) => `  ${field}: ${message}\n`);
  const text = `WerfBundle ${namespace}/${name} is not valid, so nothing is deployed:\n${lines.join('')}`;
  terminal.out(output === undefined ? text : formatted({ namespace, name, problems }, output));
  terminal.end(1);
};
