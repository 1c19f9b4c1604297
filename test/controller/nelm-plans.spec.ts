import { readFile } from 'node:fs/promises';
import t from 'tap';
import { driftFinding } from '../../controller/deploy/drift-finding.js';
import { plannedChanges } from '../../controller/deploy/plan-changes.js';
import { planFinding } from '../../controller/deploy/plan-summary.js';

// What nelm 1.30.0, the engine of werf 3, printed on Kubernetes 1.36.3 (`nelm release plan install --exit-code --color-mode off`), as it was printed.
const recorded = (name: string): Promise<string> => readFile(`test/controller/nelm-plans/${name}.log`, 'utf8');

t.test('a chart with hooks, and with objects to be made anew each time, has not drifted by itself', async (t) => {
  const log = await recorded('only-hooks');
  t.strictSame(planFinding(log), { kind: 'objects', words: 'create 4, recreate 6 objects' }, 'a deployment would');
  t.strictSame(driftFinding(log), { kind: 'each-time' }, 'each deployment would, and none is needed');
});

t.test('what has drifted beside hooks is told without them', async (t) => {
  const log = await recorded('hooks-and-drift');
  // Secret/sechook is a hook, too: of a Secret the log does not show it.
  const words = 'create Secret/sechook, create ConfigMap/plain, update ConfigMap/otherns (namespace=demo)';
  t.strictSame(driftFinding(log), { kind: 'objects', words });
});

t.test('what is deleted and recreated is found in a real plan, and what can be applied blindly only', async (t) => {
  const log = await recorded('stage-2');
  t.strictSame(plannedChanges(log), {
    counts: { create: 1, update: 2, recreate: 1, delete: 3 },
    deleted: [
      { kind: 'PersistentVolumeClaim', name: 'data' },
      { kind: 'Service', name: 'old' },
      { kind: 'StatefulSet', name: 'db' },
    ],
    recreated: [{ kind: 'Job', name: 'migrate' }],
    unnamed: 0,
  });
});

t.test('a plan of which only the end is known, or that shows no content, is not taken for hooks alone', (t) => {
  const frame = (head: string, ...lines: readonly string[]) =>
    `\u250c ${head}\n${lines.map((line) => `\u2502 ${line}\n`).join('')}\u2514 ${head}\n\n`;
  const summary = (...lines: readonly string[]) =>
    `Planned changes summary for release "x" (namespace: "y"):\n${lines.map((line) => `- ${line} resources\n`).join('')}\n`;
  const mark = '+     meta.helm.sh/release-name: x';
  const rows: readonly { readonly title: string; readonly log: string; readonly want: string }[] = [
    {
      title: 'more is counted than is named',
      log: `${frame('Recreate Job/migrate', '+ kind: Job')}${summary('recreate: 1', 'update: 1')}`,
      want: 'update 1 object',
    },
    {
      title: 'an object of the release is gone',
      log: `${frame('Create Job/seed', '+ kind: Job', '+ metadata:', '+   annotations:', mark)}${summary('create: 1')}`,
      want: 'create Job/seed',
    },
    {
      title: 'a Secret is gone, of which nothing is shown',
      log: `${frame('Create Secret/login', '<hidden sensitive changes>')}${summary('create: 1')}`,
      want: 'create Secret/login',
    },
    {
      title: 'an object that is to go is no hook',
      log: `${frame('Delete Job/old', '- kind: Job')}${frame('Update Job/a, then delete', '+ kind: Job')}${summary('update: 1', 'delete: 1')}`,
      want: 'delete Job/old, update Job/a',
    },
    {
      title: 'in the words of an older werf, which has no frames',
      log: `Create Job/migrate and delete it on success\n  + a: b\n\nUpdate Secret/x\n\nPlanned changes summary for release "x":\n- create: 1 resource(s)\n- update: 1 resource(s)\n`,
      want: 'update Secret/x',
    },
  ];
  for (const { title, log, want } of rows) t.strictSame(driftFinding(log), { kind: 'objects', words: want }, title);
  t.end();
});
