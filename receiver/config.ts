import type { FlagInput, FlagValues } from '../process/flags.js';
import { commonFlags, type FlagTable, parseFlags } from '../process/flags.js';
import { TRACING_VARIABLES } from '../process/tracing-settings.js';

const { kubeconfig, context, namespace } = commonFlags;

/** The receiver's flags. */
export const receiverFlags = {
  kubeconfig,
  context,
  namespace,
  'health-address': commonFlags['health-address'],
  'log-level': commonFlags['log-level'],
  listen: {
    kind: 'host-port',
    default: '0.0.0.0:9292',
    help: 'Where registries call, by plain HTTP; port 0 takes any that is free.',
  },
  'receivers-dir': {
    kind: 'string',
    required: true,
    help: 'Folder with receivers.yaml and the files with secrets that it names, read anew when they change.',
  },
  'max-connections': {
    kind: 'integer',
    min: 1,
    max: 100_000,
    default: 512,
    help: 'Connections at once; more are closed, those that ask nothing first.',
  },
  'max-connections-per-peer': {
    kind: 'integer',
    min: 1,
    max: 100_000,
    default: 256,
    help: 'Connections of one address at once, which may be a proxy for many senders.',
  },
  'shutdown-delay': {
    kind: 'duration',
    min: '0s',
    max: '5m',
    default: '5s',
    help: 'How long calls are still answered after SIGTERM, until nobody sends any.',
  },
} as const satisfies FlagTable;

/** The receiver's settings, checked; durations in milliseconds. */
export type ReceiverConfig = FlagValues<typeof receiverFlags>;

/** Reads flags and environment. Never throws; all problems are named at once. */
export const parseConfig = (input: Pick<FlagInput, 'argv' | 'env' | 'columns'>) =>
  parseFlags(receiverFlags, {
    ...input,
    program: 'receiver',
    summary: 'Is told by registries what was pushed, and has the controller look at once.',
    variables: TRACING_VARIABLES,
  });
