import { wholeSeconds } from '../../api/timestamp.js';
import { accessesText } from '../diagnosis/ask-rights.js';
import { type CheckRow, failed, type Judgement, notChecked, ok, warning } from '../diagnosis/check.js';
import { placeOf } from '../diagnosis/deployments.js';
import {
  controllerJudgement,
  isElsewhere,
  operatorNamespaceJudgement,
  webhookJudgement,
} from '../diagnosis/operator-judgements.js';
import type { CleanView, ClusterView, ConfigurationView } from './cluster-view.js';
import { ifInstalled, installationJudgement } from './installation.js';
import { valuesGuard } from './values-guard.js';

const INSTALL = 'README.md#install-on-a-cluster';
const OPERATOR = 'docs/troubleshooting.md#the-operator-itself';
const CERTIFICATES = 'docs/operations.md#certificates';
const COMMAND = 'docs/command-line.md#check';
const RIGHTS = 'docs/security.md#who-may-do-what';
const REFUSED = 'docs/troubleshooting.md#kubectl-apply-is-refused-or-times-out';

/** The oldest Kubernetes that is supported: 1.30. */
const OLDEST = { major: 1, minor: 30 };
const DAY_MS = 24 * 60 * 60_000;
/** Certificates of the webhook's own making are renewed earlier than this. */
const SOON_MS = DAY_MS;
/** How many fields or rights are named. */
const MOST = 5;

const some = (all: readonly string[]): string =>
  all.length > MOST ? `${all.slice(0, MOST).join(', ')} and ${all.length - MOST} more` : all.join(', ');

const version: CheckRow<Pick<ClusterView, 'version'>> = {
  id: 'version',
  title: 'Kubernetes',
  section: INSTALL,
  judge: ({ version: told }) => {
    if (told.kind === 'unknown') return notChecked(told.why);
    const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(told.value) ?? [];
    if (major === undefined || minor === undefined) return notChecked(`"${told.value}" is no version`);
    const isOld = Number(major) < OLDEST.major || (Number(major) === OLDEST.major && Number(minor) < OLDEST.minor);
    return isOld
      ? failed(`${told.value} is older than ${OLDEST.major}.${OLDEST.minor}, the oldest that is supported`)
      : ok(told.value);
  },
};

const installation: CheckRow<ClusterView> = {
  id: 'installation',
  title: 'Installation',
  section: INSTALL,
  judge: installationJudgement,
};

const namespace: CheckRow<ClusterView> = {
  id: 'namespace',
  title: 'Namespace',
  section: COMMAND,
  judge: ({ namespace: name, namespaceExists }) => {
    if (namespaceExists.kind === 'unknown') return notChecked(namespaceExists.why);
    return namespaceExists.value
      ? ok(`${name} exists`)
      : failed(`${name} does not exist: create it, or give another one with -n`, [`kubectl create namespace ${name}`]);
  },
};

const operatorNamespace: CheckRow<ClusterView> = {
  id: 'operator-namespace',
  title: "Operator's namespace",
  section: COMMAND,
  judge: ({ operatorNamespace: name, givenNamespaceExists: exists }) =>
    operatorNamespaceJudgement({ namespace: name, exists }),
};

/** A check of what stands in the operator's namespace. */
const inOperatorNamespace = (row: CheckRow<ClusterView>): CheckRow<ClusterView> => ({
  ...row,
  judge: (view) =>
    isElsewhere(view.givenNamespaceExists)
      ? notChecked(`there is no namespace ${view.operatorNamespace} to look in`)
      : row.judge(view),
});

/** What is asked of a namespace of bundles that does not exist has no answer. */
const isMissing = ({ namespaceExists }: ClusterView): boolean =>
  namespaceExists.kind === 'known' && !namespaceExists.value;
const NO_NAMESPACE = notChecked('there is no such namespace');

const definition: CheckRow<ClusterView> = {
  id: 'definition',
  title: 'CustomResourceDefinition',
  section: INSTALL,
  judge: ({ definition: found }) => {
    if (found.kind === 'unknown') return notChecked(found.why);
    if (found.value === undefined) return failed('this cluster knows no WerfBundle', [APPLY_DEFINITION]);
    return ok('it is installed');
  },
};

const APPLY_DEFINITION = 'kubectl apply -k manifests/crd';

/** Apart from its existence, which explains all else that fails. */
const fields: CheckRow<ClusterView> = {
  id: 'fields',
  title: 'Fields of bundles',
  section: INSTALL,
  judge: ({ definition: found }) => {
    if (found.kind === 'unknown') return notChecked(found.why);
    if (found.value === undefined) return notChecked('there is no CustomResourceDefinition');
    const { lacks, beyond } = found.value;
    if (lacks.length > 0)
      return failed(`the cluster is older than this program, and lacks ${some(lacks)}`, [APPLY_DEFINITION]);
    if (beyond.length > 0)
      return warning(`the cluster is newer than this program, which does not know ${some(beyond)}`);
    return ok('the cluster has those that this program knows');
  },
};

const configurations: CheckRow<ClusterView> = {
  id: 'configurations',
  title: 'Webhook configuration',
  section: REFUSED,
  causes: ['definition'],
  judge: (view) => view.configurations.map((one) => ({ ...configurationJudgement(one), subject: one.name })),
};

const configurationJudgement = ({ found }: ConfigurationView): Judgement => {
  if (found.kind === 'unknown') return notChecked(found.why);
  if (found.value === undefined) return failed('it does not exist', ['kubectl apply -k manifests/webhook']);
  const { ignoring } = found.value;
  return ignoring.length === 0
    ? ok('it is there, and while nobody answers nothing passes (failurePolicy Fail)')
    : warning(`while nobody answers everything passes ${some(ignoring)} (failurePolicy is not Fail)`, [
        'kubectl apply -k manifests/webhook',
      ]);
};

const certificates: CheckRow<ClusterView> = {
  id: 'certificates',
  title: 'Certificates',
  section: CERTIFICATES,
  causes: ['definition', 'configurations'],
  judge: ({ configurations: all, leafEndsAt, now, operatorNamespace, deployments: found }) => {
    const { restart, words } = placeOf('webhook', { namespace: operatorNamespace, deployments: found });
    const read = all.flatMap(({ found }) => (found.kind === 'known' && found.value !== undefined ? [found.value] : []));
    if (read.length === 0) return notChecked('no configuration of webhooks could be read');
    const without = read.flatMap(({ withoutAuthority }) => withoutAuthority);
    if (without.length > 0)
      return failed(`${some(without)}: no CA in caBundle: the webhook writes it when it starts${words}`, restart);
    const leaf = leafEndsAt.kind === 'known' && leafEndsAt.value !== undefined ? [leafEndsAt.value] : [];
    const ends = Math.min(...read.flatMap(({ authoritiesEndAt }) => authoritiesEndAt), ...leaf);
    const day = wholeSeconds(ends);
    if (ends <= now) return failed(`one has expired, at ${day}${words}`, restart);
    if (ends - now < SOON_MS) return warning(`one expires at ${day}, and was not renewed in time${words}`, restart);
    const what = leaf.length > 0 ? 'the CAs, and the one by which the webhook is known,' : 'the CAs';
    return ok(`${what} are good until ${day}`);
  },
};

const webhook: CheckRow<ClusterView> = {
  id: 'webhook',
  title: 'Webhook',
  section: REFUSED,
  causes: ['definition', 'configurations', 'certificates'],
  judge: (view) => {
    const { webhook: answer, operatorNamespace, deployments: found } = view;
    if (answer.kind === 'unknown' && isMissing(view))
      return notChecked(`there is no namespace ${view.namespace} to try it in`);
    return webhookJudgement({ namespace: operatorNamespace, webhook: answer, deployments: found });
  },
};

const controller: CheckRow<ClusterView> = {
  id: 'controller',
  title: 'Controller',
  section: OPERATOR,
  judge: ({ leases, operatorNamespace, deployments: found }) =>
    controllerJudgement({ namespace: operatorNamespace, leases, deployments: found }),
};

const deployments: CheckRow<ClusterView> = {
  id: 'deployments',
  title: 'Deployments',
  section: OPERATOR,
  judge: ({ deployments: found, operatorNamespace }) => {
    if (found.kind === 'unknown') return notChecked(found.why);
    if (found.value.length === 0)
      return notChecked(
        `there are none in namespace ${operatorNamespace}: webhook and controller run as processes elsewhere, as in the playground, or in another namespace (--operator-namespace)`,
      );
    return found.value.map(({ name, wanted, ready }): Judgement => {
      const count = `${ready} of ${wanted} replicas are ready`;
      const look = [`kubectl describe deployment ${name} -n ${operatorNamespace}`];
      const judged = ready === 0 ? failed(count, look) : ready < wanted ? warning(count, look) : ok(count);
      return { ...judged, subject: name };
    });
  },
};

const controllerRights: CheckRow<ClusterView> = {
  id: 'controller-rights',
  title: "Controller's rights",
  section: RIGHTS,
  causes: ['definition'],
  judge: ({ controllerLacks: lacks, operatorNamespace }) => {
    if (lacks.kind === 'unknown') return notChecked(lacks.why);
    return lacks.value.length === 0
      ? ok('it may do all that it does')
      : failed(`ServiceAccount werfbundle-controller of namespace ${operatorNamespace} may not ${some(lacks.value)}`, [
          'kubectl apply -k manifests/rbac',
        ]);
  },
};

const ownRights: CheckRow<ClusterView> = {
  id: 'own-rights',
  title: 'Your rights',
  section: RIGHTS,
  judge: (view) => {
    const { own, namespace: name } = view;
    if (isMissing(view)) return NO_NAMESPACE;
    if (own.kind === 'unknown') return notChecked(own.why);
    const { may, mayNot } = own.value;
    if (may.length === 0)
      return warning(`in namespace ${name} you may do nothing with bundles`, [
        `kubectl create rolebinding werfbundle-editor -n ${name} --clusterrole=werfbundle-editor --user=USER`,
      ]);
    return ok(
      `in namespace ${name} you may ${accessesText(may)}${mayNot.length === 0 ? '' : `; not ${accessesText(mayNot)}`}`,
    );
  },
};

const consent: CheckRow<ClusterView> = {
  id: 'consent',
  title: 'Consent of other namespaces',
  section: RIGHTS,
  judge: (view) => {
    const { accepting, namespace: name } = view;
    if (isMissing(view)) return NO_NAMESPACE;
    if (accepting.kind === 'unknown') return notChecked(accepting.why);
    return accepting.value.length === 0
      ? ok(`bundles of namespace ${name} deploy into it alone: no other one accepts them`)
      : ok(`bundles of namespace ${name} are accepted by ${some(accepting.value)}`);
  },
};

/** The checks of a cluster in which the operator is to work. */
export const CLUSTER_CHECKS: readonly CheckRow<ClusterView>[] = [
  version,
  installation,
  operatorNamespace,
  namespace,
  ifInstalled(definition),
  ifInstalled(fields),
  ifInstalled(configurations),
  ifInstalled(certificates),
  ifInstalled(webhook),
  ifInstalled(valuesGuard),
  ifInstalled(inOperatorNamespace(controller)),
  ifInstalled(inOperatorNamespace(deployments)),
  ifInstalled(inOperatorNamespace(controllerRights)),
  ownRights,
  consent,
];

const installed: CheckRow<CleanView> = {
  id: 'installed',
  title: 'Installation',
  section: INSTALL,
  judge: ({ definition: found }) => {
    if (found.kind === 'unknown') return notChecked(found.why);
    return ok(found.value === undefined ? 'there is none yet' : 'there is one already, which would be upgraded');
  },
};

const installRights: CheckRow<CleanView> = {
  id: 'install-rights',
  title: 'Rights to install',
  section: INSTALL,
  judge: ({ mayNotInstall: missing, operatorNamespace }) => {
    if (missing.kind === 'unknown') return notChecked(missing.why);
    return missing.value.length === 0
      ? ok(`you may create all that there is to create, in namespace ${operatorNamespace} and beside it`)
      : failed(`you may not ${missing.value.join(', ')}: somebody who administers the cluster has to install it`);
  },
};

/** The checks of a cluster before the operator is installed. */
export const PRE_CHECKS: readonly CheckRow<CleanView>[] = [version, installed, installRights];
