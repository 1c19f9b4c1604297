import { isMap, isSeq, Lexer, type Node } from 'yaml';
import { isMap as isJsonMap, type JsonMap, valueAt } from '../../api/json-map.js';
import type { RuleName } from '../../api/rules.js';
import { isTooDeep } from '../../api/values/deliverable.js';
import { mayEndStack } from '../../api/values/nesting.js';
import type { Input } from './inputs.js';
import { type Position, parseYaml, type YamlDocument, type YamlFault } from './kubernetes-yaml.js';

/** A Kubernetes object, and its position. Only apiVersion and kind are known to be texts; '' for one that is missing. */
export interface Manifest {
  readonly file: string;
  /** From 1; the items of a List share it. */
  readonly document: number;
  readonly apiVersion: string;
  readonly kind: string;
  readonly value: JsonMap;
  readonly node: Node;
  readonly yaml: YamlDocument;
}

/** A document that can't be read. */
export interface Unreadable {
  readonly file: string;
  readonly document: number;
  readonly fault: Position & { readonly rule: RuleName; readonly message: string };
}

/** The contents of a file, in its order. */
export interface Manifests {
  readonly objects: readonly Manifest[];
  readonly unreadable: readonly Unreadable[];
}

/** Reads the Kubernetes objects of a file, those in Lists too; other documents are left out. Never throws. */
export const manifestsIn = ({ name: file, text, unreadable: why }: Input): Manifests => {
  if (why !== undefined) return asAWhole(file, 'not-text', `the file ${why}`);
  if (mayEndStack(text) && mayEndStack(structureOf(text))) return asAWhole(file, 'not-yaml', TOO_DEEP);
  const objects: Manifest[] = [];
  const unreadable: Unreadable[] = [];
  for (const [index, yaml] of parseYaml(text).entries()) {
    const about = { file, document: index + 1 };
    const value = yaml.fault === undefined ? jsonOf(yaml) : undefined;
    if (value?.kind === 'value') objects.push(...objectsOf(value.value, yaml.content.contents, { ...about, yaml }));
    else {
      const refused =
        value?.kind === 'refused' ? { code: 'ALIASES', message: value.reason, ...startOf(yaml) } : undefined;
      const fault = refused ?? yaml.fault;
      const rule = refused === undefined ? 'not-yaml' : 'unbounded-aliases';
      if (fault !== undefined)
        unreadable.push({ ...about, fault: { rule, ...(mentionsSecret(text) ? withoutText(fault) : fault) } });
    }
  }
  return { objects, unreadable };
};

const TOP: Position = { line: 1, column: 1 };
/** Far more than any object has; an apiserver would take some more. */
const MAX_DEPTH = 400;
const TOO_MANY_ALIASES = 'has more aliases (*name) than anybody writes by hand';
const TOO_DEEP = `is nested more than ${MAX_DEPTH} levels deep`;

const startOf = ({ content, positionOf }: YamlDocument): Position => positionOf(content.contents?.range?.[0] ?? 0);

const asAWhole = (file: string, rule: RuleName, message: string): Manifests => ({
  objects: [],
  unreadable: [{ file, document: 1, fault: { rule, message, ...TOP } }],
});

/** The beginning of a text in quotes, of a comment, or of what the lexer itself says. */
const SCALAR = /^(['"#]|(?![\n\r\t])\p{Cc})/u;

/** A text without the contents of its scalars, whose brackets mean nothing. */
const structureOf = (text: string): string => {
  let isScalar = false;
  let structure = '';
  for (const token of new Lexer().lex(text)) {
    const before = isScalar;
    // The lexer announces a scalar without quotes by this character.
    isScalar = token === '\u001f';
    structure += before || SCALAR.test(token) ? 'x' : token;
  }
  return structure;
};

type Json = { readonly kind: 'value'; readonly value: unknown } | { readonly kind: 'refused'; readonly reason: string };

const jsonOf = ({ content }: YamlDocument): Json => {
  try {
    const value: unknown = content.toJS();
    // An anchor may contain itself, which JSON can't express.
    JSON.stringify(value);
    return isTooDeep(value, MAX_DEPTH) ? { kind: 'refused', reason: TOO_DEEP } : { kind: 'value', value };
  } catch (error) {
    // Aliases can nest without end, too.
    if (error instanceof RangeError) return { kind: 'refused', reason: TOO_DEEP };
    if (error instanceof TypeError) return { kind: 'refused', reason: 'an anchor contains itself' };
    const words = error instanceof Error ? error.message : String(error);
    return { kind: 'refused', reason: words.startsWith('Excessive alias count') ? TOO_MANY_ALIASES : words };
  }
};

/**
 * Whether a text that can't be read may hold a Secret: then nothing of it is quoted. Names of fields, like `secretRef`, do not
 * count.
 */
export const mentionsSecret = (text: string): boolean => /\bSecret\b|\bstringData\b|\bsecretGenerator\b/.test(text);

const withoutText = ({ code, line, column }: YamlFault) => ({
  line,
  column,
  message: `is no YAML (${code.toLowerCase().replaceAll('_', ' ')}); nothing is quoted of a file that holds a Secret`,
});

type From = Pick<Manifest, 'file' | 'document' | 'yaml'>;

/** The objects of a document: itself, or the items of a List. An item of a list of one kind need not say its own. */
const objectsOf = (value: unknown, node: Node | null, from: From, inherited?: Inherited): readonly Manifest[] => {
  if (!isJsonMap(value) || node === null) return [];
  const { apiVersion = '', kind = '' } = { ...inherited, ...given(value) };
  if (apiVersion === '' && kind === '') return [];
  if (!kind.endsWith('List') || !Array.isArray(value['items'])) {
    return [{ ...from, apiVersion, kind, value: { ...value, apiVersion, kind }, node }];
  }
  const nodes = isMap(node) ? node.get('items', true) : undefined;
  if (!isSeq(nodes)) return [];
  const itemKind = kind.slice(0, -'List'.length);
  const passedOn = itemKind === '' ? undefined : { apiVersion, kind: itemKind };
  return value['items'].flatMap((item: unknown, index) =>
    objectsOf(item, (nodes.items[index] as Node | undefined) ?? null, from, passedOn),
  );
};

interface Inherited {
  readonly apiVersion?: string;
  readonly kind?: string;
}

const given = (value: JsonMap): Inherited => ({
  ...(typeof value['apiVersion'] === 'string' && { apiVersion: value['apiVersion'] }),
  ...(typeof value['kind'] === 'string' && { kind: value['kind'] }),
});

/** A text of the object, or '' where it has none. */
export const textAt = ({ value }: Pick<Manifest, 'value'>, ...path: readonly string[]): string => {
  const found = valueAt(value, ...path);
  return typeof found === 'string' ? found : '';
};
