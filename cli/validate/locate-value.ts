import { isMap, isScalar, Scalar } from 'yaml';
import type { Position } from './kubernetes-yaml.js';
import { locate } from './locate.js';
import type { Manifest } from './manifests.js';

/**
 * The position in its file of a key of a ConfigMap or Secret; with `within`, the position in the key's text if the file has that text
 * line for line, as after `|`.
 */
export const locateValue = (manifest: Manifest, key: string, within?: Position): Position | undefined => {
  for (const section of ['stringData', 'data', 'binaryData']) {
    const entries = isMap(manifest.node) ? manifest.node.get(section, true) : undefined;
    const pair = isMap(entries)
      ? entries.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
      : undefined;
    if (pair === undefined) continue;
    const value = isScalar(pair.value) && !isEncoded(manifest, section) ? pair.value : undefined;
    const exact = within === undefined || value === undefined ? undefined : insideOf(manifest, value, within);
    const at = isScalar(pair.key) ? pair.key.range?.[0] : undefined;
    return exact ?? (at === undefined ? undefined : manifest.yaml.positionOf(at));
  }
  return undefined;
};

const isEncoded = ({ kind }: Manifest, section: string): boolean => kind === 'Secret' && section === 'data';

const insideOf = ({ yaml }: Manifest, value: Scalar, within: Position): Position | undefined => {
  const [start, end] = value.range ?? [0, 0];
  const { line, column } = yaml.positionOf(start);
  if (value.type === Scalar.BLOCK_LITERAL) {
    const indent = indentOf(yaml.lines, line);
    return indent === undefined ? undefined : { line: line + within.line, column: indent + within.column };
  }
  const from = yaml.lines[line - 1]?.slice(column - 1, column - 1 + end - start) ?? '';
  // The file has the text unchanged, in one line.
  const quote = value.type === Scalar.PLAIN ? 0 : 1;
  const isPlain = from.length === end - start && from.slice(quote, from.length - quote) === value.value;
  return isPlain && within.line === 1 ? { line, column: column + quote + within.column - 1 } : undefined;
};

/** Spaces before each line of a block; undefined if its header says how many, which is rare. */
const indentOf = (lines: readonly string[], header: number): number | undefined => {
  if (/[|>][-+]?[1-9]/.test(lines[header - 1] ?? '')) return undefined;
  const first = lines.slice(header).find((text) => text.trim() !== '');
  return first === undefined ? undefined : first.length - first.trimStart().length;
};

/** The position of an object itself. */
export const locateManifest = (manifest: Manifest): Position => locate(manifest.yaml, manifest.node, '');
