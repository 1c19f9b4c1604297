import { patternFault } from '../api/platform-policy.js';
import { commonFlags } from '../process/common-flags.js';
import { type FlagInput, type FlagTable, type FlagValues, parseFlags } from '../process/flags.js';
import { TRACING_VARIABLES } from '../process/tracing-settings.js';
import { type AdvertiseUrl, parseAdvertiseUrl } from './advertise-url.js';

/** The webhook's flags. */
export const webhookFlags = {
  ...commonFlags,
  listen: {
    kind: 'host-port',
    default: '0.0.0.0:9443',
    help: 'Where the apiserver is answered, with TLS; port 0 takes any that is free.',
  },
  'cert-dir': {
    kind: 'string',
    help: 'Folder with tls.crt, tls.key and ca.crt, read anew when they change; without it the webhook makes its certificates and keeps them in a Secret.',
  },
  'advertise-url': {
    kind: 'string',
    fault: (text) => {
      const url = parseAdvertiseUrl(text);
      return url.kind === 'invalid' ? url.reason : undefined;
    },
    help: 'https URL that the apiserver shall call instead of the Service; port 0 in it stands for the port listened on.',
  },
  'service-name': {
    kind: 'string',
    default: 'werfbundle-webhook',
    help: 'The Service, in --namespace, by which the apiserver reaches the webhook.',
  },
  'mutating-webhook-name': {
    kind: 'string',
    default: 'werfbundle-mutating',
    help: 'The MutatingWebhookConfiguration that certificate and address are written into.',
  },
  'validating-webhook-name': {
    kind: 'string',
    default: 'werfbundle-validating',
    help: 'The ValidatingWebhookConfiguration that certificate and address are written into.',
  },
  'max-in-flight': {
    kind: 'integer',
    min: 1,
    max: 10_000,
    default: 200,
    help: 'Requests judged at once, counted from the end of their bodies; more are refused with 503.',
  },
  'max-connections': {
    kind: 'integer',
    min: 1,
    max: 100_000,
    help: 'Connections at once; more are closed, those that ask nothing first. Without it four times --max-in-flight.',
  },
  'max-connections-per-peer': {
    kind: 'integer',
    min: 1,
    max: 100_000,
    help: 'Connections of one address at once, which may stand for several apiservers. Without it twice --max-in-flight.',
  },
  'client-ca': {
    kind: 'string',
    help: 'File with CAs (PEM), read anew when it changes: only callers with a client certificate by one of them are answered.',
  },
  'client-names': {
    kind: 'list',
    help: 'Common names that the client certificates of --client-ca may have; any if left out.',
  },
  'check-references': {
    kind: 'boolean',
    default: true,
    help: 'Looks up what a bundle refers to: namespaces, ServiceAccounts, Secrets, sources of values, releases.',
  },
  'missing-references': {
    kind: 'enum',
    values: ['deny', 'warn'],
    default: 'deny',
    help: 'Whether a bundle is refused when something that it refers to does not exist, or its user only warned.',
  },
  'on-lookup-failure': {
    kind: 'enum',
    values: ['deny', 'warn'],
    default: 'deny',
    help: 'The same for what could not be looked up; grants that could not be asked for are always refused.',
  },
  authorize: {
    kind: 'enum',
    values: ['always', 'cross-namespace', 'off'],
    default: 'always',
    help: "Whether a user needs the rights that their bundle uses: in every namespace, in all but the bundle's own, or in none.",
  },
  'cross-namespace': {
    kind: 'enum',
    values: ['consent', 'always'],
    default: 'consent',
    help: 'Whether another namespace has to accept bundles by the annotation werf.io/accept-bundles-from.',
  },
  'allowed-registries': {
    kind: 'list',
    fault: patternFault,
    help: 'Where bundles may come from, for example ghcr.io/acme,*.corp.example; "*" within a label or a part of the path; all if left out.',
  },
  'allowed-images': {
    kind: 'list',
    fault: patternFault,
    help: 'The images that spec.converge.image may name, for example registry.werf.io/werf/werf:2.*; all if left out.',
  },
  'guard-values': {
    kind: 'boolean',
    default: false,
    help: 'Answers the webhook of manifests/webhook/values-guard: refuses to break ConfigMaps and Secrets that bundles use, and warns of what a change deploys.',
  },
  'max-impact': {
    kind: 'integer',
    min: 0,
    max: 1_000_000,
    help: 'With --guard-values: a change that hits more bundles is refused, unless the annotation werf.io/confirm-impact confirms its content; any if left out.',
  },
  'shutdown-delay': {
    kind: 'duration',
    min: '0s',
    max: '5m',
    default: '10s',
    help: 'How long requests are still answered after SIGTERM, until no apiserver sends any.',
  },
} as const satisfies FlagTable;

/** The webhook's settings, checked; durations in milliseconds. */
export type Config = Omit<FlagValues<typeof webhookFlags>, 'advertiseUrl'> & { readonly advertiseUrl?: AdvertiseUrl };

type ParsedConfig =
  | { readonly kind: 'ok'; readonly config: Config }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version' };

const NAMES_WITHOUT_CA = '--client-names: there are no client certificates to look at without --client-ca';

/** Reads flags and environment. Never throws; all problems are named at once. */
export const parseConfig = (input: Pick<FlagInput, 'argv' | 'env' | 'columns'>): ParsedConfig => {
  const summary = 'Admission of WerfBundles: fills in the defaults, and refuses what could not work.';
  const parsed = parseFlags(webhookFlags, { ...input, program: 'webhook', summary, variables: TRACING_VARIABLES });
  if (parsed.kind !== 'ok') return parsed;
  const { advertiseUrl, ...values } = parsed.values;
  const url = advertiseUrl === undefined ? undefined : parseAdvertiseUrl(advertiseUrl);
  if (values.clientNames.length > 0 && values.clientCa === undefined)
    return { kind: 'invalid', problems: [NAMES_WITHOUT_CA] };
  return { kind: 'ok', config: url?.kind === 'ok' ? { ...values, advertiseUrl: url.url } : values };
};
