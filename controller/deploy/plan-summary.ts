import { plainLog } from './log-tail.js';

/** More objects than these are counted, not named. */
const NAMED = 5;
/** Longer words are cut. */
const LONGEST = 500;

/**
 * What a plan would do, of the log of `werf bundle plan`, in one line: `update ConfigMap/app-config, delete Secret/old`, or
 * `create 2, update 8 objects` where they are too many, or the log's beginning is missing.
 * @param log - redacted already
 * @returns undefined if the log does not say
 */
export const planSummary = (log: string): string | undefined => {
  const lines = plainLog(log).split('\n');
  if (lines.some((line) => RELEASE_ONLY.test(line))) return 'change no object, but record the release anew';
  const counts = lines.slice(lines.findLastIndex((line) => SUMMARY.test(line)) + 1).flatMap(countIn);
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  const changes = [...new Set(lines.flatMap(changeIn))];
  if (total === 0) return undefined;
  const told =
    changes.length === total && total <= NAMED
      ? changes.join(', ')
      : `${counts.map(({ verb, count }) => `${verb} ${count}`).join(', ')} ${total === 1 ? 'object' : 'objects'}`;
  return told.length > LONGEST ? `${told.slice(0, LONGEST).trimEnd()}…` : told;
};

/*
 * The words of nelm, werf's engine, in its versions so far.
 * See https://github.com/werf/nelm/blob/main/internal/plan/log_planned_changes.go
 */
const SUMMARY = /^\W*Planned changes summary\b/;
const RELEASE_ONLY = /^\W*No changes planned, but will create release\b/;
const COUNT = /^\W*(create|recreate|update|blind(?:ly)? apply|delete): (\d{1,9}) resource\(s\)/;
/** A line that heads the difference of one object: `Update Deployment/backend`, in a frame or not. */
const CHANGE =
  /^[^\w+-]*(Create|Recreate|Update|Blind(?:ly)? apply|Delete) ((?:[\w.-]+\/)?[A-Za-z]\w*\/[^\s/]+)(?:\s|$)/;

const countIn = (line: string): readonly { readonly verb: string; readonly count: number }[] => {
  const [, verb, count] = COUNT.exec(line) ?? [];
  return verb === undefined ? [] : [{ verb, count: Number(count) }];
};

const changeIn = (line: string): readonly string[] => {
  const [, verb = '', object] = CHANGE.exec(line) ?? [];
  return object === undefined ? [] : [`${verb.toLowerCase()} ${object}`];
};
