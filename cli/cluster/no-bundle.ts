import { KubeError } from '../../kube/client.js';
import { NAMESPACES } from '../../kube/resources.js';
import { namesOf } from './bundle-argument.js';
import type { Session } from './session.js';

/** How many namespaces are named. */
const MOST = 5;

/**
 * That there is no bundle, in a line: where others are as far as the user may see, and that the namespace does not exist.
 * @param asked.isFiltered - by labels or fields: others need not fit
 * @throws KubeError when the apiserver could not be asked
 */
export const noBundleText = async (
  session: Session,
  asked: { readonly allNamespaces: boolean; readonly isFiltered: boolean },
): Promise<string> => {
  const fitting = asked.isFiltered ? ' that fits' : '';
  if (asked.allNamespaces) return `No bundle${fitting} in any namespace.\n`;
  const missing = (await isMissing(session)) ? ', which does not exist' : '';
  const others = asked.isFiltered ? '' : await othersText(session);
  return `No bundle${fitting} in namespace ${session.namespace}${missing}${others}.\n`;
};

const othersText = async (session: Session): Promise<string> => {
  const namespaces = [...new Set((await namesOf(session, undefined))?.map(({ namespace }) => namespace))].toSorted();
  const [first] = namespaces;
  if (first === undefined) return '';
  const more = namespaces.length > MOST ? ` and ${namespaces.length - MOST} more` : '';
  return `; there are some in namespace ${namespaces.slice(0, MOST).join(', ')}${more}: give -n ${first}, or -A`;
};

/** Who may not see a namespace does not learn that it is not there. */
const isMissing = async ({ client, namespace, signal }: Session): Promise<boolean> => {
  try {
    return (await client.get(NAMESPACES, { name: namespace }, signal)) === undefined;
  } catch (error) {
    if (error instanceof KubeError && error.code === 'forbidden') return false;
    throw error;
  }
};
