import { isMap, isSeq, type Node } from 'yaml';
import type { ProblemCode } from '../api/problem.js';
import { isMap as isJsonMap, valueAt } from '../api/schema-node.js';
import { validateBundle } from '../api/validate.js';
import { API_VERSION, GROUP, KIND, type WerfBundle } from '../api/werfbundle.js';
import { type Position, parseYaml, type YamlDocument } from './kubernetes-yaml.js';
import { locate } from './locate.js';
import { unknownFields } from './unknown-fields.js';

/** One thing to tell about a document. `field` is '' for a document that can't be read. */
export interface Finding extends Position {
  readonly severity: 'error' | 'warning';
  readonly code: ProblemCode | 'SyntaxError' | 'UnknownField' | 'Warning';
  readonly field: string;
  readonly message: string;
}

/** What is said about one bundle of a file. */
export interface Result {
  readonly file: string;
  /** From 1; several bundles of one List share it. */
  readonly document: number;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly verdict: 'allow' | 'warn' | 'deny';
  readonly problems: readonly Finding[];
}

/** Judges all bundles of a file's text. Documents of other kinds are not judged; what can't be read is denied. Never throws. */
export function judgeText(file: string, text: string): readonly Result[] {
  return parseYaml(text).flatMap((document, index) => {
    const about = { file, document: index + 1 };
    if (document.faults.length > 0) return [unreadable(about, document.faults)];
    let value: unknown;
    try {
      value = document.content.toJS();
    } catch (error) {
      // More aliases than a document written by hand has.
      return [
        unreadable(about, [{ line: 1, column: 1, message: error instanceof Error ? error.message : String(error) }]),
      ];
    }
    const { contents } = document.content;
    return objectsOf(value, contents).map((object) => judgeObject(about, document, object));
  });
}

type About = Pick<Result, 'file' | 'document'>;

const unreadable = (about: About, faults: YamlDocument['faults']): Result => ({
  ...about,
  kind: '',
  name: '',
  namespace: '',
  verdict: 'deny',
  problems: faults.map((fault) => ({ severity: 'error', code: 'SyntaxError', field: '', ...fault })),
});

/** An object of our kind, and where it stands. */
interface Found {
  readonly value: unknown;
  readonly node: Node;
}

/** The bundles of a document: itself, or the items of a List. */
function objectsOf(value: unknown, node: Node | null): readonly Found[] {
  const kind = valueAt(value, 'kind');
  if (!isJsonMap(value) || node === null) return [];
  if (kind === KIND) return String(valueAt(value, 'apiVersion')).startsWith(`${GROUP}/`) ? [{ value, node }] : [];
  if (typeof kind !== 'string' || !kind.endsWith('List') || !isMap(node)) return [];
  const [items, nodes] = [valueAt(value, 'items'), node.get('items', true)];
  if (!Array.isArray(items) || !isSeq(nodes)) return [];
  return items.flatMap((item: unknown, index) => objectsOf(item, (nodes.items[index] as Node | undefined) ?? null));
}

function judgeObject(about: About, document: YamlDocument, { value, node }: Found): Result {
  const text = (...path: readonly string[]): string => {
    const found = valueAt(value, ...path);
    return typeof found === 'string' ? found : '';
  };
  const problems = findingsOf(value).map((finding) => ({ ...finding, ...locate(document, node, finding.field) }));
  return {
    ...about,
    kind: KIND,
    name: text('metadata', 'name') || text('metadata', 'generateName'),
    namespace: text('metadata', 'namespace'),
    verdict: verdictOf(problems),
    problems,
  };
}

function findingsOf(value: unknown): readonly Omit<Finding, keyof Position>[] {
  if (valueAt(value, 'apiVersion') !== API_VERSION) {
    const message = `Unsupported value: supported values: "${API_VERSION}"`;
    return [{ severity: 'error', code: 'FieldValueNotSupported', field: 'apiVersion', message }];
  }
  // validateBundle takes anything for a bundle.
  const { problems, warnings } = validateBundle(value as WerfBundle);
  return [
    ...unknownFields(value).map((field) => ({ severity: 'error' as const, code: 'UnknownField' as const, ...field })),
    ...problems.map((problem) => ({ severity: 'error' as const, ...problem })),
    ...warnings.map((warning) => ({ severity: 'warning' as const, code: 'Warning' as const, ...warning })),
  ];
}

const verdictOf = (problems: readonly Finding[]): Result['verdict'] => {
  if (problems.some(({ severity }) => severity === 'error')) return 'deny';
  return problems.length > 0 ? 'warn' : 'allow';
};
