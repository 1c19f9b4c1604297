import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One line of /metrics: `werfbundle_jobs_total{result="Failed"} 2`. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** The samples of a text of /metrics, in order. */
const samplesOf = (text: string): readonly Sample[] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name, labels = '', value] = LINE.exec(line) ?? [];
      if (name === undefined) throw new Error(`no line of /metrics: ${line}`);
      const pairs = [...labels.matchAll(LABEL)].map(([, key = '', text = '']) => [key, text] as const);
      return { name, labels: Object.fromEntries(pairs), value: Number(value) };
    });

/** The value of a series of ours, or of all series of that name together; undefined if there is none. */
export const metricOf = (text: string, name: string, labels: Sample['labels'] = {}): number | undefined => {
  const found = samplesOf(text).filter(
    (sample) =>
      sample.name === `werfbundle_${name}` &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
};

/** What the reference says of our metrics: `werfbundle_jobs_total: result`. Values stand behind a colon there. */
const documented = (): readonly string[] =>
  readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'reference', 'metrics.md'), 'utf8')
    .split('\n')
    .flatMap((row) => [...row.matchAll(/^\| `(werfbundle_\w+)` \| \w+ \| ([^|]*) \| .* \|$/g)])
    .map(([, name = '', labels = '']) =>
      labelled(
        name,
        labels.split(';').flatMap((label) => /^ *`(\w+)`/.exec(label)?.[1] ?? []),
      ),
    );

const labelled = (name: string, labels: readonly string[]): string => `${name}: ${[...labels].sort().join(' ')}`;

/** What is wrong with a text of /metrics, as promtool (if it is there) and the reference see it. */
export const metricFaults = (text: string): readonly string[] => {
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, name = '', type = '']) => [name, type]));
  const helped = new Set([...text.matchAll(/^# HELP (\S+) \S/gm)].map(([, name]) => name));
  const known = documented();
  const samples = samplesOf(text);
  const familyOf = (name: string) => (types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, ''));
  const ours = samples.filter(({ name }) => name.startsWith('werfbundle_'));
  return [
    ...[...types.keys()].filter((name) => !helped.has(name)).map((name) => `${name} has no help`),
    ...[...types]
      .filter(([name, type]) => name.startsWith('werfbundle_') && (type === 'counter') !== name.endsWith('_total'))
      .map(([name, type]) => `${name} is a ${type}`),
    ...samples.filter(({ name }) => !types.has(familyOf(name))).map(({ name }) => `${name} has no type`),
    ...new Set(
      ours
        .map(({ name, labels }) =>
          labelled(
            familyOf(name),
            Object.keys(labels).filter((label) => label !== 'le'),
          ),
        )
        .filter((line) => !known.includes(line))
        .map((line) => `not in docs/reference/metrics.md: ${line}`),
    ),
    ...(ours.length > 400 ? [`there are ${ours.length} series`] : []),
    ...promtoolFaults(text),
  ];
};

const promtoolFaults = (text: string): readonly string[] => {
  const { error, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  // Node's own metrics are named by prom-client.
  return error !== undefined ? [] : `${stdout}${stderr}`.split('\n').filter((line) => /^werfbundle_|^error/.test(line));
};
