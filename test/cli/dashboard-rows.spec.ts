import t from 'tap';
import { detailOf } from '../../cli/dashboard/bundle-detail.js';
import { rowOf } from '../../cli/dashboard/bundle-row.js';
import { type Route, routeOf } from '../../cli/dashboard/route.js';
import type { BundleState } from '../../dashboard/protocol.js';
import { RECORDED } from '../gitops/recorded-bundles.js';
import { bundle, deployment, historyEntry, iso, NOW, syncedStatus, UID } from '../kit/builders.js';
import { checkedStatus, detecting, drifted } from '../kit/drift-statuses.js';
import { plannedStatus } from '../kit/plan-statuses.js';

t.test('the page has one word for each situation of a bundle, and what to do where a person has to', async (t) => {
  const situations: Readonly<Record<string, readonly [BundleState, string | undefined]>> = {
    'no-status': ['unseen', undefined],
    'not-seen': ['unseen', undefined],
    changed: ['progressing', undefined],
    'suspended-not-seen': ['unseen', undefined],
    'first-scan': ['progressing', 'wait some seconds'],
    'job-active': ['progressing', 'wait; its log says how far it is'],
    synced: ['ready', undefined],
    'job-retry': ['progressing', 'read its log meanwhile'],
    'job-failed': ['failed', 'read its log; mend the cause'],
    'approval-awaited': ['failed', 'look at the plan'],
    'plan-withheld': ['failed', 'the message says why'],
    'values-refused': ['failed', 'the message name'],
    returned: ['failed', 'publ'],
    'spec-invalid': ['failed', 'correct the fields'],
    blocker: ['failed', 'the message names it'],
    'nothing-to-deploy': ['failed', 'the message names the best tag'],
    'polls-failing-new': ['progressing', 'after 30s, 1m'],
    'polls-failing-deployed': ['ready', 'after 30s, 1m'],
    'polling-stopped': ['failed', 'mend the cause'],
    'downgrade-held': ['ready', 'set `spec.registry.tag`'],
    drifted: ['drifted', 'the message says in what'],
    'suspended-new': ['suspended', 'end the suspension'],
    'suspended-deployed': ['suspended', 'end the suspension'],
    'held-up-deployed': ['suspended', 'it is not the bundle'],
    'held-up-new': ['suspended', 'it is not the bundle'],
    deleting: ['deleting', 'wait'],
    queued: ['progressing', 'wait: namespaces take turns'],
    'correction-failed': ['drifted', 'find out what changes it'],
  };
  const found = Object.entries(RECORDED).map(([name, { bundle: of }]) => {
    const { row, nextStep } = detailOf({ bundle: of, now: NOW, options: '' });
    const [, advice] = situations[name] ?? [];
    return [name, [row.state, advice === undefined ? nextStep?.advice : nextStep?.advice.slice(0, advice.length)]];
  });
  t.same(Object.fromEntries(found), situations);
});

t.test('commands are offered that do something for the bundle as it is, and reach it', async (t) => {
  const LOOK = ['doctor', 'explain', 'diff'];
  const situations: Readonly<Record<string, readonly [next: readonly string[], all: readonly string[]]>> = {
    'not-seen': [[], [...LOOK, 'reconcile', 'suspend']],
    synced: [[], [...LOOK, 'logs', 'reconcile', 'suspend']],
    'job-active': [['logs -f'], [...LOOK, 'logs -f', 'reconcile', 'suspend']],
    'job-failed': [
      ['logs', 'reconcile'],
      [...LOOK, 'logs', 'reconcile', 'suspend'],
    ],
    'approval-awaited': [
      ['diff --recorded', 'approve'],
      [...LOOK, 'logs', 'reconcile', 'suspend'],
    ],
    'polling-stopped': [['reconcile --failed'], [...LOOK, 'reconcile --failed', 'suspend']],
    'suspended-deployed': [['resume'], [...LOOK, 'logs', 'resume']],
    'held-up-deployed': [[], [...LOOK, 'logs', 'suspend']],
    'correction-failed': [
      ['diff', 'reconcile'],
      [...LOOK, 'logs', 'reconcile', 'suspend'],
    ],
    deleting: [[], ['doctor', 'logs -f']],
  };
  const whole = (command: string) => {
    const [verb, ...flags] = command.split(' ');
    return [`werfbundle ${verb} my-app -n ops --context staging`, ...flags].join(' ');
  };
  for (const [name, [next, all]] of Object.entries(situations)) {
    const { bundle: of } = RECORDED[name] ?? { bundle: bundle() };
    const { nextStep, commands } = detailOf({ bundle: of, now: NOW, options: ' --context staging' });
    t.strictSame(
      [nextStep?.commands ?? [], commands.map(({ command }) => command)],
      [next.map(whole), all.map(whole)],
      name,
    );
  }
  const { bundle: stopped } = RECORDED['polling-stopped'] ?? { bundle: bundle() };
  const { facts } = detailOf({ bundle: stopped, now: NOW, options: ' --context $HOME' });
  t.match(facts.map(({ text }) => text).join('\n'), 'werfbundle --context $HOME reconcile my-app -n ops --failed');
});

t.test('a row says what is deployed, and what is being deployed', async (t) => {
  t.strictSame(rowOf(bundle(syncedStatus(), { metadata: { resourceVersion: '17' } })), {
    uid: UID,
    namespace: 'ops',
    name: 'my-app',
    version: '17',
    state: 'ready',
    reason: 'Deployed',
    message: 'deployed v1.0.0 to namespace ops',
    tag: 'v1.0.0',
    nextTag: '',
    repository: 'registry.example/acme/app',
    syncedAt: syncedStatus().lastSyncTime,
    failedPolls: 0,
  });
  const next = deployment({ number: 2, tag: 'v2.0.0', jobName: 'my-app-2' });
  t.equal(rowOf(bundle(syncedStatus({ deployment: next, activeJobName: 'my-app-2' }))).nextTag, 'v2.0.0');
  t.equal(rowOf(bundle(plannedStatus())).nextTag, 'v1.1.0', 'what is planned comes next');
  t.equal(rowOf(bundle(plannedStatus({ after: 0 }))).nextTag, '', 'what was planned once does not');
  const ended = historyEntry('Failed', { number: 2, tag: 'v2.0.0' });
  t.equal(rowOf(bundle(syncedStatus({ deployment: next, history: [ended] }))).nextTag, '', 'it has failed');
  const message = `${'é'.repeat(150)}${'\u{1f680}'.repeat(150)}`;
  const condition = { type: 'Ready', status: 'False', reason: 'DeployFailed', message, lastTransitionTime: iso(0) };
  const failed = bundle({ observedGeneration: 1, conditions: [{ ...condition, status: 'False' }] });
  const long = rowOf(failed).message;
  t.equal(long, `${'é'.repeat(150)}${'\u{1f680}'.repeat(24)}…`, 'a long message is cut between letters');
  t.equal(detailOf({ bundle: failed, now: NOW, options: '' }).nextStep?.message, message, 'and whole in the detail');
});

t.test('the detail has what the status says, as the command line prints it', async (t) => {
  const running = deployment({ number: 2, tag: 'v2.0.0', jobName: 'my-app-2', startedAt: iso(-5_000) });
  const status = syncedStatus({ deployment: running, activeJobName: 'my-app-2' });
  const detail = detailOf({ bundle: bundle(status), now: NOW, options: ' --context staging' });
  t.equal(detail.facts.find(({ title }) => title === 'Registry')?.text.split(',')[0], 'registry.example/acme/app');
  t.strictSame(
    detail.history.map(({ number, result, finishedAt }) => ({ number, result, finishedAt })),
    [
      { number: 2, result: 'Running', finishedAt: '' },
      { number: 1, result: 'Succeeded', finishedAt: iso(-30_000) },
    ],
  );
  t.strictSame(detail.drift, { state: 'off', message: '', checkedAt: '', checks: 0, corrections: 0 });
  t.match(detail.conditions[0], { type: 'Ready', about: /^whether what the bundle asks for is deployed/ });
  t.ok(
    detail.commands.every(({ command }) => / my-app -n ops --context staging/.test(command)),
    'commands reach the same cluster',
  );
  t.match(detail.yaml, /^apiVersion: werf\.io\/v1alpha1\nkind: WerfBundle\nmetadata:\n/);
});

t.test('drift is told as it was found last', async (t) => {
  const state = (...args: Parameters<typeof bundle>) =>
    detailOf({ bundle: bundle(...args), now: NOW, options: '' }).drift.state;
  t.equal(state(checkedStatus(drifted('True')), detecting({ correct: false })), 'drifted');
  t.equal(state(checkedStatus(drifted('False')), detecting()), 'none');
  t.equal(state(checkedStatus(drifted('Unknown')), detecting()), 'unknown');
  t.equal(state(syncedStatus(), detecting()), 'unknown', 'there was no check yet');
  t.equal(state(checkedStatus(drifted('True'))), 'off', 'what was found before it was switched off counts no more');
});

t.test('a row of what drifts says in what', async (t) => {
  const row = rowOf(bundle(checkedStatus(drifted('True')), detecting({ correct: false })));
  t.match(row, { state: 'drifted', reason: drifted('True').reason, message: drifted('True').message });
});

t.test('an address says what is asked for', async (t) => {
  const detail = { kind: 'bundle', part: 'detail', namespace: 'ops', name: 'my-app', number: undefined } as const;
  const table: readonly (readonly [string, Route])[] = [
    ['/', { kind: 'file', name: 'html' }],
    ['/?q=a', { kind: 'file', name: 'html' }],
    ['/bundles/ops/my-app', { kind: 'file', name: 'html' }],
    ['/bundles/ops', { kind: 'unknown' }],
    ['/bundles/ops/my-app/log', { kind: 'unknown' }],
    ['/page.js', { kind: 'file', name: 'js' }],
    ['/style.css', { kind: 'file', name: 'css' }],
    ['/../page.js', { kind: 'file', name: 'js' }],
    ['/page.js/more', { kind: 'unknown' }],
    ['/favicon.ico', { kind: 'unknown' }],
    ['/api', { kind: 'unknown' }],
    ['/api/about', { kind: 'about' }],
    ['/api/about/x', { kind: 'unknown' }],
    ['/api/session', { kind: 'session' }],
    ['/api/bundles', { kind: 'bundles', namespaces: [] }],
    ['/api/bundles?namespace=a&namespace=b&namespace=a', { kind: 'bundles', namespaces: ['a', 'b'] }],
    ['/api/bundles?namespace=', { kind: 'invalid', why: '"" is no name of a namespace' }],
    ['/api/bundles?namespace=a%2Fb', { kind: 'invalid', why: '"a/b" is no name of a namespace' }],
    ['/api/bundles/ops/my-app', detail],
    ['/api/bundles/ops/my-app/log?number=3', { ...detail, part: 'log', number: 3 }],
    ['/api/bundles/ops/my-app/log?number=x', { kind: 'invalid', why: 'number: "x" is no whole number' }],
    ['/api/bundles/ops/my-app/secrets', { kind: 'unknown' }],
    ['/api/bundles/ops', { kind: 'invalid', why: '"" is no name of an object' }],
    ['/api/bundles/ops/..%2f..%2fsecrets', { kind: 'invalid', why: '"../../secrets" is no name of an object' }],
    ['/api/bundles/ops/%E0', { kind: 'invalid', why: 'the address has a % that stands for no character' }],
    ['//example.com/api/about', { kind: 'unknown' }],
    ['http://127.0.0.1/api/about', { kind: 'unknown' }],
  ];
  t.strictSame(
    table.map(([target]) => [target, routeOf(target)]),
    table,
  );
  const many = `/api/bundles?${Array.from({ length: 21 }, (_, index) => `namespace=n${index}`).join('&')}`;
  t.match(routeOf(many), { kind: 'invalid', why: /^at most 20 namespaces/ });
});
