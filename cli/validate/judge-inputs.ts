import { RULES } from '../../api/rules.js';
import { bundlesAmong } from './bundle-manifest.js';
import { InputObjects } from './input-objects.js';
import { inputSource } from './input-source.js';
import { type Input, isMeantAsManifest } from './inputs.js';
import { type JudgeDeps, judgeBundle } from './judge-bundle.js';
import { type Manifests, manifestsIn, type Unreadable } from './manifests.js';
import type { ObjectSource } from './object-source.js';
import type { Result } from './result.js';

/** The results for all inputs. */
export interface Judgement {
  readonly results: readonly Result[];
  /** Files of folders that are no YAML, and are not meant to be. */
  readonly skipped: readonly string[];
}

export interface JudgeOptions extends Omit<JudgeDeps, 'source' | 'lossy'> {
  /** For objects that name none. */
  readonly namespace: string;
  /** What to judge against; the input alone, if left out. */
  readonly sourceOf?: (objects: InputObjects) => ObjectSource;
  /** Called before each bundle. */
  readonly onBundle?: (number: number, of: number) => Promise<void>;
}

/** Judges all bundles of the inputs, in their order. Documents of other kinds are not judged; what can't be read is denied. */
export const judgeInputs = async (inputs: readonly Input[], options: JudgeOptions): Promise<Judgement> => {
  const read = inputs.map((input) => ({ input, ...manifestsIn(input) }));
  const bundles = bundlesAmong(
    read.flatMap(({ objects }) => objects),
    options.namespace,
  );
  const objects = new InputObjects(
    read.flatMap((file) => file.objects),
    options.namespace,
  );
  const source = options.sourceOf?.(objects) ?? inputSource(objects, bundles);
  const lossy = new Set(inputs.filter(({ isLossy }) => isLossy).map(({ name }) => name));
  const judged = new Map<string, Result[]>();
  for (const [index, bundle] of bundles.entries()) {
    await options.onBundle?.(index + 1, bundles.length);
    const result = await judgeBundle({ ...options, source, lossy }, bundle);
    const ofFile = judged.get(bundle.file);
    if (ofFile === undefined) judged.set(bundle.file, [result]);
    else ofFile.push(result);
  }
  const isReported = (file: (typeof read)[number]): boolean =>
    file.unreadable.length > 0 && isMeantAsManifest(file.input);
  return {
    results: read.flatMap((file) =>
      inOrder(isReported(file) ? file.unreadable : [], judged.get(file.input.name) ?? []),
    ),
    skipped: read.filter((file) => file.unreadable.length > 0 && !isReported(file)).map(({ input }) => input.name),
  };
};

/** The results for one file, in the order of its documents. */
const inOrder = (unreadable: Manifests['unreadable'], judged: readonly Result[]): readonly Result[] =>
  [...judged, ...unreadable.map(unreadableResult)].toSorted((one, other) => one.document - other.document);

const unreadableResult = ({ file, document, fault: { rule, message, line, column } }: Unreadable): Result => ({
  file,
  document,
  kind: '',
  name: '',
  namespace: '',
  verdict: 'deny',
  problems: [{ rule: RULES[rule].id, severity: 'error', code: 'SyntaxError', field: '', message, line, column }],
  unresolved: [],
});
