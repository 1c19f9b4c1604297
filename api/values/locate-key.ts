import { isMap, isScalar, isSeq, type Node } from 'yaml';
import { parseYaml } from './parse-yaml.js';
import type { Position } from './position.js';

/**
 * Where in a text of values the value at a path is: its key, or the item of a list. Of a path that is not all there it is the last part that
 * is; undefined if not even the first one is there, or the text is none of YAML. What `<<` and aliases bring is where they stand themselves.
 */
export const locateKey = (text: string, path: readonly (string | number)[]): Position | undefined => {
  const yaml = parseYaml(text);
  if (yaml.kind === 'invalid') return undefined;
  let value: Node | null = yaml.root;
  let at: Node | undefined;
  for (const step of path) {
    const found = stepInto(value, step);
    if (found === undefined) break;
    ({ at, value } = found);
  }
  const offset = at?.range?.[0];
  return offset === undefined ? undefined : yaml.positionOf(offset);
};

interface Found {
  readonly at: Node;
  readonly value: Node | null;
}

const stepInto = (node: Node | null, step: string | number): Found | undefined => {
  if (isSeq(node)) {
    const item = node.items[Number(step)] as Node | null | undefined;
    return item ? { at: item, value: item } : undefined;
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
  return pair && { at: pair.key as Node, value: pair.value as Node | null };
};
