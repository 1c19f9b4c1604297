import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { FINALIZER } from '../../api/finalizer.js';
import type { Job, Secret } from '../../api/objects.js';
import type { Plan } from '../../api/werfbundle.js';
import { afterFailure } from '../../controller/decide/after-failure.js';
import type { Decision } from '../../controller/decide/decision.js';
import type { Observation } from '../../controller/decide/observation.js';
import { keptPlanIn, keptPlanSecret, keyOfPlan } from '../../controller/deploy/kept-plan.js';
import {
  isPlanRefusal,
  SAVED_PLAN_FILE,
  SAVING_COMMAND,
  savedPlanOf,
  splitLog,
} from '../../controller/deploy/saved-plan.js';
import {
  bundle,
  DIGEST_A,
  DIGEST_B,
  deployment,
  historyEntry,
  iso,
  job,
  jobInputs,
  NOW,
  observation,
  PROOF,
  platform,
  pod,
  UID,
} from '../kit/builders.js';
import { decided, needOf } from '../kit/decided.js';
import { ARTIFACT, lossOf, offered, plan, planJob, plannedStatus, planning } from '../kit/plan-statuses.js';

const RELEASE = { name: 'my-app', namespace: 'ops' };

const fileOf = (content: object): string => gzipSync(JSON.stringify(content)).toString('base64');

const SAVED = fileOf({ encrypted: true, dataRaw: '1000ab', release: { ...RELEASE, revision: 2 } });

t.test('of what a Pod prints only an encrypted plan of just this release is taken', (t) => {
  const rows: readonly (readonly [title: string, printed: string | undefined, want: object])[] = [
    ['what werf has saved', SAVED, { kind: 'saved', artifact: SAVED }],
    ['nothing', undefined, { why: 'its Job has not said what it has saved' }],
    ['an empty line', '', { why: /^its Pod could not print .*: the image needs sh, wc, base64 and tr$/ }],
    ['words', 'sh: base64: not found', { why: /the image needs sh, wc, base64 and tr$/ }],
    ['that it is too large', 'larger 1000001', { why: 'saved, it has 1000001 bytes, and 1000000 are kept at most' }],
    ['no archive', Buffer.from('{}').toString('base64'), { why: 'what werf has saved is not an encrypted plan' }],
    [
      'a plan in plain text',
      fileOf({ encrypted: false, dataRaw: '{"a":"secret"}', release: RELEASE }),
      { why: /not an encrypted plan$/ },
    ],
    ['null', gzipSync('null').toString('base64'), { why: /not an encrypted plan$/ }],
    ['an archive that grows', gzipSync(Buffer.alloc(20_000_000)).toString('base64'), { why: /not an encrypted plan$/ }],
    [
      'what a parser would toil over',
      fileOf({ encrypted: true, dataRaw: '1000ab', release: RELEASE, more: Array(600_000).fill([]) }),
      { why: /not an encrypted plan$/ },
    ],
    [
      'more than the Pod itself prints',
      'A'.repeat(1_333_337),
      { why: /^its Pod has printed more than a saved plan can/ },
    ],
    [
      "another release's",
      fileOf({ encrypted: true, dataRaw: '1000ab', release: { ...RELEASE, name: 'other' } }),
      { why: 'what werf has saved is the plan of another release' },
    ],
  ];
  for (const [title, printed, want] of rows) t.match(savedPlanOf(printed, RELEASE), want, title);
  const words = 'Planned\nwerfbundle-saved-plan: Zm9yZ2Vk\n- update: 1 resources\n';
  t.same(
    splitLog(words),
    { words, printed: undefined },
    'a line of a chart is none that the Pod itself has printed last',
  );
  t.same(splitLog(`${words}\nwerfbundle-saved-plan: ${SAVED}\n`), { words: `${words}\n`, printed: SAVED });
  t.end();
});

const kept = {
  bundle: { namespace: 'ops', name: 'my-app', uid: UID },
  plan: plan(),
  targetNamespace: 'ops',
  key: PROOF.key,
};
const keptSecret = keptPlanSecret({ ...kept, artifact: SAVED, operatorVersion: '1' });

t.test('a kept plan is believed only as the controller has written it, for just this plan of this bundle', (t) => {
  t.equal(keptPlanIn(keptSecret, kept), SAVED);
  t.match(keptSecret, {
    immutable: true,
    metadata: { name: `${plan().jobName}-plan`, labels: { 'werf.io/bundle-uid': UID } },
  });
  const other = fileOf({ encrypted: true, dataRaw: '1000ff', release: RELEASE });
  const changed: Readonly<Record<string, Secret>> = {
    'another content': { ...keptSecret, data: { ...keptSecret.data, 'plan.gz': other } },
    'no proof': { ...keptSecret, data: { 'plan.gz': SAVED } },
    'nothing at all': { ...keptSecret, data: {} },
    'the proof of another key': keptPlanSecret({
      ...kept,
      artifact: SAVED,
      operatorVersion: '1',
      key: { ...PROOF.key, secret: Buffer.alloc(32, 1) },
    }),
  };
  for (const [title, secret] of Object.entries(changed)) t.equal(keptPlanIn(secret, kept), undefined, title);
  const plans: Readonly<Record<string, Plan>> = {
    'another number': plan({ number: 2 }),
    'another deployment before': plan({ after: 2 }),
    'another digest': plan({ digest: DIGEST_A }),
    'another checksum': plan({ checksum: 'k1:other' }),
    'another beginning, after a status was lost': plan({ startedAt: iso(-1) }),
  };
  for (const [title, of] of Object.entries(plans))
    t.equal(keptPlanIn(keptSecret, { ...kept, plan: of }), undefined, title);
  t.equal(keptPlanIn(keptSecret, { ...kept, bundle: { ...kept.bundle, uid: 'other' } }), undefined, 'another bundle');
  t.equal(keptPlanIn(keptSecret, { ...kept, targetNamespace: 'other' }), undefined, 'another namespace');
  t.match(keyOfPlan(kept), /^[0-9a-f]{64}$/);
  t.not(keyOfPlan(kept), keyOfPlan({ ...kept, plan: plan({ number: 2 }) }), 'each plan has its own key');
  t.end();
});

/** The Job that a decision creates, and what its Secrets have, by their names' ends. */
const madeBy = (
  decision: Decision,
): { readonly job: Job | undefined; readonly secrets: Readonly<Record<string, string>> } => {
  const made = decision.actions.find((action) => action.kind === 'create-job' || action.kind === 'create-plan');
  const secrets = (made?.secrets ?? []).flatMap(({ metadata, data = {} }) =>
    Object.entries(data).map(([key, text]) => [
      `${metadata.name?.split('-').at(-1)} ${key}`,
      key === 'plan.gz' ? text : Buffer.from(text, 'base64').toString(),
    ]),
  );
  return { job: made?.job, secrets: Object.fromEntries(secrets) as Readonly<Record<string, string>> };
};

interface Container {
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string }[];
  readonly volumeMounts: readonly { readonly name: string }[];
}

const containerOf = (made: Job | undefined): Container => {
  const containers = made?.spec?.template.spec['containers'] as readonly [Container] | undefined;
  if (containers === undefined) throw new Error('no Job is made');
  return containers[0];
};

t.test('the Job of a plan saves it with a key of its own, if all is there for that', (t) => {
  const made = madeBy(decided(offered(plannedStatus())));
  t.match(containerOf(made.job), {
    command: ['sh', '-c', /^"\$\$@" 2>&1 &$/m, 'sh', 'werf'],
    args: ['bundle', 'plan'],
  });
  t.ok(containerOf(made.job).args.join(' ').includes('--exit-code --save-plan /tmp/werfbundle-plan.gz'));
  t.equal(made.job?.metadata.annotations?.['werf.io/saved-plan'], '1');
  t.equal(made.secrets['key key'], keyOfPlan(kept));
  t.match(made.secrets['values redact.json'], keyOfPlan(kept), 'the log must not show it');
  const own = madeBy(
    decided(offered(plannedStatus(), { jobInputs: jobInputs({ werfSecretKey: 'f00dfeed'.repeat(4) }) })),
  );
  t.equal(own.secrets['key key'], 'f00dfeed'.repeat(4), "the bundle's own key is taken, if it has one");

  const image = (name: string) => ({ converge: { image: name } });
  const rows: readonly (readonly [title: string, seen: Observation, why: RegExp])[] = [
    [
      'werf 2',
      offered(plannedStatus(), {}, image('x/werf:2.77.1').converge),
      /^werf 2.77.1 can't save plans: 3 is needed$/,
    ],
    [
      'a werf that is not known',
      offered(plannedStatus(), {}, image('x/werf:latest').converge),
      /^whether werf can save it is not known: the tag of image "x\/werf:latest"/,
    ],
    [
      'another try',
      offered(plannedStatus({ failedTries: 1, triedAt: iso(-60_000), message: 'exec: "sh": not found' })),
      /^the try that was to save it failed: exec: "sh": not found$/,
    ],
    ['three refusals', offered(plannedStatus({ refusals: 3 })), /^werf has not taken the last 3 that were saved$/],
    [
      'a key that is none',
      offered(plannedStatus(), { jobInputs: jobInputs({ werfSecretKey: 'f00dfeed\n' }) }),
      /can encrypt nothing: 32, 48 or 64 hexadecimal digits are needed$/,
    ],
    [
      'the twentieth',
      offered(plannedStatus({ after: 19 }, { deployment: deployment({ number: 19 }) })),
      /^each 20th deployment is, so that werf shortens the history/,
    ],
  ];
  for (const [title, seen, why] of rows) {
    const decision = decided(seen);
    const unsaved = containerOf(madeBy(decision).job);
    t.same([unsaved.command, unsaved.args.includes('--save-plan')], [['werf'], false], title);
    t.match(decision.status.plan, { applies: 'Anew', whyAnew: why }, title);
  }
  t.end();
});

/** The Job of the plan, which was to save it, has ended. */
const endedPlan = (exitCode: number, log: Observation['plans'][number]['log']): Observation => {
  const { job: made } = planJob(plan(), { exitCode }, undefined, true);
  return offered(plannedStatus(), { plans: [{ job: made, pod: pod({ exitCode }), log }] });
};

t.test('what was saved is kept before the status says so', (t) => {
  const finding = { kind: 'release-only' } as const;
  const read = (saved: { kind: 'saved'; artifact: string } | { kind: 'unsaved'; why: string }) =>
    ({ kind: 'read', finding, changes: undefined, saved, errorLine: undefined }) as const;
  for (const exitCode of [0, 2, 3]) {
    const seen = endedPlan(exitCode, read({ kind: 'saved', artifact: SAVED }));
    const decision = decided(seen);
    const [action] = decision.actions;
    t.equal(action?.kind === 'keep-plan' && keptPlanIn(action.secret, kept), SAVED, `exit code ${exitCode}`);
    t.match(decision.status.plan, { result: 'Made', applies: 'Exactly' });
    const failure = { kind: 'plan-unkept', message: 'exceeded quota: few-secrets' } as const;
    t.match(
      afterFailure(seen, decision, failure)?.status.plan,
      { result: 'Made', applies: 'Anew', whyAnew: 'it could not be kept: exceeded quota: few-secrets' },
      'what can not be kept holds nothing up',
    );
  }
  const unsaved = decided(endedPlan(2, read({ kind: 'unsaved', why: 'it is too large' })));
  t.match(
    [unsaved.actions, unsaved.status.plan],
    [[], { result: 'Made', applies: 'Anew', whyAnew: 'it is too large' }],
  );
  const unread = { kind: 'unreadable', why: 'unavailable' } as const;
  t.equal(decided(endedPlan(0, unread)).status.plan?.result, undefined, 'a log that may still be read is waited for');
  const given = decided({ ...endedPlan(0, unread), now: NOW + 60_000 });
  t.match(given.status.plan, { result: 'Made', applies: 'Anew', whyAnew: 'the log of its Job could not be read' });
  t.end();
});

const MADE = { ...lossOf('update ConfigMap/app'), applies: 'Exactly' } as const;

/** The deployment of the plan is decided, and has no Job yet. */
const intended = (
  made: Partial<Plan> = {},
  more: Partial<Observation> = {},
  history: readonly object[] = [],
): Observation => {
  const next = deployment({ number: 2, tag: 'v1.1.0', digest: DIGEST_B, jobName: 'my-app-2' });
  const status = plannedStatus({ ...MADE, ...made }, { deployment: next });
  const entries = [...history, ...(status.history ?? [])] as NonNullable<typeof status.history>;
  return observation(bundle({ ...status, history: entries }, planning()), { jobInputs: jobInputs(), ...more });
};

t.test('the deployment applies what was kept, once, and has nothing else', (t) => {
  t.equal(needOf(intended()), 'kept-plan');
  const secretTexts = ['hunter22'];
  const inputs = jobInputs({ valuesFile: '{"password":"hunter22"}', valuesArgs: ['--set=a=1'], secretTexts });
  const decision = decided(intended({}, { jobInputs: inputs }));
  const made = madeBy(decision);
  const container = containerOf(made.job);
  t.same(container.command, ['werf']);
  t.same(container.args, [
    ...['bundle', 'apply', '--use-plan', '/var/run/werfbundle/plan/plan.gz', '--timeout', '1770'],
    ...['--log-color-mode=off', '--log-pretty=false', '--log-terminal-width=200'],
  ]);
  t.same(
    container.volumeMounts.map(({ name }) => name),
    ['home', 'tmp', 'plan'],
  );
  t.ok(container.env.some(({ name }) => name === 'WERF_SECRET_KEY'));
  t.same(Object.keys(made.secrets), ['values values.yaml', 'values redact.json', 'key key', 'plan plan.gz']);
  t.equal(made.secrets['plan plan.gz'], ARTIFACT);
  t.equal(made.secrets['key key'], keyOfPlan(kept));
  t.match(made.secrets['values redact.json'], 'hunter22', 'what its log must not show is known as ever');
  t.equal(made.job?.metadata.annotations?.['werf.io/saved-plan'], '1');
  t.equal(decision.status.plan?.applies, 'Exactly');

  const anew: readonly (readonly [title: string, seen: Observation, why?: RegExp])[] = [
    [
      'it is gone',
      intended({}, { keptPlan: { kind: 'missing', why: 'Secret x, in which it was kept, is gone' } }),
      /^Secret x, in which it was kept, is gone$/,
    ],
    [
      'it was kept for another plan',
      intended({}, { keptPlan: { kind: 'kept', plan: plan({ number: 7 }), artifact: SAVED } }),
      /^another one was kept/,
    ],
    [
      'werf is another one',
      intended({}, { platform: { ...platform, werfImage: 'x/werf:2.77.1' } }),
      /^werf 2.77.1 can't save plans/,
    ],
    ['it was not saved', intended({ applies: 'Anew', whyAnew: 'too large' }), /^too large$/],
    [
      'it was tried before',
      intended({}, {}, [historyEntry('Failed', { number: 2 })]),
      /^it was for the first deployment after it/,
    ],
    ['it is of another digest', intended({ digest: DIGEST_A })],
    ['it is of other values', intended({ checksum: 'k1:other' })],
  ];
  for (const [title, seen, why] of anew) {
    const other = decided(seen);
    t.same(containerOf(madeBy(other).job).args.includes('--use-plan'), false, title);
    if (why !== undefined) t.match(other.status.plan, { applies: 'Anew', whyAnew: why }, title);
  }
  t.end();
});

t.test('what does not hold any more is planned again', (t) => {
  const old = decided(intended({ finishedAt: iso(-7_200_001) }));
  t.match(
    [old.actions, old.status.plan?.result, old.status.plan?.after, old.status.history?.[0]],
    [
      [{ kind: 'delete-secrets', names: [`${plan().jobName}-plan`] }],
      undefined,
      2,
      {
        result: 'Superseded',
        message: 'no Job was made: the plan that was shown is not applied: it is older than two hours',
      },
    ],
  );

  const refusal = 'release install: plan artifact release revision mismatch: expected 2, got 3';
  const running = intended();
  const { deployment: open, plan: shown } = running.bundle.status ?? {};
  const applied = madeBy(decided(running)).job;
  const ended = (errorLine: string, refusals?: number, by: Parameters<typeof pod>[0] = { exitCode: 1 }): Decision => {
    const of = {
      ...running.bundle,
      status: { ...running.bundle.status, plan: { ...(shown ?? plan()), ...(refusals && { refusals }) } },
    };
    const { metadata } = job(of, open ?? deployment());
    const made = {
      ...applied,
      metadata: { ...applied?.metadata, ...metadata, annotations: applied?.metadata.annotations },
    } as typeof metadata & Job;
    return decided({
      ...running,
      bundle: of,
      job: {
        kind: 'present',
        job: made as never,
        pod: pod(by),
        log: { kind: 'read', tail: '', errorLine },
      },
    });
  };
  const refused = ended(refusal);
  t.match(refused.status, {
    history: [
      {
        number: 2,
        result: 'Superseded',
        message: `werf has not taken the plan that was saved, and has changed nothing: ${refusal}`,
      },
    ],
    plan: { number: 2, after: 2, tag: 'v1.1.0', reason: 'NewTag', refusals: 1 },
  });
  t.match(
    refused.status.conditions?.filter(({ type }) => type === 'Ready'),
    [{ status: 'Unknown', reason: 'Planning' }],
    'nobody who waits is told that it is deployed',
  );
  t.notOk(refused.events.some(({ reason }) => reason === 'Deployed'));
  t.equal(ended(refusal, 2).status.plan?.refusals, 3, 'which is counted');
  for (const by of [{ exitCode: 137, reason: 'OOMKilled' }, { exitCode: 137 }, { exitCode: 2 }])
    t.match(
      ended(refusal, 0, by).status.history?.[0],
      { result: 'Failed' },
      `${JSON.stringify(by)} is no refusal, whatever was said before: something may have been changed`,
    );
  t.match(ended('release install: failed release "x": no space').status.history?.[0], { result: 'Failed' });
  for (const words of [
    'read plan artifact from /x: no',
    'validate plan artifact: plan artifact expired: was valid for 2h0m0s until x',
  ])
    t.ok(isPlanRefusal(`release install: ${words}`), words);
  t.notOk(
    isPlanRefusal('release install: failed release "x": read plan artifact'),
    'what an apply fails with is no refusal',
  );

  const waiting = (finishedAt: string) => {
    const made = { ...lossOf('delete PersistentVolumeClaim/data'), applies: 'Exactly', finishedAt } as const;
    return decided(offered(plannedStatus(made), {}, { deletions: 'Hold' }));
  };
  t.same(
    waiting(iso(-60_000)).recheck,
    { kind: 'at', time: NOW + 7_200_000 - 60_000 + 1 },
    'a plan is looked after as long as it is kept',
  );
  t.match(waiting(iso(-7_200_001)), {
    status: { plan: { applies: 'Anew', whyAnew: 'it is older than two hours', result: 'Made' } },
    actions: [{ kind: 'delete-secrets', names: [`${plan().jobName}-plan`] }],
  });
  t.end();
});

/** Runs the Pod's own script with a program in the place of werf. */
const saving = async (
  dir: string,
  werf: string,
  { path = process.env['PATH'] ?? '', term = false }: { readonly path?: string; readonly term?: boolean } = {},
): Promise<{ readonly code: number | null; readonly log: string }> => {
  const file = join(dir, 'plan.gz');
  const [sh = '', c = '', script = ''] = SAVING_COMMAND;
  const words = [c, script.replace(SAVED_PLAN_FILE, file), 'sh', '/bin/sh', '-c', werf.replaceAll('FILE', file)];
  rmSync(file, { force: true });
  const child = spawn(`/bin/${sh}`, words, { env: { PATH: path }, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stdout.on('data', (chunk: Buffer) => {
    log += chunk.toString();
    if (term && log.includes('ready')) child.kill('SIGTERM');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, log };
};

t.test('the Pod prints what was saved after all that werf says, and ends as werf does', async (t) => {
  const dir = t.testdir({});
  for (const code of [0, 2, 3]) {
    const ended = await saving(
      dir,
      `echo planned; head -c 20000 /dev/zero >FILE; echo "Error: changes" >&2; exit ${code}`,
    );
    const { words, printed } = splitLog(ended.log);
    t.same([ended.code, words.trim()], [code, 'planned\nError: changes'], `exit code ${code}`);
    t.equal(printed, Buffer.alloc(20_000).toString('base64'), 'in one line');
  }
  t.same(await saving(dir, 'echo no >FILE; exit 1'), { code: 1, log: '' }, 'what failed is not looked at');
  t.equal(splitLog((await saving(dir, 'head -c 1000001 /dev/zero >FILE; exit 2')).log).printed, 'larger 1000001');
  t.equal(splitLog((await saving(dir, 'exit 2')).log).printed, '', 'no file');
  const bare = await saving(dir, 'echo saved >FILE; exit 2', { path: '/nowhere' });
  t.same([bare.code, splitLog(bare.log).printed], [2, ''], 'an image without the programs');
  const told = 'trap "echo told >FILE; exit 143" TERM; echo ready; while :; do sleep 0.05; done';
  t.equal((await saving(dir, told, { term: true })).code, 143, 'a signal is passed on');
  for (let tries = 0; tries < 100 && !existsSync(join(dir, 'plan.gz')); tries += 1)
    await new Promise((go) => setTimeout(go, 20));
  t.equal(readFileSync(join(dir, 'plan.gz'), 'utf8'), 'told\n');
});

t.test('what is kept of a plan that is not applied in the end goes before the status says so', (t) => {
  const rows: readonly (readonly [string, Partial<Observation>])[] = [
    ['the image is another now', { platform: { ...platform, werfImage: 'registry.example/werf:2.60.0' } }],
    ['others have changed it', { keptPlan: { kind: 'missing', why: 'it was changed' } }],
  ];
  for (const [title, more] of rows) {
    const { actions, status } = decided({ ...intended(), ...more });
    t.equal(status.plan?.applies, 'Anew', title);
    t.match(actions, [{ kind: 'delete-secrets', names: [`${plan().jobName}-plan`] }, { kind: 'create-job' }], title);
  }
  t.end();
});

t.test('in another namespace the finalizer stays for as long as a plan is kept there', (t) => {
  const target = { deletions: 'Hold', targetNamespace: 'production', serviceAccountName: 'werf' } as const;
  const made = { ...lossOf('delete PersistentVolumeClaim/data'), applies: 'Exactly' } as const;
  const seen = offered(plannedStatus(made), {}, target);
  const metadata = { ...seen.bundle.metadata, finalizers: [FINALIZER] };
  const held = { ...seen, bundle: { ...seen.bundle, metadata } };
  const rows: readonly (readonly [string, Partial<Observation>])[] = [
    ['it waits for an approval', {}],
    ['suspended', { bundle: { ...held.bundle, spec: { ...held.bundle.spec, suspend: true } } }],
    ['the spec is invalid', { spec: { kind: 'invalid', problems: [] } }],
  ];
  for (const [title, more] of rows) t.equal(decided({ ...held, ...more }).finalizer, 'leave', title);
  t.end();
});
