import { count } from '../explain/layout.js';
import { folded } from '../output/fold.js';
import { type Column, Table } from '../output/table.js';
import type { Terminal } from '../terminal.js';
import type { ObjectImpact, Outcome, Report, Row } from './report.js';

/** What each effect on some bundles is called in a sentence about an object. */
const VERBS: readonly (readonly [Outcome, (bundles: string) => string])[] = [
  ['deploys', (bundles) => `deploys ${bundles}`],
  ['may-deploy', (bundles) => `may deploy ${bundles}`],
  ['unblocked', (bundles) => `lets ${bundles} be deployed again`],
  ['blocked', (bundles) => `keeps ${bundles} from being deployed`],
  ['uninstalls', (bundles) => `uninstalls ${bundles}`],
  ['deleted', (bundles) => `deletes ${bundles}`],
];

/** `ConfigMap ops/platform` */
export const objectText = ({ kind, namespace, name }: Pick<ObjectImpact, 'kind' | 'namespace' | 'name'>): string =>
  `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;

/** For people: each object with what it does, and to whom. */
export const reportText = (report: Report, terminal: Terminal): string =>
  report.objects.map((object) => objectTextOf(object, terminal)).join('\n');

const objectTextOf = (object: ObjectImpact, { colors, columns }: Terminal): string => {
  const sentence = folded(`${colors.bold(objectText(object))} ${summaryOf(object)}`, { columns, indent: 2 });
  if (object.bundles.length === 0) return `${sentence}\n`;
  return `${sentence}\n${new Table(columnsOf(colors), { headers: true, columns }).print(object.bundles)}`;
};

/** `deploys 14 bundles in 9 namespaces; 2 that are suspended would follow` */
const summaryOf = ({ bundles, hit, namespaces, suspended }: ObjectImpact): string => {
  const parts = VERBS.flatMap(([effect, verb]) => {
    const many = bundles.filter((row) => row.effect === effect).length;
    return many === 0 ? [] : [verb(count(many, 'bundle'))];
  });
  const now = hit === 0 ? 'changes nothing for any bundle' : `${parts.join(', ')} in ${count(namespaces, 'namespace')}`;
  return suspended === 0 ? now : `${now}; ${count(suspended, 'bundle')} would follow, but for being suspended`;
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
