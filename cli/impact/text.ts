import { impactText } from '../../api/impact/words.js';
import { folded } from '../output/fold.js';
import { type Column, Table } from '../output/table.js';
import type { Terminal } from '../terminal.js';
import type { ObjectImpact, Report, Row } from './report.js';

/** `ConfigMap ops/platform` */
export const objectText = ({ kind, namespace, name }: Pick<ObjectImpact, 'kind' | 'namespace' | 'name'>): string =>
  `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;

/** For people: each object with what it does, and to whom. */
export const reportText = (report: Report, terminal: Terminal): string =>
  report.objects.map((object) => objectTextOf(object, terminal)).join('\n');

const objectTextOf = (object: ObjectImpact, { colors, columns }: Terminal): string => {
  const sentence = folded(
    `${colors.bold(objectText(object))} ${impactText({ outcomes: object.bundles.map(({ effect }) => effect), namespaces: object.namespaces })}`,
    { columns, indent: 2 },
  );
  if (object.bundles.length === 0) return `${sentence}\n`;
  return `${sentence}\n${new Table(columnsOf(colors), { headers: true, columns }).print(object.bundles)}`;
};

const columnsOf = (colors: Terminal['colors']): readonly Column<Row>[] => [
  { name: 'NAMESPACE', of: ({ namespace }) => namespace },
  { name: 'NAME', of: ({ name }) => name },
  {
    name: 'EFFECT',
    of: ({ effect }) => effect,
    color: (text, { effect }) =>
      effect === 'blocked' || effect === 'uninstalls' || effect === 'deleted' ? colors.red(text) : colors.yellow(text),
  },
  { name: 'WHY', of: ({ why }) => why },
];
