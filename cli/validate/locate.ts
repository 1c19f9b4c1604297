import { isAlias, isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import type { Position, YamlDocument } from './kubernetes-yaml.js';

/**
 * The position of a field in a document; for a missing field, that of the longest part of its path that exists.
 * @param root - the object that the field belongs to
 * @param field - as the apiserver writes it: `spec.converge.valuesFrom[1].configMapRef.name`
 */
export const locate = (document: YamlDocument, root: Node, field: string): Position =>
  document.positionOf(walk(document, root, field).at.range?.[0] ?? 0);

/** How a field's value, a number or true or false, is written in a document; undefined if it is not there, or is something else. */
export const writtenAt = (document: YamlDocument, root: Node, field: string): string | undefined => {
  const { value, rest } = walk(document, root, field);
  const node = isAlias(value) ? value.resolve(document.content) : value;
  return rest === '' && isScalar(node) && node.type === 'PLAIN' ? node.source : undefined;
};

/** Where a path leads: `at` is the node to point to, `value` what is there, `rest` the part of the path that does not exist. */
const walk = (document: YamlDocument, root: Node, field: string): Step => {
  let reached: Step = { at: root, value: root, rest: field };
  while (reached.rest !== '' && reached.value !== undefined) {
    const step = stepInto(document, reached.value, reached.rest);
    if (step === undefined) break;
    reached = step;
  }
  return reached;
};

/** A step to a deeper field: `at` is the node to point to, the key of a map or the item of a list. */
interface Step {
  readonly at: Node;
  readonly value: Node | undefined;
  readonly rest: string;
}

const stepInto = (document: YamlDocument, node: Node, rest: string): Step | undefined => {
  const here = isAlias(node) ? node.resolve(document.content) : node;
  if (isSeq(here)) {
    const [whole, index] = /^\[(\d+)\]\.?/.exec(rest) ?? [];
    const item = whole === undefined ? undefined : here.items[Number(index)];
    return isYamlNode(item) ? { at: item, value: item, rest: rest.slice(whole?.length) } : undefined;
  }
  if (!isMap(here)) return undefined;
  const steps = here.items.flatMap(({ key, value }): readonly Step[] => {
    if (!isScalar(key)) return [];
    const after = restAfter(String(key.value), rest);
    return after === undefined ? [] : [{ at: key, value: isYamlNode(value) ? value : undefined, rest: after }];
  });
  // A key may contain dots; the longest one that fits is meant.
  return steps.toSorted((one, other) => one.rest.length - other.rest.length)[0] ?? stepIntoMerged(document, here, rest);
};

/** Looks in maps that `<<` merges in; keys of the map itself come first. */
const stepIntoMerged = (document: YamlDocument, map: YAMLMap, rest: string): Step | undefined => {
  const sources = map.items.flatMap(({ key, value }): readonly unknown[] => {
    if (!isScalar(key) || key.source !== '<<') return [];
    return isSeq(value) ? value.items : [value];
  });
  return sources
    .filter(isYamlNode)
    .map((source) => stepInto(document, source, rest))
    .find((step) => step !== undefined);
};

const isYamlNode = (value: unknown): value is Node => isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);

/** The rest of a path after `key`; undefined if the path does not begin with it. */
const restAfter = (key: string, path: string): string | undefined => {
  for (const form of [key, `[${key}]`]) {
    if (path === form) return '';
    if (path.startsWith(`${form}.`)) return path.slice(form.length + 1);
    if (path.startsWith(`${form}[`)) return path.slice(form.length);
  }
  return undefined;
};
