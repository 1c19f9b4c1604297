import { Command } from 'commander';
import type { ValidateOptions } from '../validate/options.js';

/** The options of the command line. */
export interface GenerateOptions {
  readonly namespace?: string;
  readonly strict?: true;
  /** `true` where no command is named. */
  readonly kustomize?: string | true;
  readonly operatorNamespace?: string;
  readonly certificateSecret?: string;
  readonly crossNamespace?: string;
  readonly allowedRegistries?: string;
  readonly allowedImages?: string;
}

/** Commander breaks the lines. */
const DESCRIPTION = [
  'Prints the manifests of a folder, and of those below it, if every WerfBundle among them is valid: each file that holds Kubernetes objects, unchanged, in the order of their names. Otherwise it prints all problems to standard error, and no manifest. It is what the Argo CD plugin in manifests/argocd/plugin runs.',
  "Of Argo CD's environment it takes ARGOCD_APP_NAMESPACE, the namespace of objects that name none, and what an Application sets under source.plugin.env: STRICT and KUSTOMIZE, each true or false, as the options of these names.",
  'Exit code 0: printed; 1: problems; 2: wrong use.',
].join('\n\n');

/** What --kustomize runs, if it names nothing else. */
const KUSTOMIZE = 'kustomize build';

/** The command's flags and help, without what it does. */
export const generateOptions = (): Command =>
  new Command('generate')
    .summary("print a folder's manifests if its WerfBundles are valid (Argo CD plugin)")
    .description(DESCRIPTION)
    .argument('[folder]', 'where the manifests are', '.')
    .option('-n, --namespace <name>', 'of objects that name none ($ARGOCD_APP_NAMESPACE, else "default")')
    .option('--strict', 'references that could not be checked are problems ($ARGOCD_ENV_STRICT)')
    .option(
      '--kustomize [command]',
      `print what this command makes of the folder ("${KUSTOMIZE}"; $ARGOCD_ENV_KUSTOMIZE)`,
    )
    .optionsGroup("How the cluster's webhook is set up, where it is not as usual:")
    .option('--operator-namespace <name>', "the webhook's --namespace")
    .option('--certificate-secret <name>', "the webhook's flag of this name: no bundle may use that Secret")
    .option('--cross-namespace <when>', "the webhook's flag of this name: consent or always")
    .option('--allowed-registries <patterns>', "the webhook's flag of this name")
    .option('--allowed-images <patterns>', "the webhook's flag of this name");

/** What options and environment say together; an option stands above the environment. */
interface Parameters {
  readonly namespace: string;
  readonly strict: boolean;
  /** The command and its arguments; undefined: files are printed as they are. */
  readonly kustomize: readonly string[] | undefined;
  readonly webhook: Omit<ValidateOptions, 'output'>;
  /** A line for each variable that says neither true nor false. */
  readonly faults: readonly string[];
}

/** Reads options and Argo CD's environment. */
export const parametersFrom = (
  { namespace, strict, kustomize, ...webhook }: GenerateOptions,
  env: NodeJS.ProcessEnv,
): Parameters => {
  const faults: string[] = [];
  const isSet = (name: string): boolean => {
    const text = env[name] ?? '';
    if (!['', 'true', 'false'].includes(text))
      faults.push(`${name}: ${JSON.stringify(text)} is neither true nor false`);
    return text === 'true';
  };
  const [strictByEnv, kustomizeByEnv] = [isSet('ARGOCD_ENV_STRICT'), isSet('ARGOCD_ENV_KUSTOMIZE')];
  const command = typeof kustomize === 'string' ? kustomize : KUSTOMIZE;
  return {
    namespace: namespace ?? (env['ARGOCD_APP_NAMESPACE'] || 'default'),
    strict: strict === true || strictByEnv,
    kustomize:
      kustomize !== undefined || kustomizeByEnv ? command.split(/\s+/).filter((word) => word !== '') : undefined,
    webhook,
    faults,
  };
};
