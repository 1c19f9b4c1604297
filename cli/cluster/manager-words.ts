import { refOf } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { KubeError, type ManagedFields } from '../../kube/client.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { type Asked, type Manager, managersOf, type Tool } from './managers.js';
import type { Session } from './session.js';

/** A change that somebody makes by hand. */
interface ChangeByHand extends Asked {
  /** What to do where the manifest is kept: `set spec.suspend: true`. */
  readonly inGit: string;
  /** Whether a manifest without the fields says the same. */
  readonly isDefault?: true;
  /** Fields that the webhook refuses beside what the change sets: `spec.registry.versionConstraint` beside a tag. */
  readonly excludes?: readonly string[];
}

interface Words {
  readonly name: (manager: Manager) => string;
  /** When it puts back what it sets: `puts it back at its next reconcile`. */
  readonly putsBack: string;
  /** How to keep it from doing so for a while; '' if there is no such way. */
  readonly meanwhile: (manager: Manager) => string;
}

const placed = ({ name, namespace }: Manager): string =>
  name === undefined ? '' : ` ${namespace === undefined ? '' : `${namespace}/`}${name}`;
const inNamespace = ({ namespace }: Manager): string => (namespace === undefined ? '' : ` -n ${namespace}`);

const WORDS: Readonly<Record<Tool, Words>> = {
  flux: {
    name: (manager) => `Kustomization${placed(manager)} (Flux)`,
    putsBack: 'puts it back at its next reconcile',
    meanwhile: (manager) =>
      `suspend the Kustomization: flux suspend kustomization ${manager.name ?? 'NAME'}${inNamespace(manager)}`,
  },
  'flux-helm': {
    name: (manager) => `HelmRelease${placed(manager)} (Flux)`,
    putsBack: 'puts it back at its next upgrade, or when it corrects drift',
    meanwhile: (manager) =>
      `suspend the HelmRelease: flux suspend helmrelease ${manager.name ?? 'NAME'}${inNamespace(manager)}`,
  },
  'argo-cd': {
    name: (manager) => `Application${placed(manager)} (Argo CD)`,
    putsBack: 'puts it back at its next sync, which with selfHeal comes at once',
    meanwhile: ({ name = 'NAME' }) => `turn off automated sync meanwhile: argocd app set ${name} --sync-policy none`,
  },
  helm: {
    name: (manager) => `release${placed(manager)} (Helm)`,
    putsBack: 'puts it back at its next upgrade',
    meanwhile: () => '',
  },
  'kubectl-apply': {
    name: () => 'whoever applies this bundle (kubectl apply)',
    putsBack: 'puts it back with the next kubectl apply',
    meanwhile: () => '',
  },
};

/** What will become of a change by hand, a sentence for each who manages the bundle. */
export const wordsOfManagers = (managers: readonly Manager[], change: ChangeByHand): readonly string[] =>
  managers.flatMap((manager) => wordsOf(manager, change));

const wordsOf = (manager: Manager, { inGit, isDefault, excludes = [] }: ChangeByHand): readonly string[] => {
  const { name, putsBack, meanwhile } = WORDS[manager.tool];
  const who = name(manager);
  const field = manager.fields.join(' and ');
  const ways = [`${inGit} where its manifest is kept`, meanwhile(manager)].filter((way) => way !== '').join('; or ');
  switch (manager.hold) {
    case 'sets':
      if (manager.fields.some((name) => excludes.includes(name)))
        return [
          `${who} sets ${field}: what it applies next is refused, since only one of both may be set. To mend that, ${ways}`,
        ];
      return [`${who} sets ${field}, and ${putsBack}. To keep it, ${ways}`];
    case 'unknown':
      if (manager.fields.some((name) => excludes.includes(name)))
        return [
          `${who} may set ${field}; if so, what it applies next is refused, since only one of both may be set. To mend that, ${ways}`,
        ];
      return [`${who} may set ${field}; if so, it ${putsBack}. To keep it, ${ways}`];
    case 'leaves-open':
      if (manager.tool === 'kubectl-apply') return [];
      return [
        isDefault === true
          ? `${who} manages this bundle and leaves ${field} open: the change stays, and nothing is to change in git`
          : `${who} manages this bundle and leaves ${field} open: the change stays, and git does not show it. To have it there, ${inGit}`,
      ];
  }
};

/** What will become of a change of a bundle by hand; nothing if nobody else manages it, or who does can't be read. */
export const notesOnManagers = async (
  session: Pick<Session, 'client' | 'signal'>,
  bundle: StoredBundle,
  change: ChangeByHand,
): Promise<readonly string[]> => {
  const owners = await ownersOf(session, bundle);
  return wordsOfManagers(managersOf(bundle, owners, change), change);
};

/** Who has written which fields of a bundle; nothing if it can't be read. */
export const ownersOf = async (
  session: Pick<Session, 'client' | 'signal'>,
  bundle: StoredBundle,
): Promise<readonly ManagedFields[]> => {
  try {
    return (await session.client.managedFields(WERFBUNDLES, refOf(bundle), session.signal)) ?? [];
  } catch (error) {
    // For a note beside what is done: the change itself has its own answer.
    if (error instanceof KubeError && error.code !== 'aborted') return [];
    throw error;
  }
};
