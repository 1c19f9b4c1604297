import type { KubeObject } from '../../api/objects.js';
import { ACCEPT_BUNDLES_FROM } from '../../api/references/target-namespace.js';
import { API_VERSION, KIND } from '../../api/werfbundle.js';
import { asYamlText } from '../output/format.js';
import { wrapped } from '../output/wrap.js';
import { RIGHTS } from './rights.js';

/** What a new bundle is to be. */
export interface Wish {
  readonly name: string;
  /** Of the bundle. */
  readonly namespace: string;
  readonly target: string;
  readonly registry: string;
  readonly serviceAccount: string;
  /** What its Role and RoleBinding are called. */
  readonly role: string;
  readonly tag?: string;
  readonly versionConstraint?: string;
  readonly registrySecret?: string;
  readonly insecure: boolean;
}

/** An object to apply, and what is said above it. */
export interface Commented {
  readonly comment: string;
  readonly object: KubeObject & { readonly [field: string]: unknown };
}

/** All that a bundle needs beside what is its registry's, in the order in which it is applied. */
export const manifestsFor = (wish: Wish): readonly Commented[] => [
  ...(wish.target === wish.namespace ? [] : [namespaceOf(wish)]),
  accountOf(wish),
  ...rightsFor(wish),
  bundleOf(wish),
];

/** What its ServiceAccount may do: a Role, and what binds it. */
export const rightsFor = (wish: Pick<Wish, 'target' | 'serviceAccount' | 'role'>): readonly Commented[] => [
  roleOf(wish),
  bindingOf(wish),
];

const hasToBeThere = (namespace: string): string =>
  `Namespace ${namespace} has to be there: kubectl create namespace ${namespace}`;

const namespaceOf = ({ target, namespace }: Wish): Commented => ({
  comment: `${hasToBeThere(namespace)}\nThe namespace that is deployed into takes bundles from namespace ${namespace}. If it takes those of others already, add them: ${namespace},OTHER`,
  object: {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: target, annotations: { [ACCEPT_BUNDLES_FROM]: namespace } },
  },
});

const accountOf = ({ target, namespace, serviceAccount }: Wish): Commented => ({
  comment: `${target === namespace ? `${hasToBeThere(namespace)}\n` : ''}What the Job runs as: it deploys with the rights of this ServiceAccount, and no others.`,
  object: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: serviceAccount, namespace: target } },
});

const RBAC = 'rbac.authorization.k8s.io';

const roleOf = ({ target, role }: Pick<Wish, 'target' | 'role'>): Commented => ({
  comment: '',
  object: {
    apiVersion: `${RBAC}/v1`,
    kind: 'Role',
    metadata: { name: role, namespace: target },
    rules: RIGHTS.flatMap(({ rules }) => rules),
  },
});

const bindingOf = ({ target, serviceAccount, role }: Pick<Wish, 'target' | 'serviceAccount' | 'role'>): Commented => ({
  comment: '',
  object: {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata: { name: role, namespace: target },
    roleRef: { apiGroup: RBAC, kind: 'Role', name: role },
    subjects: [{ kind: 'ServiceAccount', name: serviceAccount, namespace: target }],
  },
});

const bundleOf = (wish: Wish): Commented => {
  const { name, namespace, target, registry, serviceAccount, tag, versionConstraint, registrySecret, insecure } = wish;
  const spec = {
    registry: {
      url: registry,
      ...(tag !== undefined && { tag }),
      ...(versionConstraint !== undefined && { versionConstraint }),
      ...(registrySecret !== undefined && { secretRef: { name: registrySecret } }),
      ...(insecure && { insecure }),
    },
    converge: { ...(target !== namespace && { targetNamespace: target }), serviceAccountName: serviceAccount },
  };
  const which =
    tag !== undefined
      ? `Deploys tag ${tag}, and again when that is published anew.`
      : versionConstraint !== undefined
        ? `Deploys the highest version that satisfies ${versionConstraint}, and each higher one that is published.`
        : 'Deploys the last tag in text order: a versionConstraint, such as ">=1.0.0", chooses by version.';
  const secret =
    registrySecret === undefined
      ? ''
      : `\nIts credentials: kubectl create secret docker-registry ${registrySecret} -n ${namespace} --docker-server=… --docker-username=… --docker-password=…`;
  return {
    comment: `${which}${secret}`,
    object: { apiVersion: API_VERSION, kind: KIND, metadata: { name, namespace }, spec },
  };
};

/** Where a comment's lines end. */
const WIDTH = 110;

/** As YAML that kubectl applies, with comments. */
export const manifestsText = (objects: readonly Commented[]): string =>
  objects
    .map(
      ({ comment, object }) => `${commented(comment)}${object.kind === 'Role' ? roleText(object) : asYamlText(object)}`,
    )
    .join('---\n');

/** Each part of the rules below its reason. */
const roleText = ({ rules: _, ...rest }: Commented['object']): string => {
  const parts = RIGHTS.map(({ why, rules }) => `${commented(why)}${rules.map(ruleText).join('')}`);
  return `${asYamlText(rest)}rules:\n${parts.join('')}`;
};

const ruleText = ({ apiGroups, resources, verbs }: (typeof RIGHTS)[number]['rules'][number]): string =>
  `- apiGroups: ${inLine(apiGroups)}\n  resources: ${inLine(resources)}\n  verbs: ${inLine(verbs)}\n`;

const inLine = (words: readonly string[]): string => `[${words.map((word) => word || '""').join(', ')}]`;

const commented = (text: string): string =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .flatMap(commentLines)
    .map((line) => `# ${line}\n`)
    .join('');

/** A command stays in one line, to be copied. */
const commentLines = (text: string): readonly string[] =>
  text.includes('kubectl ') ? [text] : wrapped(text, { first: '', indent: 0, width: WIDTH });

/** As kubectl prints several objects for programs. */
export const asList = (objects: readonly Commented[]): object => ({
  apiVersion: 'v1',
  kind: 'List',
  metadata: {},
  items: objects.map(({ object }) => object),
});
