import { Command } from 'commander';
import { CONFIRM_IMPACT } from '../../api/annotations.js';
import { count } from '../../api/count.js';
import type { ImpactPlatform } from '../../api/impact/facts.js';
import { type ClusterOptions, withClusterOptions } from '../cluster/options.js';
import { inCluster, type Session } from '../cluster/session.js';
import type { CommandBuilder } from '../command-builder.js';
import { type ExitCode, misuse } from '../command-error.js';
import { asJsonText, asYamlText, type Format, withOutput } from '../output/format.js';
import type { Terminal } from '../terminal.js';
import { settingsFrom } from '../validate/options.js';
import { readProposals } from './changes.js';
import { findImpact } from './find-impact.js';
import type { ObjectImpact, Report } from './report.js';
import { objectText, reportText } from './text.js';

export interface ImpactOptions extends ClusterOptions {
  readonly filename?: readonly string[];
  readonly delete?: true;
  readonly maxImpact?: string;
  readonly operatorNamespace?: string;
  readonly certificateSecret?: string;
  readonly crossNamespace?: string;
  readonly allowedRegistries?: string;
  readonly allowedImages?: string;
  readonly defaultRegistrySecret?: string;
  readonly suspendAll?: true;
  readonly output?: Extract<Format, 'json' | 'yaml'>;
}

const DESCRIPTION = [
  'Says what would follow if the files were applied: which bundles are deployed anew because of a changed ConfigMap, Secret, ServiceAccount, Namespace or WerfBundle, which can be deployed no more, and which can be again. Nothing is changed, and nothing of a Secret is printed.',
  'Values are compared as they are merged: what is only written otherwise, or overridden by a later source, deploys nothing. All is read with your own rights; what you may not read makes a bundle one that may be deployed.',
  'Exit code 0: found out; 1: an object hits more bundles than --max-impact, or the cluster refused; 2: wrong use, something that cannot be read, or, with --max-impact, that you may not list all bundles.',
].join('\n\n');

/** `werfbundle impact` */
export const impactCommand: CommandBuilder = (terminal) => {
  const command = new Command('impact')
    .summary('say which bundles a change of manifests deploys anew, or keeps from being deployed')
    .description(DESCRIPTION)
    .argument('[files...]', 'files or folders; - is standard input')
    .option('-f, --filename <file>', 'the same, as kubectl has it; may be repeated', appended)
    .option('--delete', 'as if what the files name were deleted')
    .option(
      '--max-impact <number>',
      'fails if an object hits more bundles, unless its annotation werf.io/confirm-impact has the code of its content',
    );
  return withOutput(withClusterOptions(command), ['json', 'yaml'])
    .optionsGroup("How the cluster's operator is set up, where it is not as usual:")
    .option('--operator-namespace <name>', "the operator's --namespace")
    .option('--certificate-secret <name>', "the operator's flag of this name: no bundle may use that Secret")
    .option('--cross-namespace <when>', "the operator's flag of this name: consent or always")
    .option('--allowed-registries <patterns>', "the operator's flag of this name")
    .option('--allowed-images <patterns>', "the operator's flag of this name")
    .option('--default-registry-secret <name>', "the controller's flag of this name: of bundles that name no Secret")
    .option('--suspend-all', "the controller's flag of this name: nothing is deployed now")
    .action((files: readonly string[], options: ImpactOptions) =>
      inCluster(terminal, options, (session) => showImpact({ terminal, session }, files, options)),
    );
};

const appended = (path: string, all: readonly string[] = []): readonly string[] => [...all, path];

/** Says what files would do to a cluster's bundles. @throws CommandError, KubeError */
export const showImpact = async (
  { terminal, session }: { readonly terminal: Terminal; readonly session: Session },
  files: readonly string[],
  options: ImpactOptions,
): Promise<void> => {
  const paths = [...(options.filename ?? []), ...files];
  if (paths.length === 0) throw misuse('no file given: werfbundle impact FILE…, or - for standard input');
  const most = mostOf(options.maxImpact);
  const platform = platformOf(options);
  const proposals = await readProposals(paths, session.namespace);
  if (options.delete === true && proposals.some(({ kind }) => kind === 'Namespace'))
    throw misuse('--delete: with a Namespace all that it holds is deleted, bundles and sources alike: give those');
  const { report, only } = await findImpact(session, proposals, { platform, isDeletion: options.delete === true });
  session.quiet();
  terminal.out(printed(report, terminal, options));
  if (proposals.length === 0)
    terminal.err('nothing in the files is a WerfBundle, or of a kind that bundles refer to\n');
  if (only !== undefined) terminal.err(`${onlyText(only)}\n`);
  terminal.end(judged(report, most, terminal));
};

const mostOf = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw misuse(`--max-impact: ${JSON.stringify(text)} is no number of bundles; one looks like "5"`);
};

/** What all bundles of the cluster are under, as far as the command line is told. */
const platformOf = (options: ImpactOptions): ImpactPlatform => {
  const { operatorNamespace, certificateSecret, crossNamespace, allowedRegistries, allowedImages } = options;
  const settings = settingsFrom({
    output: 'text',
    ...(operatorNamespace !== undefined && { operatorNamespace }),
    ...(certificateSecret !== undefined && { certificateSecret }),
    ...(crossNamespace !== undefined && { crossNamespace }),
    ...(allowedRegistries !== undefined && { allowedRegistries }),
    ...(allowedImages !== undefined && { allowedImages }),
  });
  if (settings.kind === 'misuse') throw misuse(...settings.lines);
  const { namespace, crossNamespace: rule, ...rest } = settings.config;
  const policy = {
    allowedRegistries: rest.allowedRegistries,
    allowedImages: rest.allowedImages,
    certificateSecret: rest.certificateSecret,
  };
  const { defaultRegistrySecret, suspendAll = false } = options;
  return { namespace, crossNamespace: rule, policy, defaultRegistrySecret, suspendAll };
};

const printed = (report: Report, terminal: Terminal, { output }: ImpactOptions): string => {
  if (output === undefined) return reportText(report, terminal);
  return output === 'json' ? asJsonText(report) : asYamlText(report);
};

/** Fewer than all bundles prove nothing: then there is no verdict. */
const judged = ({ objects, complete }: Report, most: number | undefined, terminal: Terminal): ExitCode => {
  const above = most === undefined ? [] : objects.filter(({ hit, confirmed }) => hit > most && !confirmed);
  if (above.length > 0) {
    terminal.err(above.map((object) => `${aboveText(object, most ?? 0)}\n`).join(''));
    return 1;
  }
  if (most === undefined || complete) return 0;
  terminal.err('--max-impact: not all bundles could be seen, so nobody knows whether it is kept\n');
  return 2;
};

const aboveText = (object: ObjectImpact, most: number): string => {
  const what = `${objectText(object)} hits ${count(object.hit, 'bundle')}, more than --max-impact ${most}`;
  return object.confirm === undefined
    ? `${what}; to go on all the same, raise --max-impact`
    : `${what}; to confirm this content, annotate the manifest with ${CONFIRM_IMPACT}: ${JSON.stringify(object.confirm)}`;
};

const onlyText = (only: readonly string[]): string =>
  `you may not list the bundles of all namespaces: ${only.length === 0 ? 'none was' : `only those of ${only.join(', ')} were`} looked at`;
