import { patternFault } from '../api/platform-policy.js';
import { isWerfVersion } from '../api/werf-version.js';
import { isLabelSelector } from '../kube/label-selector.js';
import { commonFlags } from '../process/common-flags.js';
import { type FlagTable, type FlagValues, parseFlags } from '../process/flags.js';
import { TRACING_VARIABLES } from '../process/tracing-settings.js';
import { isNetwork } from '../registry/addresses.js';
import { type Proxies, readProxies } from '../registry/proxies.js';

/** Pinned, so that another werf is used only when somebody decides so. */
export const WERF_IMAGE = 'registry.werf.io/werf/werf:3.2.0';

const networkFault = (network: string): string | undefined =>
  isNetwork(network) ? undefined : `"${network}" is no network; one looks like "10.0.0.0/8" or "fd00::/8"`;

/** The controller's flags. */
export const controllerFlags = {
  ...commonFlags,
  'leader-elect': {
    kind: 'boolean',
    default: true,
    help: 'Works only while it holds a Lease in its namespace, so that of several controllers one works at a time.',
  },
  'watch-namespaces': {
    kind: 'list',
    fault: (name) =>
      /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name) ? undefined : `"${name}" is no name of a namespace`,
    help: 'Namespaces whose bundles this controller deploys, where several controllers split the work; all if left out.',
  },
  'watch-label-selector': {
    kind: 'string',
    fault: (text) =>
      isLabelSelector(text)
        ? undefined
        : `"${text}" is no label selector; one looks like "team=shop" or "tier in (web, api)"`,
    help: 'Label selector of the bundles that this controller deploys, for example team=shop; all if left out.',
  },
  workers: { kind: 'integer', min: 1, max: 256, default: 8, help: 'How many bundles are looked at at once.' },
  'max-jobs': {
    kind: 'integer',
    min: 0,
    max: 100_000,
    default: 0,
    help: 'How many Jobs of its bundles may run at once; 0: any number.',
  },
  'max-jobs-per-namespace': {
    kind: 'integer',
    min: 0,
    max: 100_000,
    default: 0,
    help: 'How many of them may run in one namespace, the one that is deployed into; 0: any number.',
  },
  'job-template': {
    kind: 'string',
    help: 'File with a PodTemplate that is merged into every Job: tolerations, nodeSelector, imagePullSecrets, proxies.',
  },
  'werf-image': { kind: 'string', default: WERF_IMAGE, help: 'Image with werf, for bundles that name none.' },
  'werf-version': {
    kind: 'string',
    fault: (text) => (isWerfVersion(text) ? undefined : `"${text}" is no version; one looks like "3.2.0"`),
    help: 'Version of werf in --werf-image, for example 3.2.0, where its tag does not tell.',
  },
  'suspend-all': { kind: 'boolean', help: 'Polls and deploys nothing, as if every bundle were suspended.' },
  'default-registry-secret': {
    kind: 'string',
    help: "Secret of type kubernetes.io/dockerconfigjson in the operator's namespace, for bundles that name none.",
  },
  'failed-retry-interval': {
    kind: 'duration',
    default: '0s',
    help: 'When a registry is asked again after six failed polls, for example 1h; 0s: not by itself.',
  },
  'watch-secrets': {
    kind: 'boolean',
    help: 'Watches the Secrets that bundles name, so that a change is seen at once; needs list and watch on Secrets.',
  },
  'follow-pushes': {
    kind: 'boolean',
    help: 'Looks at once at what a receiver was told of: watches ConfigMap werfbundle-pushes in --namespace.',
  },
  'cross-namespace': {
    kind: 'enum',
    values: ['consent', 'always'],
    default: 'consent',
    help: 'Whether another namespace has to accept bundles by the annotation werf.io/accept-bundles-from.',
  },
  'allow-networks': {
    kind: 'list',
    fault: networkFault,
    help: 'Networks (CIDR) in which registries are asked although they are loopback or link-local.',
  },
  'allowed-registries': {
    kind: 'list',
    fault: patternFault,
    help: 'Where bundles may come from, for example ghcr.io/acme,*.corp.example; the same as the webhook is told; all if left out.',
  },
  'allowed-images': {
    kind: 'list',
    fault: patternFault,
    help: 'The images that spec.converge.image may name; the same as the webhook is told; all if left out.',
  },
  'chart-schemas': {
    kind: 'boolean',
    default: true,
    help: 'Reads the chart of a bundle before it is deployed, and holds it if its values.schema.json refuses the values.',
  },
  'registry-requests-per-second': {
    kind: 'number',
    min: 1,
    max: 10_000,
    default: 10,
    help: 'How many requests a registry host gets in a second, on the average; further ones wait.',
  },
  'registry-burst': {
    kind: 'integer',
    min: 1,
    max: 10_000,
    default: 20,
    help: 'How many requests a registry host gets at once after a pause.',
  },
  'bundle-metrics': {
    kind: 'boolean',
    default: true,
    help: 'Shows a series for each bundle at /metrics (werfbundle_bundle_info); false where there are too many.',
  },
  'deny-networks': { kind: 'list', fault: networkFault, help: 'Networks (CIDR) in which no registry is asked.' },
} as const satisfies FlagTable;

export type ControllerConfig = FlagValues<typeof controllerFlags> & {
  /** From the environment; used for registries only. */
  readonly proxies: Proxies;
};

type ParsedConfig =
  | { readonly kind: 'ok'; readonly config: ControllerConfig }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version' };

/** Reads flags and WERFBUNDLE_ variables; all problems at once. @param columns - of the terminal, for --help */
export const parseConfig = (
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  columns?: number | undefined,
): ParsedConfig => {
  const parsed = parseFlags(controllerFlags, {
    argv,
    env,
    columns,
    program: 'controller',
    summary: 'Polls registries and deploys werf bundles by Jobs.',
    variables: TRACING_VARIABLES,
  });
  const read = readProxies(env);
  if (parsed.kind === 'help' || parsed.kind === 'version') return parsed;
  if (parsed.kind === 'ok' && read.kind === 'ok') {
    return { kind: 'ok', config: { ...parsed.values, proxies: read.proxies } };
  }
  const problems = [parsed, read].flatMap((part) => (part.kind === 'invalid' ? part.problems : []));
  return { kind: 'invalid', problems };
};
