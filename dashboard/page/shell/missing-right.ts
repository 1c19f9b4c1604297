import type { MissingRight } from '../../protocol.js';

const resourceOf = ({ resource, group }: MissingRight): string => {
  const [name = '', subresource] = resource.split('/');
  const whole = group === '' ? name : `${name}.${group}`;
  return subresource === undefined ? whole : `${whole}/${subresource}`;
};

/** `list events.events.k8s.io in namespace ops`, `watch werfbundles.werf.io in all namespaces` */
export const rightInWords = (right: MissingRight): string =>
  `${right.verb} ${resourceOf(right)} in ${right.namespace === undefined ? 'all namespaces' : `namespace ${right.namespace}`}`;

/** The command that says whether the right is there. */
export const canICommand = (right: MissingRight): string => {
  const [, subresource] = right.resource.split('/');
  const what = resourceOf(right).replace(/\/.*/, '');
  const sub = subresource === undefined ? '' : ` --subresource=${subresource}`;
  const where = right.namespace === undefined ? '--all-namespaces' : `-n ${right.namespace}`;
  return `kubectl auth can-i ${right.verb} ${what}${sub} ${where}`;
};
