import { Command } from 'commander';
import { isName } from '../../api/references/references.js';
import { parseRegistryUrl } from '../../api/registry-url.js';
import { systemClock } from '../../process/system-clock.js';
import { isOwnMachine } from '../../registry/addresses.js';
import { parseConfig } from '../../webhook/config.js';
import type { CommandBuilder } from '../command-builder.js';
import { misuse } from '../command-error.js';
import { asJsonText, withOutput } from '../output/format.js';
import type { Terminal } from '../terminal.js';
import { judgeInputs } from '../validate/judge-inputs.js';
import { asList, type Commented, manifestsFor, manifestsText, rightsFor, type Wish } from './manifests.js';

interface InitOptions {
  readonly registry?: string;
  readonly rights?: true;
  readonly role?: string;
  readonly target?: string;
  readonly namespace?: string;
  readonly serviceAccount: string;
  readonly tag?: string;
  readonly versionConstraint?: string;
  readonly registrySecret?: string;
  readonly insecure?: true;
  readonly output?: 'yaml' | 'json';
}

const DESCRIPTION = [
  'Prints a WerfBundle, and the ServiceAccount, Role and RoleBinding that it is deployed with; where the bundle is in another namespace than its target, also the annotation by which the target accepts it. Asks no cluster: once the bundle\u2019s namespace is there, kubectl apply -f - takes what is printed.',
  'With --rights only the Role and its RoleBinding, for a ServiceAccount that is there: werfbundle init --rights --target shops | kubectl create -f -',
  'Exit code 0: printed, and valid; 1: never; 2: wrong use, or a value that breaks a rule.',
].join('\n\n');

/** `werfbundle init` */
export const initCommand: CommandBuilder = (terminal) =>
  withOutput(
    new Command('init')
      .summary('print a bundle of your own with the rights that it needs')
      .description(DESCRIPTION)
      .argument('[new-name]', "the bundle's name")
      .option('--registry <repository>', 'where its tags are: ghcr.io/acme/shop (required without --rights)')
      .option('--target <namespace>', 'the namespace that is deployed into (required)')
      .option('-n, --namespace <name>', "the bundle's namespace; the target, if left out")
      .option('--service-account <name>', 'what the Job runs as, in the target namespace', 'werf-converge')
      .option('--tag <tag>', 'exactly this tag')
      .option('--version-constraint <range>', 'the highest version in this range: ">=1.4.0, <2.0.0"')
      .option('--registry-secret <name>', "the registry's credentials, a Secret in the bundle's namespace")
      .option('--insecure', 'the registry speaks plain HTTP')
      .option('--rights', 'only the Role and the RoleBinding')
      .option('--role <name>', 'what these are called; as the ServiceAccount, if left out'),
    ['yaml', 'json'],
  ).action((name: string | undefined, options: InitOptions) =>
    options.rights === true ? printRights(terminal, name, options) : printNew(terminal, name, options),
  );

/** Prints what a ServiceAccount lacks that is there. @throws CommandError for what is no name */
const printRights = (terminal: Terminal, name: string | undefined, options: InitOptions): void => {
  const { target, namespace, serviceAccount, role = serviceAccount, output } = options;
  const alien = [
    ...(name === undefined ? [] : [JSON.stringify(name)]),
    ...OF_A_BUNDLE.filter(([key]) => options[key] !== undefined).map(([, option]) => option),
  ];
  if (alien.length > 0) throw misuse(`--rights: the rights are of a ServiceAccount; leave out ${alien.join(' and ')}`);
  if (namespace !== undefined) throw misuse(`--rights: ${inTarget(namespace, target)}`);
  if (target === undefined) throw misuse('--rights: give --target, the namespace of the ServiceAccount');
  refuseNoNames({ '--target': target, '--service-account': serviceAccount, '--role': role });
  terminal.out(printed(rightsFor({ target, serviceAccount, role }), output));
  terminal.end(0);
};

/** The bundle's namespace says nothing of rights; who gives it with --rights may mean the other one. */
const inTarget = (namespace: string, target: string | undefined): string =>
  target === undefined
    ? `they are in the namespace of the ServiceAccount: --target ${namespace} in the place of --namespace`
    : 'they are in the namespace of --target; leave out --namespace';

/** What says nothing of rights. */
const OF_A_BUNDLE = [
  ['registry', '--registry'],
  ['tag', '--tag'],
  ['versionConstraint', '--version-constraint'],
  ['registrySecret', '--registry-secret'],
  ['insecure', '--insecure'],
] as const;

const printed = (objects: readonly Commented[], output: InitOptions['output']): string =>
  output === 'json' ? asJsonText(asList(objects)) : manifestsText(objects);

/** Prints what a new bundle needs. @throws CommandError for what the webhook would refuse */
const printNew = async (terminal: Terminal, name: string | undefined, options: InitOptions): Promise<void> => {
  const { registry, target, serviceAccount, tag, versionConstraint, registrySecret } = options;
  if (name === undefined || registry === undefined || target === undefined) {
    const given = { 'the name of the bundle': name, '--registry': registry, '--target': target };
    const missing = Object.entries(given).flatMap(([what, value]) => (value === undefined ? [what] : []));
    throw misuse(`give ${missing.join(' and ')}; or --rights and --target, for the rights alone`);
  }
  const { namespace = target } = options;
  const wish: Wish = {
    name,
    namespace,
    target,
    registry,
    serviceAccount,
    role: options.role ?? serviceAccount,
    ...(tag !== undefined && { tag }),
    ...(versionConstraint !== undefined && { versionConstraint }),
    ...(registrySecret !== undefined && { registrySecret }),
    insecure: options.insecure === true,
  };
  refuseNoNames({ NAME: name, '--namespace': namespace, '--target': target, '--role': wish.role });
  const objects = manifestsFor(wish);
  const text = manifestsText(objects);
  for (const warning of [...(await warningsOf(text)), ...plainHttpWarnings(wish)])
    terminal.err(`Warning: ${warning}\n`);
  terminal.out(printed(objects, options.output));
  terminal.end(0);
};

/** publish speaks plain HTTP to this machine by itself; a bundle's controller does not. */
const plainHttpWarnings = ({ registry, insecure }: Wish): readonly string[] => {
  const parsed = parseRegistryUrl(registry);
  return parsed.kind === 'ok' && isOwnMachine(parsed.host) && !insecure
    ? [`--registry: ${parsed.host} usually speaks plain HTTP: if so, give --insecure`]
    : [];
};

/** The apiserver judges the names of objects, no rule of the webhook. */
const refuseNoNames = (names: Readonly<Record<string, string>>): void => {
  const wrong = Object.entries(names).filter(([, name]) => !isName(name));
  if (wrong.length === 0) return;
  throw misuse(
    ...wrong.map(
      ([option, name]) =>
        `${option}: ${JSON.stringify(name)} is no name: lower-case letters, digits and "-", a letter or digit at both ends`,
    ),
  );
};

/** Which option a field comes from. */
const OPTIONS: Readonly<Record<string, string>> = {
  'metadata.name': 'NAME',
  'metadata.namespace': '--namespace',
  'spec.registry.url': '--registry',
  'spec.registry.tag': '--tag',
  'spec.registry.versionConstraint': '--version-constraint',
  'spec.registry.secretRef.name': '--registry-secret',
  'spec.converge.targetNamespace': '--target',
  'spec.converge.serviceAccountName': '--service-account',
};

/** What a rule proposes, as options of this command. */
const byOptions = (message: string): string =>
  message.replace(/spec\.registry\.tag "([\w.-]+)"/, '--tag $1').replace('spec.registry.insecure true', '--insecure');

/** Judges what is to be printed by the webhook's rules. @throws CommandError: all that breaks one */
const warningsOf = async (text: string): Promise<readonly string[]> => {
  const config = parseConfig({ argv: [], env: {} });
  if (config.kind !== 'ok') throw new Error("the webhook's own defaults are refused");
  const input = { name: 'init', text, found: false };
  const how = { config: config.config, clock: systemClock, strict: false, namespace: 'default' };
  const { results } = await judgeInputs([input], how);
  const problems = results.flatMap((result) => result.problems);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0)
    throw misuse(
      ...errors.map(({ field, message }) => `${OPTIONS[field] ?? (field || 'YAML')}: ${byOptions(message)}`),
    );
  return problems.map(({ field, message }) => `${OPTIONS[field] ?? field}: ${message}`);
};
