import { isMap, valueAt } from '../json-map.js';
import type { Violation } from '../json-schema/violation.js';
import { wordsOf } from '../json-schema/words.js';
import type { Warning } from '../problem.js';
import type { RuleName } from '../rules.js';
import type { ValuesProblem } from '../values/problem.js';
import type { Leaf } from '../values/provenance.js';
import type { ResolveInput } from '../values/resolve.js';
import type { Chart } from './chart.js';
import { SCHEMA_FILE } from './chart-files.js';
import { type ChartFinding, judgeChartValues } from './judge-chart-values.js';
import { placeOf, type ValuePlace } from './value-place.js';

/** A bundle's values, as `resolveValues` has them. */
interface GivenValues {
  readonly values: Readonly<Record<string, unknown>>;
  readonly leaves: readonly Leaf[];
  /** What they were resolved from, which knows where each stands. */
  readonly input: ResolveInput;
}

/** A fault of values in the eyes of a chart. */
export interface ChartProblem extends ValuesProblem {
  /** Where the value comes from that is refused; left out if the fault is that of no value. */
  readonly place?: ValuePlace['kind'];
}

/** What is wrong with values, and what could not be judged. Nothing of a Secret's contents is in it. */
interface ChartProblems {
  readonly problems: readonly ChartProblem[];
  readonly warnings: readonly Warning[];
}

const INLINE = 'spec.converge.values';
/** The most problems that are told: nobody reads more. */
const MAX_PROBLEMS = 50;
/** Longer values are cut, characters. */
const MAX_SHOWN = 60;

/** What Helm would refuse of a bundle's values for the schemas of a chart, each with the source and the line that it comes from. */
export const chartProblems = (chart: Chart, given: GivenValues): ChartProblems => {
  const { findings, values } = judgeChartValues(chart, given.values);
  const told = findings.filter(({ kind }) => kind !== 'too-costly');
  const problems = told.slice(0, MAX_PROBLEMS).map((finding) => problemOf(finding, { chart, given, merged: values }));
  const rest = told.length - problems.length;
  const more =
    rest > 0 ? [asProblem('values-more', INLINE, '"object"', `and ${rest} more that the chart refuses`)] : [];
  const costly = findings.flatMap(({ kind, chart: { folder } }) => (kind === 'too-costly' ? [tooCostly(folder)] : []));
  return { problems: [...problems, ...more], warnings: costly };
};

const tooCostly = (folder: string): Warning => ({
  rule: 'chart-not-judged',
  field: INLINE,
  message: `not judged by ${folder}${SCHEMA_FILE} of the chart: it takes too long`,
});

interface About {
  readonly chart: Chart;
  readonly given: GivenValues;
  /** With the chart's defaults. */
  readonly merged: unknown;
}

const problemOf = (finding: ChartFinding, about: About): ChartProblem => {
  const { chart } = finding;
  switch (finding.kind) {
    case 'violation':
      return violationOf(finding, finding.violation, about);
    case 'no-map':
      return noMap(finding.keys, about);
    case 'unusable': {
      const { pointer, words } = finding.fault;
      const text = `${chart.folder}${SCHEMA_FILE} of chart ${about.chart.name} can\u2019t be used, so that Helm refuses all values: ${pointer === '' ? '' : `${pointer}: `}${words}`;
      return asProblem('chart-schema-unusable', INLINE, '"object"', text);
    }
    case 'too-costly':
      throw new Error('that is a warning');
  }
};

const noMap = (keys: readonly string[], about: About): ChartProblem => {
  const steps = keys.map((key) => ({ key, isNamed: true }));
  return told('values-unlike-schema', steps, {
    ...about,
    words: () => 'a map is needed, since these are the values of a chart within',
  });
};

const violationOf = ({ keys, chart }: ChartFinding, violation: Violation, about: About): ChartProblem => {
  const steps = [...keys.map((key) => ({ key, isNamed: true })), ...violation.at];
  const schema = `${chart.folder}${SCHEMA_FILE} of chart ${about.chart.name}, ${violation.pointer === '' ? 'at its top' : violation.pointer}`;
  const words = (isSecret: boolean): string => `${wordsOf(violation, { isSecret })} (${schema})`;
  return told('values-unlike-schema', steps, { ...about, words });
};

interface Told extends About {
  readonly words: (isSecret: boolean) => string;
}

const told = (rule: RuleName, steps: Violation['at'], { chart, given, merged, words }: Told): ChartProblem => {
  const path = steps.map(({ key }) => key);
  const place = placeOf(path, { given: given.leaves, input: given.input, chart });
  // What nobody seems to have given is shown no more than a secret.
  const isSecret = place.kind === 'nowhere' || (place.kind === 'source' && place.source.kind === 'Secret');
  const known = steps.map(({ key, isNamed }, n) =>
    isNamed || !isSecret || hasDefault(chart, path.slice(0, n + 1)) ? key : '…',
  );
  const what = dotted(known);
  const sentence = `${what === '' ? '' : `${what}: `}${words(isSecret)}`;
  if (place.kind !== 'source') {
    const before = place.kind === 'default' ? `${defaultText(place)}: ` : '';
    const field = what === '' ? INLINE : `${INLINE}${what.startsWith('[') ? '' : '.'}${what}`;
    return {
      ...asProblem(
        rule,
        field,
        place.kind === 'nowhere' ? '"object"' : shown(valueAt(merged, ...path)),
        `${before}${words(isSecret)}`,
      ),
      text: `${field}: ${before}${words(isSecret)}`,
      place: place.kind,
    };
  }
  const { source, field, key, position } = place;
  const { kind, namespace, name } = source;
  const where = position === undefined ? '' : `line ${position.line}, column ${position.column}: `;
  return {
    ...asProblem(
      rule,
      field,
      JSON.stringify(name),
      `key ${JSON.stringify(key)} of ${kind} ${namespace}/${name}: ${where}${sentence}`,
    ),
    place: 'source',
    source: { kind, namespace, name },
    key,
    ...(position !== undefined && { position }),
  };
};

const defaultText = ({ file, position }: Extract<ValuePlace, { kind: 'default' }>): string =>
  `the chart\u2019s own default (${file}, line ${position.line}, column ${position.column})`;

/** What a chart has by itself is no secret. */
const hasDefault = (chart: Chart, path: readonly (string | number)[]): boolean => {
  const within = chart.subcharts.find(({ name }) => name === path[0]);
  return (
    valueAt(chart.defaults.values, ...path) !== undefined || (within !== undefined && hasDefault(within, path.slice(1)))
  );
};

/** A path as the apiserver writes it: `ingress.hosts[0].name`. */
const dotted = (path: readonly (string | number)[]): string =>
  path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? key : `${text}.${key}`;
  }, '');

/** A value as the apiserver shows it in a message. */
const shown = (value: unknown): string => {
  if (value === undefined || isMap(value)) return '"object"';
  if (Array.isArray(value)) return '"array"';
  const text = JSON.stringify(value);
  return text.length <= MAX_SHOWN ? text : `${JSON.stringify(String(value).slice(0, MAX_SHOWN))}…`;
};

/** @param value - as a message shows it */
const asProblem = (rule: RuleName, field: string, value: string, text: string): ValuesProblem => ({
  rule,
  code: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${value}: ${text}`,
  text,
});
