import { plainLog } from './log-tail.js';

/** More objects than these are counted, not named. */
const NAMED = 5;
/** Longer summaries are cut, characters. */
const LONGEST = 500;

/** The summary of a plan's log. */
export type PlanFinding =
  /** `words`: in one line, by kind and name: `update ConfigMap/app-config, delete Secret/old`, or `create 2, update 8 objects`. */
  | { readonly kind: 'objects'; readonly words: string }
  /** No object would change, but the release would be recorded anew: because of other values, or an earlier failure. */
  | { readonly kind: 'release-only' }
  /** Nothing but what is left out. */
  | { readonly kind: 'each-time' }
  | { readonly kind: 'unsaid' };

/** An object that an apply would change, and the lines of its difference. */
export interface PlannedChange {
  readonly verb: string;
  /** `ConfigMap/seen`, `Job/migrate (namespace=other)` */
  readonly object: string;
  /** What stands behind the object: `, then delete`. */
  readonly rest: string;
  readonly lines: readonly string[];
}

/**
 * What an apply would do, by the log of `werf bundle plan`. Objects are counted if they are too many to be named, or the log's
 * beginning is missing. Their contents are not shown.
 * @param log - redacted already
 * @param isLeftOut - changes that are neither named nor counted
 */
export const planFinding = (log: string, isLeftOut: (change: PlannedChange) => boolean = NONE): PlanFinding => {
  const lines = plainLog(log).split('\n');
  if (lines.some((line) => RELEASE_ONLY.test(line))) return { kind: 'release-only' };
  const all = changesIn(lines);
  const leftOut = new Set(all.filter(isLeftOut));
  const leftOutOf = (verb: string): number => [...leftOut].filter((change) => change.verb === verb).length;
  const counts = lines
    .slice(lines.findLastIndex((line) => SUMMARY.test(line)) + 1)
    .flatMap(countIn)
    .map(({ verb, count }) => ({ verb, count: count - leftOutOf(verb) }))
    .filter(({ count }) => count > 0);
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  const changes = all.filter((change) => !leftOut.has(change)).map(({ verb, object }) => `${verb} ${object}`);
  if (total === 0) return { kind: leftOut.size > 0 ? 'each-time' : 'unsaid' };
  const words =
    changes.length === total && total <= NAMED
      ? changes.join(', ')
      : `${counts.map(({ verb, count }) => `${verb} ${count}`).join(', ')} ${total === 1 ? 'object' : 'objects'}`;
  return { kind: 'objects', words: words.length > LONGEST ? `${words.slice(0, LONGEST).trimEnd()}…` : words };
};

const NONE = () => false;

/*
 * Lines of nelm, werf's engine: those of werf 3.2 and 2.77, and after each `|` those of older versions. All begin a line: indented text,
 * or text after a sign, is an object's content.
 * See https://github.com/werf/nelm/blob/main/pkg/action/release_plan_install.go
 */
export const SUMMARY = /^Planned changes summary\b/;
const RELEASE_ONLY =
  /^(?:No resource changes planned, but still must install|No changes planned, but will create) release "/;
export const COUNT =
  /^- (create|recreate|update|blind apply|blindly apply|delete): (\d{1,9}) (?:resources|resource\(s\))$/;
/**
 * The first line of an object's difference, in a frame (`│`, `┌`) or not: `┌ Update ConfigMap/seen`, `Create Job/x (namespace=y), then delete`.
 * By their codes: in an expression the letters themselves would reach the built program, of which V8 would keep the whole text with two bytes a letter.
 */
export const CHANGE =
  /^(?:(?:\u2502 )*\u250c )?(Create|Recreate|Update|Blind apply|Blindly apply|Delete) ((?:[\w.-]+\/)?[A-Za-z]\w*\/[^\s/,]+(?: \(namespace=[\w.-]+\))?)(?=[\s,]|$)/;

/**
 * Whether there is something that werf could not try out, so that it would apply it without knowing what changes. werf 3.2 writes the reason
 * into a saved plan in a way that it can't read again.
 */
export const appliesBlindly = (log: string): boolean => {
  const lines = plainLog(log).split('\n');
  const summary = lines.slice(lines.findLastIndex((line) => SUMMARY.test(line)) + 1);
  return summary.flatMap(countIn).some(({ verb, count }) => verb.startsWith('blind') && count > 0);
};

const countIn = (line: string): readonly { readonly verb: string; readonly count: number }[] => {
  const [, verb, count] = COUNT.exec(line) ?? [];
  return verb === undefined ? [] : [{ verb, count: Number(count) }];
};

/** The changes of a log, each object once: those of its frames, or of its headings in a log without frames. */
const changesIn = (lines: readonly string[]): readonly PlannedChange[] => {
  const found = new Map<string, PlannedChange & { readonly lines: string[] }>();
  let current: string[] = [];
  for (const line of lines) {
    const [whole = '', verb, object] = CHANGE.exec(line) ?? [];
    if (verb === undefined || object === undefined) {
      if (SUMMARY.test(line)) current = [];
      current.push(line);
      continue;
    }
    current = [];
    const change = { verb: verb.toLowerCase(), object, rest: line.slice(whole.length), lines: current };
    const name = `${change.verb} ${object}`;
    if (!found.has(name)) found.set(name, change);
  }
  return [...found.values()];
};
