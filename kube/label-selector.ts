/** @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/**
 * Whether the apiserver takes a text as a label selector: `team=shop`, `tier in (web, api),!legacy`.
 * @see labels.Parse of k8s.io/apimachinery
 */
export const isLabelSelector = (text: string): boolean =>
  text.split(/,(?![^(]*\))/).every((requirement) => isRequirement(requirement.trim()));

const isRequirement = (text: string): boolean => {
  const set = /^(\S+)\s+(?:in|notin)\s*\(([^()]*)\)$/.exec(text);
  if (set !== null) return isKey(set[1] ?? '') && (set[2] ?? '').split(',').every((value) => isValue(value.trim()));
  const equality = /^([^=!<>\s]+)\s*(?:==|=|!=)\s*(\S*)$/.exec(text);
  if (equality !== null) return isKey(equality[1] ?? '') && isValue(equality[2] ?? '');
  const order = /^([^=!<>\s]+)\s*[<>]\s*(\d+)$/.exec(text);
  return isKey(order?.[1] ?? text.replace(/^!\s*/, ''));
};

const isKey = (key: string): boolean => {
  const slash = key.indexOf('/');
  const prefix = key.slice(0, Math.max(0, slash));
  return NAME.test(key.slice(slash + 1)) && (slash === -1 || (prefix.length <= 253 && PREFIX.test(prefix)));
};

const isValue = (value: string): boolean => value === '' || NAME.test(value);
