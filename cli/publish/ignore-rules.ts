import { globOf } from './glob.js';

/** What a chart's folder holds that is not part of the chart. */
interface IgnoreRules {
  /** @param path - below the chart's folder, with slashes: `templates/app.yaml` */
  ignores(path: string, isFolder: boolean): boolean;
}

/** The rules, or a line for each that can't be used. */
type ParsedRules =
  | { readonly kind: 'ok'; readonly rules: IgnoreRules }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

/** The file in a chart's folder. */
export const IGNORE_FILE = '.helmignore';

interface Rule {
  readonly isNegated: boolean;
  readonly foldersOnly: boolean;
  readonly matches: (path: string) => boolean;
}

/** Helm's own rule for every chart: no hidden files among the templates. */
const ALWAYS = 'templates/.?*';

/**
 * Reads a `.helmignore` as Helm does: a glob in each line; `#` begins a comment; with `/` at its end it fits folders only, with `/` before
 * or within it fits the whole path, else the name in any folder; `!` ignores whatever does not fit. `**` is not supported. Pure.
 * @param text - undefined if the chart has none
 * @see https://helm.sh/docs/chart_template_guide/helm_ignore_file/
 */
export const parseIgnoreRules = (text: string | undefined): ParsedRules => {
  const lines = (text ?? '').replace(/^\ufeff/, '').split(/\r?\n/);
  const written = lines.map((line, index) => ({ line: line.trim(), number: index + 1 }));
  const wanted = written.filter(({ line }) => line !== '' && !line.startsWith('#'));
  const problems: string[] = [];
  const rules = [...wanted, { line: ALWAYS, number: 0 }].flatMap(({ line, number }) => {
    const rule = ruleOf(line);
    if (typeof rule !== 'string') return [rule];
    problems.push(`${IGNORE_FILE}:${number}: ${JSON.stringify(line)} ${rule}`);
    return [];
  });
  if (problems.length > 0) return { kind: 'invalid', problems };
  return { kind: 'ok', rules: { ignores: (path, isFolder) => isIgnored(rules, path, isFolder) } };
};

/** A text: what is wrong with it. */
const ruleOf = (line: string): Rule | string => {
  if (line.includes('**')) return 'has **, which Helm does not support';
  const isNegated = line.startsWith('!');
  const positive = isNegated ? line.slice(1) : line;
  const foldersOnly = positive.endsWith('/');
  const pattern = foldersOnly ? positive.slice(0, -1) : positive;
  const glob = globOf(pattern.replace(/^\//, ''));
  if (glob.kind === 'invalid') return 'is no pattern: a [ is not closed, or nothing follows a \\';
  const matches = pattern.includes('/')
    ? glob.matches
    : (path: string) => glob.matches(path.slice(path.lastIndexOf('/') + 1));
  return { isNegated, foldersOnly, matches };
};

/** The first rule that applies decides, and a negated one that does not fit. */
const isIgnored = (rules: readonly Rule[], path: string, isFolder: boolean): boolean =>
  rules.some(({ isNegated, foldersOnly, matches }) => {
    if (foldersOnly && !isFolder) return isNegated;
    return matches(path) !== isNegated;
  });
