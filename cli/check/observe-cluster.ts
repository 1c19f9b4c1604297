import type { WebhookConfiguration } from '../../api/objects.js';
import { ACCEPT_BUNDLES_FROM } from '../../api/references/target-namespace.js';
import { type SchemaNode, SPEC_SCHEMA } from '../../api/schema-node.js';
import { GROUP, PLURAL, VERSION } from '../../api/werfbundle.js';
import { certificatesIn, readCertificate } from '../../certs/inspect.js';
import type { KubeClient } from '../../kube/client.js';
import { MUTATING_WEBHOOKS, NAMESPACES, SECRETS, VALIDATING_WEBHOOKS } from '../../kube/resources.js';
import { commonFlags } from '../../process/common-flags.js';
import type { Clock } from '../../process/ports.js';
import { type Access, accessText, missingAccesses } from '../diagnosis/ask-rights.js';
import { askWebhook } from '../diagnosis/ask-webhook.js';
import { readDeployments } from '../diagnosis/deployments.js';
import { type Known, knownFrom, mapKnown } from '../diagnosis/known.js';
import { readLeases } from '../diagnosis/leases.js';
import { DEFINITIONS } from '../diagnosis/operator-kinds.js';
import {
  GUARD_CONFIGURATION,
  MUTATING_CONFIGURATION,
  VALIDATING_CONFIGURATION,
} from '../diagnosis/operator-namespace.js';
import type { CleanView, ClusterView, ConfigurationView, DefinitionView } from './cluster-view.js';
import { CONTROLLER_RULES, INSTALLED, type Rule, USER_RULES } from './rights.js';

interface Where {
  readonly client: KubeClient;
  readonly clock: Pick<Clock, 'now' | 'sleep'>;
  readonly namespace: string;
  readonly operatorNamespace: string;
  /** Whether somebody has named that namespace, who may have mistyped it. */
  readonly isGiven: boolean;
}

/** Reads all that tells whether the operator works in this cluster. Rejects for an aborted command only. */
export const observeCluster = async (where: Where, signal: AbortSignal): Promise<ClusterView> => {
  const { client, clock, namespace, operatorNamespace, isGiven } = where;
  const [
    version,
    definition,
    mutating,
    validating,
    guard,
    leafEndsAt,
    webhook,
    leases,
    deployments,
    lacks,
    own,
    ownNamespace,
    givenNamespace,
    accepting,
  ] = await Promise.all([
    versionOf(client, signal),
    definitionOf(client, signal),
    configurationOf(client, { type: MUTATING_WEBHOOKS, name: MUTATING_CONFIGURATION }, signal),
    configurationOf(client, { type: VALIDATING_WEBHOOKS, name: VALIDATING_CONFIGURATION }, signal),
    configurationOf(client, { type: VALIDATING_WEBHOOKS, name: GUARD_CONFIGURATION }, signal),
    leafEnd(client, operatorNamespace, signal),
    askWebhook(client, namespace, signal),
    knownFrom(readLeases(where, operatorNamespace, signal)),
    readDeployments(client, operatorNamespace, signal),
    controllerLacks(client, operatorNamespace, signal),
    ownRights(client, namespace, signal),
    knownFrom(client.get(NAMESPACES, { name: namespace }, signal)),
    isGiven ? knownFrom(client.get(NAMESPACES, { name: operatorNamespace }, signal)) : undefined,
    acceptingNamespaces(client, namespace, signal),
  ]);
  return {
    now: clock.now(),
    namespace,
    namespaceExists: mapKnown(ownNamespace, (found) => found !== undefined),
    operatorNamespace,
    givenNamespaceExists: givenNamespace && mapKnown(givenNamespace, (found) => found !== undefined),
    version,
    definition,
    configurations: [mutating, validating],
    valuesGuard: guard,
    leafEndsAt,
    webhook,
    leases,
    deployments,
    controllerLacks: lacks,
    own,
    accepting,
  };
};

/** Reads what an installation needs. Rejects for an aborted command only. */
export const observeClean = async (
  { client, operatorNamespace }: Pick<Where, 'client' | 'operatorNamespace'>,
  signal: AbortSignal,
): Promise<CleanView> => {
  const accesses = INSTALLED.flatMap((rule) => accessesOf(rule, rule.isInNamespace ? operatorNamespace : ''));
  const [version, definition, missing] = await Promise.all([
    versionOf(client, signal),
    definitionOf(client, signal),
    missingAccesses(client, { subject: 'self', accesses }, signal),
  ]);
  return { version, definition, operatorNamespace, mayNotInstall: mapKnown(missing, (all) => all.map(accessText)) };
};

const versionOf = async (client: KubeClient, signal: AbortSignal): Promise<Known<string>> =>
  mapKnown(await knownFrom(client.serverVersion(signal)), ({ gitVersion }) => gitVersion);

const definitionOf = async (client: KubeClient, signal: AbortSignal): Promise<ClusterView['definition']> => {
  const found = await knownFrom(client.get(DEFINITIONS, { name: `${PLURAL}.${GROUP}` }, signal));
  return mapKnown(found, (definition) => {
    if (definition === undefined) return undefined;
    const served = definition.spec?.versions?.find(({ name }) => name === VERSION);
    return comparison(served?.schema?.openAPIV3Schema?.properties?.['spec'] ?? {});
  });
};

const comparison = (theirs: SchemaNode): DefinitionView => {
  const [own, other] = [new Set(fieldsOf(SPEC_SCHEMA, 'spec')), new Set(fieldsOf(theirs, 'spec'))];
  return {
    lacks: [...own].filter((path) => !other.has(path)),
    beyond: [...other].filter((path) => !own.has(path)),
  };
};

const fieldsOf = ({ properties = {}, items }: SchemaNode, path: string): readonly string[] => [
  ...(items === undefined ? [] : fieldsOf(items, `${path}[]`)),
  ...Object.entries(properties).flatMap(([name, part]) => [`${path}.${name}`, ...fieldsOf(part, `${path}.${name}`)]),
];

const configurationOf = async (
  client: KubeClient,
  { type, name }: { readonly type: typeof MUTATING_WEBHOOKS; readonly name: string },
  signal: AbortSignal,
): Promise<ConfigurationView> => {
  const found = await knownFrom(client.get(type, { name }, signal));
  return { name, found: mapKnown(found, (one) => (one === undefined ? undefined : viewOf(one))) };
};

const viewOf = ({ webhooks = [] }: WebhookConfiguration) => {
  const ends = webhooks.map(({ name, clientConfig: { caBundle = '' } }) => ({
    name,
    ends: certificatesIn(Buffer.from(caBundle, 'base64').toString()).flatMap((pem) => endOf(pem) ?? []),
  }));
  return {
    authoritiesEndAt: ends.flatMap((one) => (one.ends.length === 0 ? [] : [Math.max(...one.ends)])),
    withoutAuthority: ends.filter((one) => one.ends.length === 0).map(({ name }) => name),
    ignoring: webhooks.filter(({ failurePolicy = 'Fail' }) => failurePolicy !== 'Fail').map(({ name }) => name),
  };
};

const endOf = (pem: string): number | undefined => {
  const certificate = readCertificate(pem);
  return certificate && Date.parse(certificate.validTo);
};

/** Of the Secret only the end of its certificate is kept. */
const leafEnd = async (
  client: KubeClient,
  namespace: string,
  signal: AbortSignal,
): Promise<ClusterView['leafEndsAt']> => {
  const { default: name } = commonFlags['certificate-secret'];
  const secret = await knownFrom(client.get(SECRETS, { namespace, name }, signal));
  return mapKnown(secret, (found) => endOf(Buffer.from(found?.data?.['tls.crt'] ?? '', 'base64').toString()));
};

const accessesOf = ({ group, resource, verbs }: Rule, namespace: string): readonly Access[] =>
  verbs.map((verb) => ({ group, resource, verb, namespace }));

const controllerLacks = async (
  client: KubeClient,
  namespace: string,
  signal: AbortSignal,
): Promise<ClusterView['controllerLacks']> => {
  const accesses = CONTROLLER_RULES.flatMap((rule) => accessesOf(rule, ''));
  const subject = { namespace, name: 'werfbundle-controller' };
  return mapKnown(await missingAccesses(client, { subject, accesses }, signal), (all) => all.map(accessText));
};

const ownRights = async (client: KubeClient, namespace: string, signal: AbortSignal): Promise<ClusterView['own']> => {
  const accesses = USER_RULES.flatMap((rule) => accessesOf(rule, namespace));
  const missing = await missingAccesses(client, { subject: 'self', accesses }, signal);
  return mapKnown(missing, (mayNot) => ({
    may: accesses.filter((access) => !mayNot.includes(access)).map(accessText),
    mayNot: mayNot.map(accessText),
  }));
};

const acceptingNamespaces = async (
  client: KubeClient,
  own: string,
  signal: AbortSignal,
): Promise<ClusterView['accepting']> =>
  mapKnown(await knownFrom(client.list(NAMESPACES, {}, signal)), ({ items }) =>
    items
      .filter(({ metadata: { name, annotations = {} } }) => {
        const accepted = (annotations[ACCEPT_BUNDLES_FROM] ?? '').split(',').map((one) => one.trim());
        return name !== own && (accepted.includes(own) || accepted.includes('*'));
      })
      .map(({ metadata }) => metadata.name),
  );
