import { parseDuration } from '../../api/duration.js';
import { type FlagKind, type FlagValue, parseFlags } from './flags.js';

/** Where a bundle is, and how to access its registry. */
export interface BundleOptions {
  readonly repo: string;
  readonly tag: string;
  /** A folder with `config.json`. */
  readonly dockerConfig: string;
  readonly insecure: boolean;
  readonly skipTlsVerify: boolean;
}

/** Values as they were given, in werf's order of precedence, the last one strongest. */
export interface ValuesOptions {
  readonly files: readonly string[];
  readonly json: readonly string[];
  readonly set: readonly string[];
  readonly setString: readonly string[];
  readonly setFile: readonly string[];
  readonly setLiteral: readonly string[];
}

interface ReleaseOptions {
  readonly release: string;
  readonly namespace: string;
}

/** The parsed command. */
export type Command =
  | ({ readonly kind: 'apply'; readonly bundle: BundleOptions; readonly values: ValuesOptions } & ReleaseOptions & {
        readonly historyMax: number;
        /** Seconds; 0: no limit. */
        readonly timeoutS: number;
        readonly autoRollback: boolean;
        /** A plan's file: nothing is pulled then, and release and namespace are the plan's. */
        readonly usePlan?: string;
        /** How long a plan may be used, milliseconds. */
        readonly planLifetimeMs: number;
      })
  | ({ readonly kind: 'plan'; readonly bundle: BundleOptions; readonly values: ValuesOptions } & ReleaseOptions & {
        readonly exitCode: boolean;
        /** Where the plan is to be saved. */
        readonly savePlan?: string;
      })
  | ({ readonly kind: 'dismiss' } & ReleaseOptions)
  | { readonly kind: 'version' }
  | { readonly kind: 'refused'; readonly message: string };

const LOG: Readonly<Record<string, FlagKind>> = {
  'log-color-mode': 'text',
  'log-pretty': 'switch',
  'log-terminal-width': 'whole',
};
const SHARED: Readonly<Record<string, FlagKind>> = {
  ...LOG,
  release: 'text',
  namespace: 'text',
  env: 'text',
  repo: 'text',
  'docker-config': 'text',
  'insecure-registry': 'switch',
  'skip-tls-verify-registry': 'switch',
};
const BUNDLE: Readonly<Record<string, FlagKind>> = {
  ...SHARED,
  tag: 'text',
  values: 'list',
  set: 'list',
  'set-string': 'list',
  'set-file': 'list',
  'set-json': 'list',
  'set-literal': 'list',
};
const FLAGS = {
  apply: {
    ...BUNDLE,
    timeout: 'whole',
    'auto-rollback': 'switch',
    'releases-history-max': 'whole',
    'no-create-namespace': 'switch',
  },
  plan: { ...BUNDLE, 'exit-code': 'switch', 'show-sensitive-diffs': 'switch', 'show-insignificant-diffs': 'switch' },
  dismiss: SHARED,
  version: {},
} as const satisfies Readonly<Record<string, Readonly<Record<string, FlagKind>>>>;

/** Flags by which plans are saved and used; of werf 3 only. */
const SAVING = {
  apply: { 'use-plan': 'text', 'plan-lifetime': 'text' },
  plan: { 'save-plan': 'text' },
  dismiss: {},
  version: {},
} as const satisfies Readonly<Record<string, Readonly<Record<string, FlagKind>>>>;

/** werf's default for --plan-lifetime. */
const PLAN_LIFETIME = '2h';
/** werf's default for --releases-history-max. */
const HISTORY_MAX = 5;

type Environment = Readonly<Record<string, string | undefined>>;
type Values = ReadonlyMap<string, FlagValue>;

const refused = (message: string): Command => ({ kind: 'refused', message });
const text = (values: Values, name: string, fallback: string): string => String(values.get(name) ?? fallback);
const isOn = (values: Values, name: string): boolean => values.get(name) === true;
const list = (values: Values, name: string): readonly string[] => {
  const value = values.get(name);
  return Array.isArray(value) ? value : [];
};

const OTHER_SETS = ['WERF_SET_STRING_', 'WERF_SET_FILE_', 'WERF_SET_JSON_', 'WERF_SET_LITERAL_', 'WERF_SET_DOCKER_'];

/** Values of variables with a prefix, in the order of their names, as werf reads them before the flags. */
const fromEnvironment = (environment: Environment, prefix: string): readonly string[] =>
  Object.keys(environment)
    .filter(
      (name) =>
        name.startsWith(prefix) && (prefix !== 'WERF_SET_' || !OTHER_SETS.some((other) => name.startsWith(other))),
    )
    .toSorted()
    .flatMap((name) => environment[name] ?? []);

const bundleOptions = (values: Values, environment: Environment): BundleOptions => {
  const home = `${environment['HOME'] ?? ''}/.docker`;
  const folder = environment['WERF_DOCKER_CONFIG'] || environment['DOCKER_CONFIG'] || home;
  return {
    repo: text(values, 'repo', environment['WERF_REPO'] ?? ''),
    tag: text(values, 'tag', environment['WERF_TAG'] || 'latest'),
    dockerConfig: text(values, 'docker-config', folder) || folder,
    insecure: isOn(values, 'insecure-registry') || SWITCHED_ON.has(environment['WERF_INSECURE_REGISTRY'] ?? ''),
    skipTlsVerify:
      isOn(values, 'skip-tls-verify-registry') || SWITCHED_ON.has(environment['WERF_SKIP_TLS_VERIFY_REGISTRY'] ?? ''),
  };
};

const SWITCHED_ON = new Set(['1', 'true', 'yes']);

const valuesOptions = (values: Values, environment: Environment): ValuesOptions => ({
  files: [...fromEnvironment(environment, 'WERF_VALUES_'), ...list(values, 'values')],
  json: list(values, 'set-json'),
  set: [...fromEnvironment(environment, 'WERF_SET_'), ...list(values, 'set')],
  setString: [...fromEnvironment(environment, 'WERF_SET_STRING_'), ...list(values, 'set-string')],
  setFile: [...fromEnvironment(environment, 'WERF_SET_FILE_'), ...list(values, 'set-file')],
  setLiteral: list(values, 'set-literal'),
});

const dismissal = (release: string, namespace: string): Command => {
  if (release !== '' && namespace !== '') return { kind: 'dismiss', release, namespace };
  if (release !== '') {
    return refused('--release specified, but not --namespace, while should be specified both or none');
  }
  if (namespace !== '') {
    return refused('--namespace specified, but not --release, while should be specified both or none');
  }
  return refused(
    'no git with werf project found: dismiss should either be executed in a git repository, or with --namespace and ' +
      '--release specified, or with --use-deploy-report',
  );
};

const commandFrom = (name: 'apply' | 'plan' | 'dismiss', values: Values, environment: Environment): Command => {
  const release = text(values, 'release', environment['WERF_RELEASE'] ?? '');
  const given = text(values, 'namespace', environment['WERF_NAMESPACE'] ?? '');
  const mode = text(values, 'log-color-mode', 'auto');
  if (!['auto', 'on', 'off'].includes(mode))
    return refused(`bad log color mode "${mode}": auto, on, off are supported`);
  if (name === 'dismiss') return dismissal(release, given);
  const bundle = bundleOptions(values, environment);
  const usePlan = name === 'apply' ? text(values, 'use-plan', '') : '';
  const shared = { bundle, values: valuesOptions(values, environment), release, namespace: given || 'default' };
  if (usePlan !== '') return applyCommand(values, environment, { ...shared, usePlan });
  if (bundle.repo === '') return refused('get repo address: --repo REPO required');
  if (release === '') return refused('get release name: --release=RELEASE param required');
  const savePlan = text(values, 'save-plan', '');
  return name === 'apply'
    ? applyCommand(values, environment, shared)
    : {
        kind: 'plan',
        ...shared,
        exitCode: isOn(values, 'exit-code'),
        ...(savePlan !== '' && { savePlan }),
      };
};

type Apply = Extract<Command, { readonly kind: 'apply' }>;

const applyCommand = (
  values: Values,
  environment: Environment,
  shared: Pick<Apply, 'bundle' | 'values' | 'release' | 'namespace' | 'usePlan'>,
): Command => {
  const lifetime = text(values, 'plan-lifetime', environment['WERF_PLAN_LIFETIME'] || PLAN_LIFETIME);
  const duration = parseDuration(lifetime);
  if (duration.kind === 'invalid')
    return refused(`invalid argument "${lifetime}" for "--plan-lifetime" flag: time: invalid duration "${lifetime}"`);
  return {
    kind: 'apply',
    ...shared,
    historyMax: Number(values.get('releases-history-max') ?? HISTORY_MAX),
    timeoutS: Number(values.get('timeout') ?? 0),
    autoRollback: isOn(values, 'auto-rollback'),
    planLifetimeMs: duration.ms,
  };
};

/**
 * Reads werf's command line: `bundle apply`, `bundle plan`, `dismiss` and `version` with the flags that a deploy Job uses; all
 * others are refused in cobra's words. Pure.
 * @param words - without the program's name
 * @param options.plans - whether this werf has `bundle plan`
 * @param options.saves - whether it can save plans, and use them
 */
export const parseCommandLine = (
  words: readonly string[],
  environment: Environment,
  { plans, saves }: { readonly plans: boolean; readonly saves: boolean } = { plans: true, saves: true },
): Command => {
  const [first = '', second = ''] = words;
  const name = first === 'bundle' ? second : first;
  const isKnown =
    first === 'bundle' ? name === 'apply' || (plans && name === 'plan') : name === 'dismiss' || name === 'version';
  if (!isKnown || !Object.hasOwn(FLAGS, name)) {
    const [command, parent] = first === 'bundle' ? [second, 'werf bundle'] : [first, 'werf'];
    const flags = parseFlags([command ?? ''], {});
    return command?.startsWith('-') && flags.kind === 'refused'
      ? flags
      : refused(`unknown command "${command}" for "${parent}"`);
  }
  const known = name as keyof typeof FLAGS;
  const flags = { ...FLAGS[known], ...(saves && SAVING[known]) };
  const parsed = parseFlags(words.slice(first === 'bundle' ? 2 : 1), flags);
  if (parsed.kind === 'refused') return parsed;
  return known === 'version' ? { kind: 'version' } : commandFrom(known, parsed.values, environment);
};
