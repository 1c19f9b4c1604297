import { werfVersionIn } from '../../api/werf-version.js';

/** The versions of werf that the stand-in can imitate. */
export type Spoken = '3.2.0' | '2.77.1';

interface Said {
  /** `{name}` is filled in. */
  readonly text: string;
  /** The origin of the words: `run`: a real werf of that version printed them; `read`: its sources have them. */
  readonly by: Readonly<Partial<Record<Spoken, 'run' | 'read'>>>;
}

const SAME = { '3.2.0': 'read', '2.77.1': 'read' } as const;
const SAME_AND_SEEN = { '3.2.0': 'run', '2.77.1': 'read' } as const;

/**
 * werf's messages, each with the versions that print it. If two versions differ, there are two entries.
 * @see https://github.com/werf/nelm/tree/main/pkg/action
 */
const WORDS = {
  start: { text: 'Start {release}', by: SAME },
  waiting: { text: 'Waiting for locked "release/{name}"', by: SAME_AND_SEEN },
  skipped: { text: 'Skipped {release}: cluster resources already as desired', by: SAME },
  completed: { text: 'Completed operations', by: SAME },
  succeeded: { text: 'Succeeded {release}', by: SAME },
  failed: { text: 'failed {release}: {cause}', by: SAME_AND_SEEN },
  executing: {
    text: 'execute release install plan: wait for operations completion: execute operation: {cause}',
    by: SAME,
  },
  neverReady: {
    text: 'track resource readiness: track resource "{namespace}/{resource}": context deadline exceeded',
    by: SAME_AND_SEEN,
  },
  rendering: { text: 'render chart: render resources for chart "{chart}": {cause}', by: SAME },
  template: {
    text: '{file}:{at}\n  executing "{file}" at <{expression}>:\n    {why}',
    by: SAME_AND_SEEN,
  },
  namespace: {
    text: "can't apply ConfigMap for locking, and can't apply release namespace (in case ConfigMap apply error caused by non-existent namespace): {cause}",
    by: SAME,
  },
  several: { text: '{count} errors occurred:{list}', by: SAME_AND_SEEN },
  oneOfSeveral: { text: '\n  * {cause}', by: SAME_AND_SEEN },
  dryRun: { text: 'server-side dry-run apply resource "{resource}": server-side apply: {cause}', by: SAME },
  planning: { text: 'Planning release install "{name}" (namespace: "{namespace}")', by: SAME },
  usingPlan: { text: 'Using {path} plan artifact', by: { '3.2.0': 'read' } },
  planMismatch: {
    text: 'plan artifact release revision mismatch: expected {expected}, got {got}',
    by: { '3.2.0': 'run' },
  },
  planExpired: {
    text: 'validate plan artifact: plan artifact expired: was valid for {lifetime} until {until}',
    by: { '3.2.0': 'run' },
  },
  noChanges: { text: 'No changes planned for {release}', by: SAME_AND_SEEN },
  releaseOnly: {
    text: 'No resource changes planned, but still must install {release} because {reason}',
    by: SAME_AND_SEEN,
  },
  frameTop: { text: '\u250c {heading}', by: SAME_AND_SEEN },
  frameLine: { text: '\u2502 {line}', by: SAME_AND_SEEN },
  frameEnd: { text: '\u2514 {heading}', by: SAME_AND_SEEN },
  summary: { text: 'Planned changes summary for {release}:', by: SAME },
  counted: { text: '- {verb}: {count} resources', by: SAME_AND_SEEN },
  resourceChanges: { text: 'resource changes planned', by: { '3.2.0': 'run' } },
  releaseChanges: { text: 'no resource changes planned, but still must install release', by: { '3.2.0': 'run' } },
  anyChanges: { text: 'changes planned', by: { '2.77.1': 'read' } },
  deleting: { text: 'Delete {release}', by: SAME },
  noNamespace: { text: 'Skipped release "{name}" uninstall: no release namespace "{namespace}" found', by: SAME },
  namespaceUnknown: {
    text: 'check release namespace existence: get release namespace: get resource "Namespace/{namespace}": {cause}',
    by: SAME_AND_SEEN,
  },
  nothingToUninstall: { text: 'Skipped {release} uninstall: no release found', by: SAME_AND_SEEN },
  uninstalled: { text: 'Uninstalled {release}', by: SAME },
  signal: { text: 'Signal: {signal}', by: SAME },
} as const satisfies Readonly<Record<string, Said>>;

/** Exit codes of a plan with --exit-code, and its error. */
export const PLAN_ENDS = {
  '3.2.0': { resources: { code: 2, error: 'resourceChanges' }, 'release-only': { code: 3, error: 'releaseChanges' } },
  '2.77.1': { resources: { code: 2, error: 'anyChanges' }, 'release-only': { code: 2, error: 'anyChanges' } },
} as const satisfies Readonly<Record<Spoken, unknown>>;

/** A message with its placeholders filled in. */
export const say = (name: keyof typeof WORDS, parts: Readonly<Record<string, string | number>> = {}): string =>
  WORDS[name].text.replace(/\{(\w+)\}/g, (whole, part: string) => String(parts[part] ?? whole));

/** The werf that the stand-in imitates. */
export interface Speaker {
  readonly version: Spoken;
  /** Whether this werf has `bundle plan`. */
  readonly plans: boolean;
  /** Whether it can save plans, and use them. */
  readonly saves: boolean;
}

/** Chooses the werf by the image of its container, which the node agent passes on; 3.2.0 if that does not tell. */
export const speakerFor = (image: string): Speaker => {
  const version = werfVersionIn(image, { werfImage: '', werfVersion: undefined });
  if (version.kind === 'unknown' || version.plan === 'objects') return { version: '3.2.0', plans: true, saves: true };
  return { version: '2.77.1', plans: version.plan === 'any', saves: false };
};
