import type { Leaf } from './provenance.js';
import { pathText, type Value, type ValuePath, valuesAt } from './value.js';
import { writeValuesFile } from './write-file.js';

/** How merged values get to werf. It depends on the leaves and not on their order. */
interface Delivery {
  /** `--set=app.debug=true` and `--set-string=app.image=nginx`, sorted by path; as werf is to read them. */
  readonly args: readonly string[];
  /** Text of a file for `--values`; undefined: there is nothing for it. */
  readonly file: string | undefined;
}

/** Most bytes of all arguments together; beyond, all leaves go into the file. Linux allows 128 KiB in one argument and 2 MiB in all. */
export const MAX_ARGUMENT_BYTES = 64 * 1024;

/** Helm's own bound: a name with more dots is an error. */
const MAX_DOTS = 30;

/**
 * Divides leaves between arguments, which everybody who can read the Job sees, and the file, which is in a Secret. A leaf becomes an
 * argument if its value comes from a ConfigMap or the spec, and Helm's `--set` grammar can express it exactly; all others go into the file.
 *
 * Guarantees: werf, which reads the file first and then the arguments, gets exactly these leaves; no value from a Secret is in an
 * argument. No leaf's path is the beginning of another's, so neither part overrides the other.
 */
export const deliveryOf = (leaves: readonly Leaf[]): Delivery => {
  const sorted = leaves
    .map((leaf) => ({ leaf, name: pathText(leaf.path) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ leaf }) => ({ leaf, arg: argumentOf(leaf) }));
  const args = sorted.flatMap(({ arg }) => arg ?? []);
  const bytes = args.reduce((sum, arg) => sum + Buffer.byteLength(arg), 0);
  if (bytes > MAX_ARGUMENT_BYTES) return { args: [], file: fileOf(sorted.map(({ leaf }) => leaf)) };
  return { args, file: fileOf(sorted.flatMap(({ leaf, arg }) => (arg === undefined ? leaf : []))) };
};

const fileOf = (leaves: readonly Leaf[]): string | undefined =>
  leaves.length === 0 ? undefined : writeValuesFile(valuesAt(leaves));

/** The argument that sets just this leaf; undefined if none can, or if it would show a Secret's value. */
const argumentOf = ({ path, value, origin }: Leaf): string | undefined =>
  origin.kind === 'Secret' || !isName(path) ? undefined : setting(pathText(path), value);

/** Helm drops empty keys in silence. */
const isName = (path: ValuePath): boolean =>
  path.length <= MAX_DOTS + 1 && path.every((key) => key !== '' && isArgument(key));

/** A process gets its arguments as C strings. */
const isArgument = (text: string): boolean => !text.includes('\0');

const setting = (name: string, value: Value): string | undefined => {
  if (typeof value === 'string') return isArgument(value) ? `--set-string=${name}=${escaped(value)}` : undefined;
  // Numbers go into the file: --set makes an integer (and a text of a fraction) where a stored release has a floating point number, so werf
  // would find the release's values changed for ever. Lists would need indexes.
  return value === null || typeof value === 'boolean' ? `--set=${name}=${value}` : undefined;
};

/** A brace at the beginning would make a list. */
const escaped = (text: string): string => text.replaceAll(/[\\,]/g, '\\$&').replace(/^\{/, '\\{');
