import type { KubeObject } from '../../api/objects.js';
import type { ListOptions } from '../../kube/client.js';

type Labels = Readonly<Record<string, string>>;

/** Whether a list or watch with these options holds the object. Selectors as the apiserver reads them. */
export const selects = (options: ListOptions, object: KubeObject): boolean =>
  (options.namespace === undefined || object.metadata.namespace === options.namespace) &&
  requirements(options.labelSelector).every((text) => labelsFit(text, object.metadata.labels ?? {})) &&
  requirements(options.fieldSelector).every((text) => fieldFits(text, object));

/** Splits at commas outside of brackets. */
const requirements = (selector = ''): readonly string[] =>
  selector.split(/,(?![^(]*\))/).flatMap((text) => (text.trim() === '' ? [] : [text.trim()]));

const labelsFit = (text: string, labels: Labels): boolean => {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const value = labels[key];
    const inside = value !== undefined && list.split(',').some((item) => item.trim() === value);
    return operator === 'in' ? inside : !inside;
  }
  const equality = /^([^=!\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(text);
  if (equality !== null) {
    const [, key = '', operator, value] = equality;
    return operator === '!=' ? labels[key] !== value : labels[key] === value;
  }
  return text.startsWith('!') ? labels[text.slice(1).trim()] === undefined : labels[text] !== undefined;
};

const fieldFits = (text: string, object: KubeObject): boolean => {
  const [, path = '', operator, value = ''] = /^([^=!]+)(==|=|!=)(.*)$/.exec(text) ?? [];
  const found = path
    .split('.')
    .reduce<unknown>((node, key) => (node as Readonly<Record<string, unknown>> | undefined)?.[key], object);
  const same = String(found ?? '') === value;
  return operator === '!=' ? !same : same;
};
