import { readFile } from 'node:fs/promises';
import t from 'tap';
import { driftFinding } from '../../controller/deploy/drift-finding.js';
import { plannedChanges } from '../../controller/deploy/plan-changes.js';
import { appliesBlindly, planFinding } from '../../controller/deploy/plan-summary.js';

// What nelm 1.30.0, the engine of werf 3, printed on Kubernetes 1.36.3 (`nelm release plan install --exit-code --color-mode off`, of checks with
// `--show-insignificant-diffs`), as it was printed.
const recorded = (name: string): Promise<string> => readFile(`test/controller/nelm-plans/${name}.txt`, 'utf8');

t.test('a chart with hooks, and with objects to be made anew each time, has not drifted by itself', async (t) => {
  const log = await recorded('only-hooks');
  t.strictSame(planFinding(log), { kind: 'objects', words: 'create 4, recreate 6 objects' }, 'a deployment would');
  t.strictSame(driftFinding(log), { kind: 'each-time' }, 'each deployment would, and none is needed');
});

t.test('what has drifted beside hooks is told without them: also a Job that was replaced by another', async (t) => {
  const log = await recorded('hooks-and-drift');
  // Secret/sechook is a hook, too: of a Secret the log does not show it. ConfigMap/text has a hook's words in its data.
  const words =
    'create Secret/sechook, create ConfigMap/plain, create ConfigMap/text, recreate Job/seed, update ConfigMap/otherns (namespace=demo)';
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
  t.ok(appliesBlindly(log), 'such a plan can be saved, and not be read again');
  t.notOk(appliesBlindly(await recorded('only-hooks')));
});

t.test('only an annotation, or what becomes of it at once, tells an object that each deployment makes anew', (t) => {
  const frame = (head: string, ...lines: readonly string[]) =>
    `\u250c ${head}\n${lines.map((line) => `\u2502 ${line}\n`).join('')}\u2514 ${head}\n\n`;
  const summary = (...lines: readonly string[]) =>
    `Planned changes summary for release "x" (namespace: "y"):\n${lines.map((line) => `- ${line} resources\n`).join('')}\n`;
  const annotated = (...lines: readonly string[]) => [
    '+ kind: Job',
    '+ metadata:',
    '+   annotations:',
    ...lines.map((line) => `+     ${line}`),
    '+   name: a',
  ];
  const recreated = (...lines: readonly string[]) => `${frame('Recreate Job/a', ...lines)}${summary('recreate: 1')}`;
  const eachTime: Readonly<Record<string, string>> = {
    'a hook': recreated(...annotated('helm.sh/hook: pre-upgrade')),
    'a hook that is gone': `${frame('Create Job/a', ...annotated('helm.sh/hook: pre-upgrade'))}${summary('create: 1')}`,
    'a Secret that is made anew, of which nothing is shown': recreated('<hidden sensitive changes>'),
    'an object that is to be made anew': recreated(...annotated('werf.io/delete-policy: before-creation')),
    'the same among others': recreated(...annotated('werf.io/delete-policy: "succeeded, before-creation"')),
  };
  for (const [title, log] of Object.entries(eachTime)) t.strictSame(driftFinding(log), { kind: 'each-time' }, title);
  const drifted: readonly { readonly title: string; readonly log: string; readonly want: string }[] = [
    {
      title: 'more is counted than is named',
      log: `${frame('Recreate Job/a', ...annotated('helm.sh/hook: pre-upgrade'))}${summary('recreate: 1', 'update: 1')}`,
      want: 'update 1 object',
    },
    {
      title: 'an object that is made anew only if it has drifted',
      log: recreated(...annotated('werf.io/delete-policy: before-creation-if-immutable')),
      want: 'recreate Job/a',
    },
    {
      title: 'the same by default',
      log: recreated(...annotated('meta.helm.sh/release-name: x')),
      want: 'recreate Job/a',
    },
    {
      title: 'the words of a hook in a text of it',
      log: recreated('+ kind: ConfigMap', '+ data:', '+   annotations:', '+     helm.sh/hook: pre-upgrade'),
      want: 'recreate Job/a',
    },
    {
      title: 'the annotations of its Pods',
      log: recreated(
        '+ spec:',
        '+   template:',
        '+     metadata:',
        '+       annotations:',
        '+         helm.sh/hook: x',
      ),
      want: 'recreate Job/a',
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
  for (const { title, log, want } of drifted) t.strictSame(driftFinding(log), { kind: 'objects', words: want }, title);
  t.end();
});
