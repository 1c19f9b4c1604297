import { Command, Option } from 'commander';
import { RULES } from '../../api/rules.js';
import { hintOf } from '../../process/flags.js';
import { type Config, parseConfig } from '../../webhook/config.js';

const FORMATS = ['text', 'json', 'github', 'sarif', 'junit'] as const;

/** The options of the command line. */
export interface ValidateOptions {
  readonly filename?: readonly string[];
  /** One of {@link FORMATS}, once {@link settingsFrom} has found nothing wrong. */
  readonly output: (typeof FORMATS)[number];
  readonly exclude?: readonly string[];
  readonly ignoreRule?: readonly string[];
  readonly strict?: true;
  readonly namespace?: string;
  readonly chart?: string;
  readonly insecure?: true;
  readonly cluster?: true;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly operatorNamespace?: string;
  readonly certificateSecret?: string;
  readonly crossNamespace?: string;
  readonly authorize?: string;
  readonly allowedRegistries?: string;
  readonly allowedImages?: string;
}

/** Commander breaks the lines. */
const DESCRIPTION = [
  "Judges every WerfBundle in the files with the webhook's own code, and names fields that no WerfBundle has, which a cluster would silently drop. ConfigMaps, Secrets, ServiceAccounts and Namespaces of the same input are what the bundles refer to; a reference to anything else is listed as not checked, unless --cluster looks it up. Contents of Secrets are never printed.",
  "Exit code 0: valid, warnings and references that were not checked aside; 1: problems; 2: wrong use, or a file that can't be read.",
].join('\n\n');

/** The command's flags and help, without what it does. */
export const validateOptions = (): Command =>
  new Command('validate')
    .summary('judge WerfBundles in YAML or JSON files as the webhook would')
    .description(DESCRIPTION)
    .allowUnknownOption()
    .argument('[files...]', 'files or folders; - is standard input')
    .option('-f, --filename <file>', 'the same, as kubectl has it; may be repeated', appended)
    .addOption(
      new Option('-o, --output <format>', 'how to print what was found')
        .choices(FORMATS)
        // Judged together with all others: Commander would end at the first mistake.
        .argParser((text) => text)
        .default('text'),
    )
    .option('-n, --namespace <name>', 'of objects that name none ("default", or with --cluster that of the context)')
    .option(
      '--exclude <glob>',
      'leaves out what a folder has of this name or path, "*.tmpl.yaml" or "charts/**"; may be repeated',
      appended,
    )
    .option('--ignore-rule <id>', 'tells no warnings of this rule; may be repeated', appended)
    .option(
      '--chart <path>',
      "the chart that the bundles deploy, a folder, a .tgz, or oci://host/path:tag in a registry: its values.schema.json judges their values, with the chart's defaults",
    )
    .option('--insecure', 'asks the registry by plain HTTP (with --chart oci://…)')
    .option('--strict', 'references that could not be checked are problems')
    .option('--cluster', 'look up in a cluster, with your own rights, what the input does not hold')
    .option('--kubeconfig <file>', "the cluster's kubeconfig (with --cluster)")
    .option('--context <name>', 'the context of the kubeconfig (with --cluster)')
    .optionsGroup("How the cluster's webhook is set up, where it is not as usual:")
    .option('--operator-namespace <name>', "the webhook's --namespace")
    .option('--certificate-secret <name>', "the webhook's flag of this name: no bundle may use that Secret")
    .option('--cross-namespace <when>', "the webhook's flag of this name: consent or always")
    .option('--authorize <when>', "the webhook's flag of this name: always, cross-namespace or off (with --cluster)")
    .option('--allowed-registries <patterns>', "the webhook's flag of this name")
    .option('--allowed-images <patterns>', "the webhook's flag of this name");

const appended = (path: string, all: readonly string[] = []): readonly string[] => [...all, path];

/** The webhook's settings, or a line for each option that is wrong. */
type Settings =
  | { readonly kind: 'ok'; readonly config: Config }
  | { readonly kind: 'misuse'; readonly lines: readonly string[] };

/** All options, without dashes. */
const OPTIONS = validateOptions().options.flatMap(({ long }) => long?.slice(2) ?? []);

const ROWS = Object.values(RULES);

/** Why a rule can't be ignored: what is refused here is refused by the webhook, too. */
const ignoranceFault = (id: string): readonly string[] => {
  const rule = ROWS.find((row) => row.id === id);
  if (rule === undefined) return [`--ignore-rule: there is no rule ${JSON.stringify(id)}; docs/rules.md lists them`];
  return rule.severity === 'warning'
    ? []
    : [`--ignore-rule: ${id} is a problem, which the webhook refuses as well; only warnings can be ignored`];
};

const LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * Reads the webhook's settings by the webhook's own rules.
 * @param unknown - words that begin like an option, and are none
 */
export const settingsFrom = (options: ValidateOptions, unknown: readonly string[] = []): Settings => {
  const given = {
    namespace: options.operatorNamespace,
    'certificate-secret': options.certificateSecret,
    'cross-namespace': options.crossNamespace,
    authorize: options.authorize,
    'allowed-registries': options.allowedRegistries,
    'allowed-images': options.allowedImages,
  };
  const argv = Object.entries(given).flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}=${value}`]));
  const parsed = parseConfig({ argv, env: {} });
  const wrong = parsed.kind === 'invalid' ? parsed.problems : [];
  const lines = [
    ...unknown.map(
      (word) => `${word}: there is no such option${hintOf(OPTIONS, word.replace(/^-+/, '').replace(/=.*$/s, ''))}`,
    ),
    ...(FORMATS.includes(options.output)
      ? []
      : [`--output: ${JSON.stringify(options.output)} is none of ${FORMATS.join(', ')}`]),
    ...(options.ignoreRule ?? []).flatMap(ignoranceFault),
    ...wrong.map((line) => line.replace(/^--namespace\b/, '--operator-namespace')),
    ...(options.cluster === true
      ? []
      : (['kubeconfig', 'context', 'authorize'] as const)
          .filter((name) => options[name] !== undefined)
          .map((name) => `--${name}: only with --cluster`)),
    ...(options.insecure === true && options.chart?.startsWith('oci://') !== true
      ? ['--insecure: only with --chart oci://…']
      : []),
    ...(options.namespace === undefined || LABEL.test(options.namespace)
      ? []
      : [`--namespace: ${JSON.stringify(options.namespace)} is no name of a namespace`]),
  ];
  if (lines.length > 0) return { kind: 'misuse', lines };
  if (parsed.kind !== 'ok') throw new Error(`the webhook's settings are ${parsed.kind}`);
  return { kind: 'ok', config: parsed.config };
};
