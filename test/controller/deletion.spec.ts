import t from 'tap';
import { FINALIZER } from '../../api/finalizer.js';
import type { Pod, Stored } from '../../api/objects.js';
import type { StoredBundle, WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import type { Dismissal, Observation } from '../../controller/decide/observation.js';
import {
  bundle,
  deployment,
  historyEntry,
  iso,
  job,
  jobInputs,
  NOW,
  observation,
  pod,
  secretNames,
  syncedStatus,
} from '../kit/builders.js';
import { decided } from '../kit/decided.js';

const RELEASE = 'release my-app in namespace ops';

const going = (
  status: WerfBundleStatus,
  change: { readonly spec?: Partial<WerfBundleSpec>; readonly metadata?: object } = {},
): StoredBundle =>
  bundle(status, {
    spec: { deletionPolicy: 'Dismiss', ...change.spec },
    metadata: { deletionTimestamp: iso(-60_000), finalizers: [FINALIZER], ...change.metadata },
  });

const possible: Dismissal = { kind: 'possible' };

/** The status after so many tries to uninstall, the last of them half a minute ago. */
const afterTries = (...results: readonly ('Failed' | 'Lost' | 'Refused' | 'Succeeded')[]): WerfBundleStatus => {
  const tries = results.map((result, index) =>
    historyEntry(result, {
      number: index + 2,
      reason: 'Dismiss',
      jobName: `dismiss-${index + 1}`,
      finishedAt: iso(-30_000),
      ...(result !== 'Succeeded' && { message: `pod failed with exit code 1: try ${index + 1}` }),
    }),
  );
  const last = deployment({ number: results.length + 1, reason: 'Dismiss', jobName: `dismiss-${results.length}` });
  return syncedStatus({
    deployment: last,
    lastJobName: last.jobName,
    lastJobStatus: 'Failed',
    history: [...tries.toReversed(), historyEntry('Succeeded')],
  });
};

const OPEN_JOB = 'my-app-33333333-44444444';

const running = (reason: 'NewTag' | 'Dismiss' = 'NewTag'): WerfBundleStatus => {
  const open = deployment({ number: 2, reason, jobName: OPEN_JOB });
  return syncedStatus({
    deployment: open,
    activeJobName: open.jobName,
    lastJobName: open.jobName,
    lastJobStatus: 'Running',
  });
};

/** Its only deployment ended so. */
const neverApplied = (result: 'Failed' | 'Refused'): WerfBundleStatus => {
  const { lastAppliedTag: _, ...rest } = syncedStatus({ lastJobStatus: 'Failed', history: [historyEntry(result)] });
  return rest;
};

/** Its only deployment that is told of was refused just now. */
const justRefused = (number: number): WerfBundleStatus => ({
  ...neverApplied('Refused'),
  deployment: deployment({ number }),
  history: [historyEntry('Refused', { number, finishedAt: iso(0) })],
});

const present = (
  status: WerfBundleStatus,
  ended?: { exitCode: number },
  metadata: object = {},
): Extract<Observation['job'], { kind: 'present' }> => {
  const made = job(bundle(status), status.deployment);
  return {
    kind: 'present',
    job: { ...made, metadata: { ...made.metadata, ...metadata } },
    pod: pod(ended),
    log: { kind: 'not-needed' },
  };
};

const hidden: Extract<Observation['job'], { kind: 'blocker' }> = {
  kind: 'blocker',
  reason: 'RightsMissing',
  message: 'the controller lacks a right: get jobs.batch ops/x: forbidden',
};

const waitingPod: Stored<Pod> = {
  ...pod(),
  status: { phase: 'Pending', containerStatuses: [{ name: 'werf', state: { waiting: { reason: 'ErrImagePull' } } }] },
};

/** What is done, and what a person reads of it. */
const outcomeOf = (seen: Observation) => {
  const { actions, cleanup, finalizer, events, finalEvent, status, recheck } = decided(seen);
  return {
    actions: actions.map((action) =>
      action.kind === 'delete-job' ? `delete-job ${action.propagation ?? 'Background'}` : action.kind,
    ),
    cleanup: cleanup.flatMap(({ names }) => names),
    finalizer,
    events: [...events, ...(finalEvent === undefined ? [] : [finalEvent])].map(
      ({ type, reason, message }) => `${type} ${reason}: ${message}`,
    ),
    message: status.conditions?.find(({ type }) => type === 'Reconciling')?.message,
    phase: status.phase,
    number: status.deployment?.number,
    recheck,
  };
};

const SYNCED_JOB = deployment().jobName;
const LET_GO = {
  actions: [],
  cleanup: secretNames(SYNCED_JOB),
  finalizer: 'remove',
  events: [],
  number: 1,
  message: 'the bundle is being deleted',
  phase: 'Synced',
  recheck: { kind: 'on-change' },
};
const UNINSTALLING = {
  message: `uninstalling ${RELEASE}`,
  cleanup: [],
  events: [],
  finalizer: 'leave',
  phase: 'Synced',
};
const notUninstalled = (why: string) => `Warning DismissFailed: ${RELEASE} was not uninstalled: ${why}`;

t.test(
  'a bundle that goes is let go at once, or after an uninstall: that is tried three times, or for ever where it is required',
  async (t) => {
    const required = { metadata: { annotations: { 'werf.io/dismiss-required': 'true' } } };
    const rows: readonly { title: string; seen: Observation; want: Readonly<Record<string, unknown>> }[] = [
      {
        title: 'without our finalizer nothing is to be done: the bundle goes by itself, and its Jobs with it',
        seen: observation(going(syncedStatus(), { metadata: { finalizers: ['someone.example/else'] } })),
        want: { ...LET_GO, cleanup: [], finalizer: 'leave' },
      },
      {
        title: 'Orphan: nothing is uninstalled',
        seen: observation(going(syncedStatus(), { spec: { deletionPolicy: 'Orphan' } })),
        want: LET_GO,
      },
      {
        title: 'Dismiss, and nothing was ever deployed: it goes by itself',
        seen: observation(going({ observedGeneration: 1 }, { metadata: { finalizers: [] } }), { dismissal: possible }),
        want: { actions: [], cleanup: [], finalizer: 'leave', events: [], number: undefined },
      },
      {
        title: 'Dismiss, and the status was lost: the finalizer says that something was deployed',
        seen: observation(going({ observedGeneration: 1 }), { dismissal: possible }),
        want: { ...UNINSTALLING, phase: undefined, actions: [], number: 2, recheck: { kind: 'now' } },
      },
      {
        title: 'Dismiss, and the only Job since the status was lost was refused: that says nothing of those before',
        seen: observation(going(justRefused(2)), { dismissal: possible }),
        want: { ...UNINSTALLING, actions: [], number: 3, recheck: { kind: 'now' } },
      },
      {
        title: 'Dismiss, and the only Job was refused: let go at once',
        seen: observation(going(neverApplied('Refused')), { dismissal: possible }),
        want: LET_GO,
      },
      {
        title: 'Dismiss: a try to uninstall is written down like a deployment, with the next number',
        seen: observation(going(syncedStatus()), { dismissal: possible }),
        want: { ...UNINSTALLING, actions: [], number: 2, recheck: { kind: 'now' } },
      },
      {
        title: 'Dismiss, after a deployment that failed: something may be there',
        seen: observation(going(neverApplied('Failed')), { dismissal: possible }),
        want: { ...UNINSTALLING, actions: [], number: 2 },
      },
      {
        title: 'Dismiss: then its Job is made',
        seen: observation(going({ ...running('Dismiss'), lastJobName: SYNCED_JOB, lastJobStatus: 'Succeeded' }), {
          dismissal: possible,
        }),
        want: { ...UNINSTALLING, actions: ['create-job'], number: 2, recheck: { kind: 'on-change' } },
      },
      {
        title: 'Dismiss: and followed',
        seen: observation(going(running('Dismiss')), { job: present(running('Dismiss')), dismissal: possible }),
        want: {
          ...UNINSTALLING,
          actions: [],
          number: 2,
          recheck: { kind: 'at', time: NOW - 60_000 + 16 * 60_000 },
        },
      },
      {
        title: 'Dismiss: a Job that never starts is ended after ten minutes',
        seen: observation(going(running('Dismiss')), {
          job: { ...present(running('Dismiss')), pod: waitingPod },
          dismissal: possible,
          now: NOW + 9 * 60_000,
        }),
        want: { ...UNINSTALLING, actions: ['delete-job Background'], recheck: { kind: 'now' } },
      },
      {
        title: 'Dismiss: when it has succeeded the bundle is let go, with an event',
        seen: observation(going(afterTries('Succeeded')), { dismissal: possible }),
        want: {
          ...LET_GO,
          cleanup: secretNames('dismiss-1'),
          number: 2,
          events: [`Normal Dismissed: ${RELEASE} is uninstalled`],
        },
      },
      {
        title: 'Dismiss: the second try comes 30s after the first',
        seen: observation(going(afterTries('Failed')), { dismissal: possible }),
        want: { ...UNINSTALLING, actions: [], number: 3, recheck: { kind: 'now' } },
      },
      {
        title: 'Dismiss: the third 2m after the second; meanwhile it is told why',
        seen: observation(going(afterTries('Failed', 'Lost')), { dismissal: possible }),
        want: {
          actions: [],
          finalizer: 'leave',
          events: [],
          number: 3,
          message: `${RELEASE} could not be uninstalled: pod failed with exit code 1: try 2`,
          recheck: { kind: 'at', time: NOW + 90_000 },
        },
      },
      {
        title: 'Dismiss: after the third failure the bundle is let go, with an event',
        seen: observation(going(afterTries('Failed', 'Refused', 'Failed')), { dismissal: possible }),
        want: {
          ...LET_GO,
          cleanup: secretNames('dismiss-3'),
          number: 4,
          events: [notUninstalled('pod failed with exit code 1: try 3')],
        },
      },
      {
        title: 'required: it is not let go, but tried again after 8m, and again',
        seen: observation(going(afterTries('Failed', 'Failed', 'Failed', 'Failed'), required), { dismissal: possible }),
        want: {
          actions: [],
          finalizer: 'leave',
          events: [],
          number: 5,
          message: `${RELEASE} could not be uninstalled: pod failed with exit code 1: try 4`,
          recheck: { kind: 'at', time: NOW + 450_000 },
        },
      },
      {
        title: 'its namespace goes: let go at once, even where the uninstall is required',
        seen: observation(going(syncedStatus(), required), {
          dismissal: { kind: 'pointless', why: 'namespace ops is gone or being deleted' },
        }),
        want: { ...LET_GO, events: [notUninstalled('namespace ops is gone or being deleted')] },
      },
      {
        title: 'what must not be uninstalled is let go, with an event',
        seen: observation(going(syncedStatus()), { dismissal: { kind: 'blocked', why: 'no consent' } }),
        want: { ...LET_GO, events: [notUninstalled('no consent')] },
      },
      {
        title: 'required: it is waited for who can mend that',
        seen: observation(going(syncedStatus(), required), { dismissal: { kind: 'blocked', why: 'no consent' } }),
        want: {
          actions: [],
          finalizer: 'leave',
          events: [],
          number: 1,
          message: `${RELEASE} could not be uninstalled: no consent`,
          recheck: { kind: 'at', time: NOW + 30_000 },
        },
      },
      {
        title: 'a Job that waits gives way at once, and nothing of it is left',
        seen: observation(going(running()), { job: { ...present(running()), pod: waitingPod }, dismissal: possible }),
        want: { actions: ['delete-job Background', 'delete-secrets'], finalizer: 'leave', recheck: { kind: 'now' } },
      },
      {
        title: 'an intent without a Job is not carried out any more',
        seen: observation(going({ ...running(), lastJobName: SYNCED_JOB, lastJobStatus: 'Succeeded' }), {
          dismissal: possible,
        }),
        want: { actions: ['delete-secrets'], finalizer: 'leave', recheck: { kind: 'now' } },
      },
      {
        title: 'Orphan: a Job that runs is stopped, wherever it runs',
        seen: observation(going(running(), { spec: { deletionPolicy: 'Orphan' } }), { job: present(running()) }),
        want: { actions: ['delete-job Background', 'delete-secrets'], finalizer: 'leave', recheck: { kind: 'now' } },
      },
      {
        title: 'Dismiss: a Job that runs is stopped, and its end is waited for',
        seen: observation(going(running()), { job: present(running()), dismissal: possible }),
        want: {
          actions: ['delete-job Foreground'],
          finalizer: 'leave',
          number: 2,
          message: 'stops Job my-app-33333333-44444444, then the bundle goes',
          recheck: { kind: 'at', time: NOW + 120_000 },
        },
      },
      {
        title: 'Dismiss: that it runs is written down first, if it was not',
        seen: observation(going({ ...running(), lastJobName: SYNCED_JOB, lastJobStatus: 'Succeeded' }), {
          job: present(running()),
          dismissal: possible,
        }),
        want: { actions: [], finalizer: 'leave', number: 2, recheck: { kind: 'now' } },
      },
      {
        title: 'Dismiss: it is told to stop once',
        seen: observation(going(running()), {
          job: present(running(), undefined, { deletionTimestamp: iso(-10_000) }),
          dismissal: possible,
        }),
        want: { actions: [], recheck: { kind: 'at', time: NOW + 110_000 } },
      },
      {
        title: 'Dismiss: a Pod whose node is gone is not waited for longer than two minutes',
        seen: observation(going(running()), {
          job: present(running(), undefined, { deletionTimestamp: iso(-121_000) }),
          dismissal: possible,
        }),
        want: { actions: ['delete-job Background', 'delete-secrets'], recheck: { kind: 'now' } },
      },
      {
        title: 'a Job that has ended meanwhile is recorded, and then the bundle goes its way',
        seen: observation(going(running()), { job: present(running(), { exitCode: 0 }), dismissal: possible }),
        want: { actions: [], finalizer: 'leave', recheck: { kind: 'now' } },
      },
      {
        title: 'a Job that may not be looked at keeps no bundle: an event says what is left',
        seen: observation(going(running(), { spec: { deletionPolicy: 'Orphan' } }), { job: hidden }),
        want: {
          actions: [],
          cleanup: secretNames(OPEN_JOB),
          finalizer: 'remove',
          recheck: { kind: 'on-change' },
          events: [
            `Warning RightsMissing: Job ${OPEN_JOB} in namespace ops could not be stopped and tidied up: ${hidden.message}`,
          ],
        },
      },
      {
        title: 'without our finalizer it goes by itself all the same',
        seen: observation(going(running(), { metadata: { finalizers: [] } }), { job: hidden }),
        want: { actions: [], finalizer: 'leave', events: [], recheck: { kind: 'on-change' } },
      },
      {
        title: 'Dismiss: its release is uninstalled if that can be done',
        seen: observation(going(running()), { job: hidden, dismissal: possible }),
        want: { actions: [], finalizer: 'leave', events: [], recheck: { kind: 'now' } },
      },
      {
        title: 'required: it is waited for who gives the right',
        seen: observation(going(running(), required), { job: hidden, dismissal: possible }),
        want: {
          actions: [],
          finalizer: 'leave',
          events: [],
          message: `Job ${OPEN_JOB} in namespace ops could not be stopped and tidied up: ${hidden.message}`,
          recheck: { kind: 'at', time: NOW + 30_000 },
        },
      },
      {
        title: 'Dismiss: the Job that uninstalls may not be looked at',
        seen: observation(going(running('Dismiss')), { job: hidden, dismissal: possible }),
        want: { actions: [], finalizer: 'remove', events: [notUninstalled(hidden.message)] },
      },
      {
        title: 'required: and that is waited for, too',
        seen: observation(going(running('Dismiss'), required), { job: hidden, dismissal: possible }),
        want: {
          actions: [],
          finalizer: 'leave',
          events: [],
          recheck: { kind: 'at', time: NOW + 30_000 },
          message: `${RELEASE} could not be uninstalled: ${hidden.message}`,
        },
      },
      {
        title: 'a suspended bundle goes as any other',
        seen: observation(going(syncedStatus(), { spec: { suspend: true } }), { dismissal: possible }),
        want: { ...UNINSTALLING, actions: [], number: 2 },
      },
    ];
    for (const { title, seen, want } of rows) {
      const got = outcomeOf(seen);
      const chosen = Object.fromEntries(Object.keys(want).map((key) => [key, got[key as keyof typeof got]]));
      t.strictSame(chosen, want, title);
    }
  },
);

t.test('a bundle has the finalizer as long as it must not go unseen, and no longer', async (t) => {
  const elsewhere = { converge: { targetNamespace: 'production', serviceAccountName: 'werf' } };
  const open = { ...running(), lastJobName: SYNCED_JOB, lastJobStatus: 'Succeeded' } as const;
  const held = { metadata: { finalizers: [FINALIZER] } };
  const rows: readonly { title: string; of: StoredBundle; want: [string, string[]] }[] = [
    { title: 'Orphan, deployed', of: bundle(syncedStatus()), want: ['leave', []] },
    { title: 'Orphan, deploying into its own namespace', of: bundle(open), want: ['leave', ['create-job']] },
    {
      title: 'Dismiss, nothing deployed',
      of: bundle(undefined, { spec: { deletionPolicy: 'Dismiss' } }),
      want: ['leave', []],
    },
    {
      title: 'Dismiss, before its first Job is made',
      of: bundle(open, { spec: { deletionPolicy: 'Dismiss' } }),
      want: ['add', []],
    },
    {
      title: 'Dismiss, deploying',
      of: bundle(open, { spec: { deletionPolicy: 'Dismiss' }, ...held }),
      want: ['leave', ['create-job']],
    },
    {
      title: 'Dismiss, set after it was deployed',
      of: bundle(syncedStatus(), { spec: { deletionPolicy: 'Dismiss' } }),
      want: ['add', []],
    },
    {
      title: 'Dismiss, and the status was lost',
      of: bundle(undefined, { spec: { deletionPolicy: 'Dismiss' }, ...held }),
      want: ['leave', []],
    },
    {
      title: 'Dismiss, and the only Job was refused',
      of: bundle(justRefused(1), { spec: { deletionPolicy: 'Dismiss' }, ...held }),
      want: ['remove', []],
    },
    {
      title: 'Dismiss, and the only Job since the status was lost was refused',
      of: bundle(justRefused(2), { spec: { deletionPolicy: 'Dismiss' }, ...held }),
      want: ['leave', []],
    },
    { title: 'no more Dismiss', of: bundle(syncedStatus(), held), want: ['remove', []] },
    { title: 'another namespace, before the Job is made', of: bundle(open, { spec: elsewhere }), want: ['add', []] },
    {
      title: 'another namespace, deploying',
      of: bundle(open, { spec: elsewhere, ...held }),
      want: ['leave', ['create-job']],
    },
    {
      title: 'another namespace, deployed',
      of: bundle(syncedStatus(), { spec: elsewhere, ...held }),
      want: ['remove', []],
    },
  ];
  for (const { title, of, want } of rows) {
    const { finalizer, actions } = decided(observation(of, { jobInputs: jobInputs() }));
    t.strictSame([finalizer, actions.map(({ kind }) => kind)], want, title);
  }
});
