import { targetNamespaceOf } from '../../api/names.js';
import type { ObjectRef } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { CommandError } from '../command-error.js';

/**
 * The Job whose log is meant: of the deployment with that number, else the one that runs, else the last one.
 * @throws CommandError if there is none
 */
export const jobOf = (bundle: StoredBundle, number: number | undefined): ObjectRef => {
  const { status = {} } = bundle;
  const namespace = status.resolvedTargetNamespace ?? targetNamespaceOf(bundle);
  const { deployment, history = [] } = status;
  const byNumber = [...(deployment === undefined ? [] : [deployment]), ...history];
  const name =
    number === undefined
      ? (status.activeJobName ?? status.lastJobName ?? deployment?.jobName)
      : byNumber.find((one) => one.number === number)?.jobName;
  if (name !== undefined && name !== '') return { namespace, name };
  throw new CommandError([number === undefined ? nothingYet(bundle) : unknownNumber(bundle, number)]);
};

const titleOf = ({ metadata }: StoredBundle): string => `WerfBundle ${metadata.namespace}/${metadata.name}`;

const nothingYet = (bundle: StoredBundle): string => {
  const message = bundle.status?.conditions?.[0]?.message;
  return `${titleOf(bundle)} has had no Job yet${message === undefined ? '' : `: ${message}`}`;
};

const unknownNumber = (bundle: StoredBundle, number: number): string => {
  const numbers = (bundle.status?.history ?? []).map((one) => one.number);
  const known = numbers.length === 0 ? 'none is known' : `known are ${numbers.join(', ')}`;
  return `${titleOf(bundle)} has no deployment ${number} with a Job; ${known} (werfbundle history ${bundle.metadata.name} -n ${bundle.metadata.namespace})`;
};
