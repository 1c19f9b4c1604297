import type { Terminal } from '../terminal.js';
import type { RecordedPlan } from './recorded.js';
import type { PlanEnd } from './run-plan.js';

/** The difference, as `-o json` has it. */
interface DiffReport {
  readonly namespace: string;
  readonly name: string;
  readonly targetNamespace: string;
  readonly tag: string;
  /** `release-only`: no object would change, only the release would be recorded anew. */
  readonly result: 'no-changes' | 'release-only' | 'changes';
  /** `update ConfigMap/app-config, delete Secret/old`; left out if nothing would change, or the log does not say. */
  readonly changes?: string;
  /** What werf said, line by line, without the words for its exit code; what came from a Secret is `***`. */
  readonly log: readonly string[];
  /** What the controller has planned; left out if that is nothing. */
  readonly recorded?: RecordedPlan;
}

/** @param end - of a plan that has not failed */
export const reportOf = (
  of: Pick<DiffReport, 'namespace' | 'name' | 'targetNamespace' | 'tag' | 'recorded'>,
  { result, log }: PlanEnd,
): DiffReport => {
  const lines = withoutExitWords(log);
  const { namespace, name, targetNamespace, tag, recorded } = of;
  const common = { namespace, name, targetNamespace, tag, ...(recorded !== undefined && { recorded }) };
  if (result.kind !== 'changes')
    return { ...common, result: result.kind === 'release-only' ? 'release-only' : 'no-changes', log: lines };
  const { finding } = result;
  return { ...common, result: 'changes', ...(finding.kind === 'objects' && { changes: finding.words }), log: lines };
};

/** By which werf explains its exit code at the end of a plan that went well; "Error" is no news to who asked for a difference. */
const EXIT_WORDS = /\n*^Error: (?:(?:no )?resource )?changes planned\b.*\s*$/m;

const withoutExitWords = (log: string): readonly string[] => {
  const said = log.trimEnd().replace(EXIT_WORDS, '').trimEnd();
  return said === '' ? [] : said.split('\n');
};

/** What werf said, and what it comes to. */
export const reportText = (report: DiffReport, { colors }: Pick<Terminal, 'colors'>): string => {
  const { log, tag, targetNamespace, result, changes } = report;
  const painted = log.map((line) =>
    /^[│ ]*\+ /.test(line) ? colors.green(line) : /^[│ ]*- /.test(line) ? colors.red(line) : line,
  );
  const deploying = `deploying ${tag} to namespace ${targetNamespace} would`;
  const sum = {
    'no-changes': `${deploying} change nothing`,
    'release-only': `${deploying} change no object, and record the release anew`,
    changes: `${deploying} ${changes ?? 'change something'}`,
  }[result];
  return [...painted, ...(painted.length === 0 ? [] : ['']), colors.bold(sum), ''].join('\n');
};
