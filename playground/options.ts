import { type FlagTable, type FlagValues, parseFlags } from '../process/flags.js';
import { VARIABLES } from './binaries/places.js';
import { versionFault } from './binaries/versions.js';

/** The playground's flags. */
export const playgroundFlags = {
  once: {
    kind: 'boolean',
    help: 'Shows everything once, stops by itself, and exits 0 if all that was promised happened.',
  },
  kubeconfig: {
    kind: 'string',
    help: 'Uses this cluster instead of one of its own: its API server has to run on this machine, and it must have no nodes.',
  },
  context: { kind: 'string', help: 'Context of the kubeconfig; alone, of the usual kubeconfig.' },
  kubernetes: {
    kind: 'string',
    fault: versionFault,
    help: 'Version of Kubernetes for the cluster of one\u2019s own, for example 1.34.2; otherwise whatever is there and new enough, or 1.36.3.',
  },
  werf: {
    kind: 'string',
    help: 'The werf that the Jobs run; else $WERFBUNDLE_WERF, the PATH, its release from the internet, or a stand-in that deploys no chart.',
  },
  'time-scale': {
    kind: 'number',
    min: 1,
    max: 1_000,
    default: 20,
    help: 'Divides the times of polls and backoffs: with 20, a minute of the specs is 3 seconds here.',
  },
} as const satisfies FlagTable;

export type PlaygroundOptions = FlagValues<typeof playgroundFlags>;

const SUMMARY = `Shows webhook and controller at work on real parts: etcd, kube-apiserver, kube-controller-manager, a registry.
"playground binaries" only finds or gets the programs for that.`;

/** The variables that it reads, and what each is for. */
export const playgroundVariables = {
  ...VARIABLES,
  WERFBUNDLE_WERF: 'Path of the werf that the Jobs run, if --werf does not say.',
  KUBECONFIG: 'With --context alone: the kubeconfig that has it.',
  NO_COLOR: 'Set to anything: no colours.',
};

/**
 * Flags of `npm start -- …`; only what was typed counts, not WERFBUNDLE_ variables meant for the operator.
 * @param columns - of the terminal, for --help
 */
export const parseOptions = (argv: readonly string[], columns?: number | undefined) =>
  parseFlags(playgroundFlags, {
    argv,
    columns,
    program: 'playground',
    summary: SUMMARY,
    variables: playgroundVariables,
  });
