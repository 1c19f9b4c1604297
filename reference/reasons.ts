import { CONDITIONS, REASONS, type Reason } from '../api/reasons.js';
import { FINDINGS } from '../controller/decide/findings.js';
import { code, codes, page, table } from './markdown.js';

const reasonRow = (reason: Reason): readonly string[] => {
  const row: { readonly what: string; readonly advice: string; readonly see?: string; readonly event?: string } =
    REASONS[reason];
  const how = row.see === undefined ? '' : ` ([how](../${row.see}))`;
  return [code(reason), row.what, `${row.advice}${how}`, row.event ?? ''];
};

const READY: Readonly<Record<(typeof FINDINGS)[number]['ready'], string>> = {
  True: 'True',
  False: 'False',
  Unknown: 'Unknown',
  'as-it-was': 'as it was',
  'if-true': 'only if it was True',
};

const findingRow = (row: (typeof FINDINGS)[number]): readonly string[] => [
  row.kind.replaceAll('-', ' '),
  codes(row.reasons),
  row.phase === 'as-it-was' ? 'as it was' : row.phase,
  READY[row.ready],
  row.reconciling ? 'True' : '',
  row.stalled ? 'True' : '',
  row.error ? 'yes' : '',
];

const ABOUT = `They stand in \`status.conditions[].reason\` and in events (\`kubectl describe wb NAME\`). The message beside them says which object is
meant. [docs/troubleshooting.md](../troubleshooting.md) goes through the usual cases step by step.`;

export const reasonsPage = (): string =>
  page(
    { title: 'Reasons, conditions and events', from: 'api/reasons.ts and controller/decide/finding.ts', about: ABOUT },
    [
      {
        heading: 'Reasons, and what to do',
        text: table(
          ['Reason', 'What has happened', 'What to do', 'Event'],
          (Object.keys(REASONS) as Reason[]).map(reasonRow),
        ),
      },
      {
        heading: 'Conditions',
        text: table(
          ['Condition', 'What it says'],
          Object.entries(CONDITIONS).map(([type, says]) => [code(type), says]),
        ),
      },
      {
        heading: 'What a status says',
        text: `Of all that is true of a bundle, the first of these is reported. *Error*: the message stands in \`status.lastErrorMessage\`, too. A
\`Reconciling\` of something that has failed has the reason \`ProgressingWithRetry\`.

${table(['Situation', 'Reasons', 'Phase', 'Ready', 'Reconciling', 'Stalled', 'Error'], FINDINGS.map(findingRow))}`,
      },
    ],
  );
