import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { FINDINGS } from '../../controller/decide/findings.js';
import { FINDING_OF, RECORDED, type Recorded } from '../gitops/recorded-bundles.js';

const conditionOf = ({ bundle }: Recorded, type: string) =>
  bundle.status?.conditions?.find((condition) => condition.type === type);

t.test('each finding that a status can report is recorded, and the status reports it', async (t) => {
  const kinds = FINDINGS.map(({ kind }) => kind);
  t.same([...new Set(Object.values(FINDING_OF))].toSorted(), kinds.toSorted());
  for (const [name, kind] of Object.entries(FINDING_OF)) {
    const recorded = RECORDED[name];
    const row = FINDINGS.find((finding) => finding.kind === kind);
    if (recorded === undefined || row === undefined) throw new Error(`${name} is not recorded`);
    const is = (type: string): boolean => conditionOf(recorded, type)?.status === 'True';
    t.same([is('Reconciling'), is('Stalled')], [row.reconciling, row.stalled], name);
    const ready = conditionOf(recorded, 'Ready')?.status;
    if (row.ready === 'if-true') t.ok(ready === 'True' || ready === undefined, name);
    else if (row.ready !== 'as-it-was') t.equal(ready, row.ready, name);
    if (row.phase !== 'as-it-was') t.equal(recorded.bundle.status?.phase, row.phase, name);
    const told = ['Suspended', 'Stalled', 'Reconciling', 'Ready'].map((type) => conditionOf(recorded, type)?.reason);
    const reasons: readonly string[] = [...row.reasons, 'ProgressingWithRetry'];
    t.ok(reasons.includes(told.find((reason) => reason !== undefined) ?? ''), `${name}: ${told.join(', ')}`);
  }
});

t.test('docs/gitops.md has a row for each recorded bundle, with what both tools make of it', async (t) => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'gitops.md'), 'utf8');
  const rows = text.split('\n').filter((line) => / (Current|InProgress|Failed|Terminating) \| /.test(line));
  t.same(rows, Object.values(RECORDED).map(rowOf));
});

const rowOf = (recorded: Recorded): string => {
  const { title, flux, argo } = recorded;
  const conditions = ['Ready', 'Reconciling', 'Stalled', 'Suspended'].map(
    (type) => conditionOf(recorded, type)?.status ?? '–',
  );
  return `| ${[title, ...conditions, flux, argo].join(' | ')} |`;
};
