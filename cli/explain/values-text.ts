import { count } from '../../api/count.js';
import { oneLine } from '../output/wrap.js';
import type { SourceRow, ValueRow, ValueSource, ValuesExplanation } from './explanation.js';
import { cut, valueText } from './layout.js';

/** Values that are shown; `--values` has all. */
const SHOWN = 15;
/** Stands for what comes from a Secret. */
export const MASK = '***';

/** `ConfigMap ops/settings, key "values.yaml"` */
export const sourceText = ({ kind, namespace, name, key }: ValueSource): string =>
  kind === 'spec' ? 'spec.converge.values' : `${kind} ${namespace}/${name}, key ${JSON.stringify(key)}`;

/** Lines of the values, by their sources; each with its depth. @param width - letters in a line */
export const valuesLines = (
  { rows, count: total }: ValuesExplanation,
  width: number,
): readonly { readonly depth: number; readonly text: string }[] => {
  const groups = new Map<string, ValueRow[]>();
  for (const row of rows.slice(0, SHOWN)) {
    const name = sourceText(row.source);
    const same = groups.get(name);
    if (same === undefined) groups.set(name, [row]);
    else same.push(row);
  }
  const shown = rows.slice(0, SHOWN).reduce((sum, { hidden = 1 }) => sum + hidden, 0);
  return [
    ...[...groups].flatMap(([name, same]) => [
      { depth: 0, text: name },
      ...same.flatMap((row) => rowLines(row, width)),
    ]),
    ...(total > shown ? [{ depth: 0, text: `and ${total - shown} more: --values` }] : []),
  ];
};

const rowLines = (row: ValueRow, width: number) => {
  const { path, value, hidden = 0, overrides } = row;
  if (path === undefined)
    return [
      {
        depth: 1,
        text: `${MASK} (${count(hidden, 'value')}, whose ${hidden === 1 ? 'name is' : 'names are'} the Secret's, too)`,
      },
    ];
  const name = cut(oneLine(path), Math.floor(width / 2));
  const shown = value === undefined ? MASK : valueText(value, Math.max(20, width - name.length - 3));
  return [
    { depth: 1, text: `${name} = ${shown}` },
    ...overrides.map((source) => ({ depth: 2, text: `instead of that of ${sourceText(source)}` })),
  ];
};

/** What is to be said of sources, beside their values. */
export const sourceNotes = ({ sources, encryptionKey }: ValuesExplanation): readonly string[] => [
  ...sources.filter(({ state }) => state !== 'used').map(sourceNote),
  ...(encryptionKey === undefined ? [] : [keyNote(encryptionKey)]),
];

const sourceNote = ({ source, state, why }: SourceRow): string => {
  if (state === 'unreadable') return `${source} ${why}: its values are not among these, and may come before them`;
  return `${source} does not exist${state === 'left-out' ? ', and is optional' : ''}`;
};

const keyNote = ({ source, state, why }: SourceRow): string => {
  if (state === 'used') return `what the chart has encrypted is read by ${source}`;
  return state === 'unreadable'
    ? `the key for what the chart has encrypted: ${why}`
    : `the key for what the chart has encrypted is not there: ${source}`;
};
