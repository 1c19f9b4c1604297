import type { Change } from './deployed-object.js';
import { PLAN_ENDS, type Spoken, say } from './words.js';

/** Why a release has to be recorded though no object would change, in werf's words. */
export type Outdated =
  | 'there is no previously deployed release'
  | 'the previously deployed release was not successful'
  | 'the release values changed'
  | 'the release manifests changed';

/** What an apply would do. */
export type Planned =
  | { readonly kind: 'nothing' }
  /** Every object is as it should be, and yet the release has to be recorded. */
  | { readonly kind: 'release-only'; readonly reason: Outdated }
  | { readonly kind: 'resources'; readonly changes: readonly Change[] };

/** The lines by which werf reports a plan; `error` only with --exit-code. Pure. @param release - `release "x" (namespace: "y")` */
export const tellPlan = (
  planned: Planned,
  { release, version }: { readonly release: string; readonly version: Spoken },
): { readonly code: 0 | 2 | 3; readonly lines: readonly string[]; readonly error?: string } => {
  if (planned.kind === 'nothing') return { code: 0, lines: [say('noChanges', { release })] };
  const { code, error } = PLAN_ENDS[version][planned.kind];
  const lines =
    planned.kind === 'release-only'
      ? [say('releaseOnly', { release, reason: planned.reason })]
      : ['', ...planned.changes.flatMap(blockOf), ...summaryOf(planned.changes, release), ''];
  return { code, lines, error: say(error) };
};

/** Lines in werf's frame, which it draws even without a pretty log. Pure. */
export const framed = (heading: string, lines: readonly string[]): readonly string[] => [
  say('frameTop', { heading }),
  ...lines.map((line) => say('frameLine', { line })),
  say('frameEnd', { heading }),
  '',
];

const blockOf = ({ verb, resource, diff }: Change): readonly string[] => framed(`${HEADINGS[verb]} ${resource}`, diff);

/** How werf names what it does to an object. */
export const HEADINGS: Readonly<Record<Change['verb'], string>> = {
  create: 'Create',
  update: 'Update',
  delete: 'Delete',
};

const summaryOf = (changes: readonly Change[], release: string): readonly string[] => {
  const counts = (['create', 'update', 'delete'] as const).map((verb) => {
    const count = changes.filter((change) => change.verb === verb).length;
    return { verb, count };
  });
  return [
    say('summary', { release }),
    ...counts.filter(({ count }) => count > 0).map(({ verb, count }) => say('counted', { verb, count })),
  ];
};
