import { FINALIZER } from '../../api/finalizer.js';
import { printable } from '../output/printable.js';
import { wrap } from '../output/wrap.js';
import type { Item } from './found.js';
import type { Plan } from './plan.js';

/** `Deployment ops/werfbundle-controller`, in one line: names of RBAC's objects may hold line ends. */
export const nameOf = ({ type, metadata }: Item): string =>
  printable(`${type.kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`);

/** The plan for people, before anything is done. @param how.columns - letters in a line; undefined: of any length */
export const planText = (
  plan: Plan,
  how: { readonly bundlesWithCrd: number; readonly columns: number | undefined },
): string => {
  const { bundlesWithCrd, columns } = how;
  const names = [
    ...[...plan.webhooks, ...plan.processes].map(nameOf),
    ...plan.released.map(
      ({ metadata }) => `finalizer ${FINALIZER} of WerfBundle ${metadata.namespace}/${metadata.name}`,
    ),
    ...[...plan.rest, ...plan.work].map(nameOf),
    ...(plan.crd === undefined ? [] : [`${nameOf(plan.crd)}, and with it ${counted(bundlesWithCrd)}`]),
    ...plan.namespaces.map(nameOf),
  ];
  const waits = plan.dismissals.map(({ metadata }) => `  WerfBundle ${metadata.namespace}/${metadata.name}`);
  return [
    ...(waits.length === 0 ? [] : ['Waited for first, until their releases are uninstalled:', ...waits]),
    ...(names.length === 0 ? [] : ['Deleted, in this order:', ...names.map((name) => `  ${name}`)]),
    ...(plan.notes.length === 0
      ? []
      : ['To know:', ...plan.notes.map((note) => `  ${wrap(note, { columns, indent: 2 })}`)]),
    '',
  ].join('\n');
};

const counted = (bundles: number): string => (bundles === 1 ? 'one WerfBundle' : `${bundles} WerfBundles`);
