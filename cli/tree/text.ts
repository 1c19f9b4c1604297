import { ageOf } from '../output/human-duration.js';
import { Table } from '../output/table.js';
import type { Terminal } from '../terminal.js';
import type { TreeNode } from './tree.js';

interface Row {
  /** The branches before it: `│ └─`. */
  readonly branches: string;
  readonly node: TreeNode;
}

/** The tree as a table, as `kubectl tree` has it; the namespace stands with those that are in another one than the bundle. */
export const treeText = (
  root: TreeNode,
  { colors, clock, columns }: Pick<Terminal, 'colors' | 'clock' | 'columns'>,
): string => {
  const color = (text: string): string =>
    text === 'True'
      ? colors.green(text)
      : text === 'False'
        ? colors.red(text)
        : text === '-'
          ? text
          : colors.yellow(text);
  const elsewhere = ({ namespace }: TreeNode): string =>
    namespace === undefined || namespace === root.namespace ? '' : ` (in ${namespace})`;
  const table = new Table<Row>(
    [
      { name: 'NAME', of: ({ branches, node }) => `${branches}${node.kind}/${node.name}${elsewhere(node)}` },
      { name: 'READY', of: ({ node }) => node.ready, color },
      { name: 'AGE', of: ({ node }) => ageOf(node.created, clock.now()) },
      { name: 'REASON', of: ({ node }) => node.reason },
    ],
    { headers: true, columns },
  );
  return table.print(rowsOf(root, { own: '', below: '' }));
};

const rowsOf = (node: TreeNode, { own, below }: { readonly own: string; readonly below: string }): readonly Row[] => [
  { branches: own, node },
  ...node.children.flatMap((child, at) => {
    const isLast = at === node.children.length - 1;
    return rowsOf(child, {
      own: `${below}${isLast ? '└─' : '├─'}`,
      below: `${below}${isLast ? '  ' : '│ '}`,
    });
  }),
];
