import type { ConditionType } from '../../api/reasons.js';
import { parseTime } from '../../api/timestamp.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { ageOf, humanDuration } from '../output/human-duration.js';
import type { Column } from '../output/table.js';
import type { Terminal } from '../terminal.js';

interface ColumnChoice {
  readonly isWide: boolean;
  /** Whether the bundles are of several namespaces. */
  readonly allNamespaces: boolean;
}

/** The columns of `get`: what the CRD's printer columns say, the message last, so that it can be cut. */
export const bundleColumns = (
  { isWide, allNamespaces }: ColumnChoice,
  { colors, clock }: Pick<Terminal, 'colors' | 'clock'>,
): readonly Column<StoredBundle>[] => {
  const since = (time: string | undefined): string => ageOf(time, clock.now());
  const ready = (text: string): string =>
    text === 'True' ? colors.green(text) : text === 'False' ? colors.red(text) : colors.yellow(text);
  return [
    ...(allNamespaces ? [{ name: 'NAMESPACE', of: namespaceOf }] : []),
    { name: 'NAME', of: ({ metadata }) => metadata.name },
    { name: 'READY', of: (bundle) => conditionStatus(bundle, 'Ready'), color: ready },
    { name: 'SUSPENDED', of: (bundle) => conditionStatus(bundle, 'Suspended'), color: colors.yellow },
    { name: 'PHASE', of: ({ status }) => status?.phase ?? '' },
    { name: 'TAG', of: ({ status }) => status?.lastAppliedTag ?? '' },
    ...(isWide
      ? [
          { name: 'TARGET', of: targetOf },
          { name: 'FAILURES', of: failuresOf },
          { name: 'LAST SYNC', of: ({ status }: StoredBundle) => since(status?.lastSyncTime) },
          { name: 'NEXT ATTEMPT', of: ({ status }: StoredBundle) => until(status?.nextAttemptTime, clock.now()) },
        ]
      : []),
    { name: 'AGE', of: ({ metadata }) => since(metadata.creationTimestamp) },
    { name: 'MESSAGE', of: messageOf },
  ];
};

const namespaceOf = ({ metadata }: StoredBundle): string => metadata.namespace;
const targetOf = ({ status }: StoredBundle): string => status?.resolvedTargetNamespace ?? '';
const failuresOf = ({ status }: StoredBundle): string => String(status?.consecutiveFailures ?? '');
const messageOf = ({ status }: StoredBundle): string => status?.conditions?.[0]?.message ?? '';

const conditionStatus = ({ status }: StoredBundle, type: ConditionType): string =>
  status?.conditions?.find((condition) => condition.type === type)?.status ?? '';

const until = (time: string | undefined, now: number): string => {
  const at = parseTime(time);
  if (at === undefined) return '';
  return at > now ? `in ${humanDuration(at - now)}` : 'now';
};
