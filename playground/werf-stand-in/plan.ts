import type { Change } from './deployed-object.js';

/** What an apply would do. */
export type Planned =
  | { readonly kind: 'nothing' }
  /** Every object is as it should be, and yet the release has to be recorded: other values, or a failure before. */
  | { readonly kind: 'release-only' }
  | { readonly kind: 'resources'; readonly changes: readonly Change[] };

/** How werf tells a plan, line by line; `error` is told only with --exit-code. Pure. */
export function tellPlan(
  planned: Planned,
  where: string,
): { readonly code: 0 | 2 | 3; readonly lines: readonly string[]; readonly error?: string } {
  switch (planned.kind) {
    case 'nothing':
      return { code: 0, lines: [`No changes planned for ${where}`] };
    case 'release-only':
      return {
        code: 3,
        lines: [`No changes planned, but will create ${where}`],
        error: 'no resource changes planned, but still must install release',
      };
    case 'resources':
      return {
        code: 2,
        lines: ['', ...planned.changes.flatMap(blockOf), ...summaryOf(planned.changes, where), ''],
        error: 'resource changes planned',
      };
  }
}

const blockOf = ({ verb, resource, diff }: Change): readonly string[] => [
  `${verb === 'create' ? 'Create' : 'Update'} ${resource}`,
  ...diff.map((line) => `  ${line}`),
  '',
];

const summaryOf = (changes: readonly Change[], where: string): readonly string[] => {
  const counts = (['create', 'update'] as const).map((verb) => {
    const count = changes.filter((change) => change.verb === verb).length;
    return { verb, count };
  });
  return [
    `Planned changes summary for ${where}:`,
    ...counts.filter(({ count }) => count > 0).map(({ verb, count }) => `- ${verb}: ${count} resource(s)`),
  ];
};
