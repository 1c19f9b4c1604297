import fc from 'fast-check';
import t from 'tap';
import { decide } from '../../controller/decide/decide.js';
import type { FindingKind } from '../../controller/decide/finding.js';
import { NO_CHANGES } from '../../controller/deploy/plan-changes.js';
import { DIGEST_A, DIGEST_B, failure, selected, tags } from '../kit/builders.js';
import { BundleModel } from '../kit/bundle-model.js';

type Step = (model: BundleModel) => void;

const nothing = { kind: 'nothing-to-deploy', reason: 'NoMatchingTag', message: 'no tag satisfies', tags } as const;
const registry = { url: 'registry.example/acme/app' };

const VOLUME = { kind: 'PersistentVolumeClaim', name: 'data' } as const;

/** What may happen, by name: a sequence that breaks a law is printed. */
const STEPS: Readonly<Record<string, Step>> = {
  'offers v1.0.0': (model) => model.scan(selected()),
  'offers v1.1.0': (model) => model.scan(selected('v1.1.0', DIGEST_B)),
  'offers v1.1.0, moved': (model) => model.scan(selected('v1.1.0', DIGEST_A)),
  'offers nothing': (model) => model.scan(nothing),
  'poll fails': (model) => model.scan(failure()),
  'poll fails six times': (model) => {
    for (let count = 0; count < 6; count += 1) {
      model.scan(failure());
      model.settle();
    }
  },
  'Job succeeds': (model) => model.endJob(0),
  'Job fails': (model) => model.endJob(1),
  'Job ends with 2': (model) => model.endJob(2),
  'werf refuses the saved plan': (model) =>
    model.endJob(1, 'release install: plan artifact release revision mismatch: expected 2, got 3'),
  'others delete what is kept': (model) => model.kept.clear(),
  'others let nothing be kept': (model) => {
    model.keepsNothing = true;
  },
  'three hours pass': (model) => {
    model.now += 3 * 60 * 60_000;
  },
  'tells of drift': (model) => model.changeSpec({ converge: { driftDetection: { enabled: true, correct: false } } }),
  'corrects drift': (model) => model.changeSpec({ converge: { driftDetection: { enabled: true, maxRetries: 2 } } }),
  'looks for no drift': (model) => model.changeSpec({ converge: {} }),
  'shows plans': (model) => model.changeSpec({ converge: { plan: 'Show' } }),
  'shows plans, corrects drift': (model) =>
    model.changeSpec({ converge: { plan: 'Show', driftDetection: { enabled: true, maxRetries: 2 } } }),
  'holds deletions': (model) => model.changeSpec({ converge: { deletions: 'Hold' } }),
  'holds deletions, corrects drift': (model) =>
    model.changeSpec({ converge: { deletions: 'Hold', driftDetection: { enabled: true, maxRetries: 2 } } }),
  'plans delete a volume': (model) => {
    model.changes = { ...NO_CHANGES, counts: { ...NO_CHANGES.counts, delete: 1 }, deleted: [VOLUME] };
  },
  'plans delete nothing': (model) => {
    model.changes = { ...NO_CHANGES, counts: { ...NO_CHANGES.counts, update: 1 } };
  },
  'plans do not say what': (model) => {
    model.changes = undefined;
  },
  'approves the plan': (model) => model.annotate({ 'werf.io/approve-plan': model.status.plan?.hash ?? '' }),
  'the next Job is refused': (model) => {
    model.mishap = 'refused';
  },
  'the next name is taken': (model) => {
    model.mishap = 'taken';
  },
  'Jobs vanish': (model) => model.loseJobs(),
  'constraint ~1.0': (model) => model.changeSpec({ registry: { ...registry, versionConstraint: '~1.0' } }),
  'constraint >=1': (model) => model.changeSpec({ registry: { ...registry, versionConstraint: '>=1' } }),
  'constraint >=2': (model) => model.changeSpec({ registry: { ...registry, versionConstraint: '>=2' } }),
  'invalid spec': (model) => model.changeSpec({ registry: { url: 'https://x/y' } }),
  'two retries': (model) => model.changeSpec({ converge: { retries: 2 } }),
  returns: (model) => model.changeSpec({ converge: { onFailure: 'Return' } }),
  'lets go': (model) => model.annotate({ 'werf.io/release-hold-requested-at': String(model.now) }),
  'rolls back to v1.0.0': (model) => model.annotate({ 'werf.io/rollback-to': 'v1.0.0' }),
  'follows the registry': (model) => model.annotate({ 'werf.io/rollback-to': '' }),
  'is deleted': (model) => model.delete(),
  suspend: (model) => model.changeSpec({ suspend: true }),
  resume: (model) => model.changeSpec({ suspend: false }),
  'suspends all': (model) => {
    model.suspendAll = true;
  },
  'resumes all': (model) => {
    model.suspendAll = false;
  },
  'asks for a look': (model) => model.annotate({ 'werf.io/reconcile-requested-at': String(model.now) }),
  'asks for a deployment': (model) => model.annotate({ 'werf.io/deploy-requested-at': String(model.now) }),
  'allows downgrades': (model) => model.annotate({ 'werf.io/allow-downgrade': 'true' }),
  'changes values': (model) => model.changeValues(`k1:${model.now}`),
  'takes credentials away': (model) => {
    model.blocker = 'access';
  },
  'takes values away': (model) => {
    model.blocker = 'jobInputs';
  },
  'gives all back': (model) => {
    model.blocker = undefined;
  },
  'schemas refuse the values': (model) => {
    model.refuses = true;
  },
  'schemas accept the values': (model) => {
    model.refuses = false;
  },
  'polls are held back': (model) => {
    model.heldBack = 'breaker';
  },
  'polls are held back for another reason': (model) => {
    model.heldBack = 'retry-after';
  },
  'polls go on': (model) => {
    model.heldBack = undefined;
  },
  'a minute passes': (model) => {
    model.now += 60_000;
  },
  'ten minutes pass': (model) => {
    model.now += 600_000;
  },
  'resets the counter': (model) => model.patchStatus({ consecutiveFailures: 0 }),
  'wipes the status': (model) => model.wipeStatus(),
  restart: (model) => model.restart(),
};

/** What is deleted does not come back: that has a row of its own. */
const happening = Object.keys(STEPS).filter((step) => step !== 'is deleted');
const names = fc.array(fc.constantFrom(...happening), { maxLength: 25, size: 'max' });

const played = (steps: readonly string[], by?: ConstructorParameters<typeof BundleModel>[0]): BundleModel => {
  const model = new BundleModel(by);
  model.settle();
  for (const step of steps) {
    STEPS[step]?.(model);
    model.settle();
    model.now += 1_000;
  }
  return model;
};

/** Somebody mends what only a person can mend, asks for a look, and from then on all goes well. */
const heal = (model: BundleModel): void => {
  model.blocker = undefined;
  model.refuses = false;
  model.heldBack = undefined;
  model.mishap = undefined;
  model.suspendAll = false;
  model.changeSpec({ registry: { ...registry, versionConstraint: '>=1' }, converge: {}, suspend: false });
  model.annotate({ 'werf.io/reconcile-requested-at': 'healed', 'werf.io/rollback-to': '' });
  for (let step = 0; step < 12; step += 1) {
    model.settle();
    model.endJob(0);
    model.settle();
    model.scan(selected('v2.0.0', DIGEST_B));
    const recheck = model.decision?.recheck;
    model.now = recheck?.kind === 'at' ? Math.max(model.now + 1_000, recheck.time) : model.now + 60_000;
  }
  model.settle();
};

/** A row of the table of situations: what leads to it, and what out of it. */
interface Way {
  readonly into: readonly string[];
  /** Phase, then Ready, Reconciling and Stalled, as far as they are there. */
  readonly told: string;
  /** Left out: nothing leads out of it but the end of the object. */
  readonly out?: { readonly steps: readonly string[]; readonly told: string };
}

const DEPLOYED = ['offers v1.0.0', 'Job succeeds'];
const SYNCED = 'Synced, Ready True Deployed';
const DEPLOYING = 'Syncing, Ready Unknown Deploying, Reconciling True Deploying';
const PLANNING = 'Syncing, Ready Unknown Planning, Reconciling True Planning';
const THREE_FAILURES = ['Job fails', 'ten minutes pass', 'Job fails', 'ten minutes pass', 'Job fails'];
const NEW = 'Syncing, Ready Unknown FirstScan, Reconciling True FirstScan';

const LATER = ['ten minutes pass', 'ten minutes pass'];

const WAYS: Readonly<Record<FindingKind, Way>> = {
  deleting: { into: [...DEPLOYED, 'is deleted'], told: 'Synced, Ready True Deployed, Reconciling True Deleting' },
  'suspended-deployed': {
    into: [...DEPLOYED, 'suspend'],
    told: 'Synced, Suspended True Suspended, Ready True Deployed',
    out: { steps: ['resume', 'offers v1.0.0'], told: SYNCED },
  },
  'suspended-new': {
    into: ['suspend'],
    told: 'Syncing, Suspended True Suspended',
    out: { steps: ['resume'], told: NEW },
  },
  'held-up-deployed': {
    into: [...DEPLOYED, 'suspends all'],
    told: 'Synced, Suspended True Suspended, Ready True Deployed',
    out: { steps: ['resumes all', 'offers v1.0.0'], told: SYNCED },
  },
  'held-up-new': {
    into: ['suspends all'],
    told: 'Syncing, Suspended True Suspended, Ready False Suspended',
    out: { steps: ['resumes all'], told: NEW },
  },
  'spec-invalid': {
    into: ['invalid spec'],
    told: 'Failed, Ready False SpecInvalid, Stalled True SpecInvalid',
    out: { steps: ['constraint >=1'], told: NEW },
  },
  blocker: {
    into: ['takes values away', 'offers v1.0.0'],
    told: 'Failed, Ready False ValuesInvalid, Stalled True ValuesInvalid',
    out: { steps: ['gives all back', 'offers v1.0.0'], told: DEPLOYING },
  },
  'job-active': {
    into: ['offers v1.0.0'],
    told: DEPLOYING,
    out: { steps: ['Job succeeds'], told: SYNCED },
  },
  'approval-awaited': {
    into: [...DEPLOYED, 'holds deletions', 'plans delete a volume', 'offers v1.1.0', 'Job ends with 2'],
    told: 'Syncing, Ready False ApprovalAwaited',
    out: { steps: ['approves the plan'], told: DEPLOYING },
  },
  'plan-withheld': {
    into: ['holds deletions', 'offers v1.0.0', ...THREE_FAILURES],
    told: 'Failed, Ready False PlanFailed, Stalled True PlanFailed',
    out: { steps: ['asks for a look', 'offers v1.0.0'], told: PLANNING },
  },
  'polling-stopped': {
    into: [...DEPLOYED, 'poll fails six times'],
    told: 'Failed, Ready False PollingStopped, Stalled True PollingStopped',
    out: { steps: ['resets the counter', 'offers v1.0.0'], told: SYNCED },
  },
  'values-refused': {
    into: [...DEPLOYED, 'schemas refuse the values', 'offers v1.1.0'],
    told: 'Failed, Ready False ValuesRefused, Stalled True ValuesRefused',
    out: { steps: ['schemas accept the values', 'offers v1.1.0'], told: DEPLOYING },
  },
  'job-retry': {
    into: ['two retries', 'offers v1.0.0', 'Job fails'],
    told: 'Syncing, Ready False DeployFailed, Reconciling True ProgressingWithRetry',
    out: { steps: ['a minute passes'], told: DEPLOYING },
  },
  'job-failed': {
    into: ['offers v1.0.0', 'Job fails'],
    told: 'Failed, Ready False DeployFailed, Stalled True DeployFailed',
    out: { steps: ['asks for a look', 'offers v1.0.0'], told: DEPLOYING },
  },
  returned: {
    into: ['returns', ...DEPLOYED, 'offers v1.1.0', 'Job fails', 'Job succeeds'],
    told: 'Failed, Ready False Returned, Stalled True Returned, Held True Returned',
    out: { steps: ['lets go', 'offers v1.1.0'], told: DEPLOYING },
  },
  'polls-failing-new': {
    into: ['poll fails'],
    told: 'Syncing, Ready False PollFailed, Reconciling True ProgressingWithRetry',
    out: { steps: ['offers v1.0.0'], told: DEPLOYING },
  },
  'polls-failing-deployed': {
    into: [...DEPLOYED, 'poll fails'],
    told: 'Syncing, Ready True PollFailed',
    out: { steps: ['offers v1.0.0'], told: SYNCED },
  },
  'nothing-to-deploy': {
    into: [...DEPLOYED, 'offers nothing', 'offers nothing'],
    told: 'Failed, Ready False NoMatchingTag, Stalled True NoMatchingTag',
    out: { steps: ['offers v1.0.0'], told: SYNCED },
  },
  'downgrade-held': {
    into: ['offers v1.1.0', 'Job succeeds', 'offers v1.0.0'],
    told: 'Synced, Ready True DowngradeHeld',
    out: { steps: ['allows downgrades', 'offers v1.0.0', 'offers v1.0.0'], told: DEPLOYING },
  },
  'first-scan': { into: [], told: NEW, out: { steps: ['offers v1.0.0'], told: DEPLOYING } },
  drifted: {
    into: [...DEPLOYED, 'tells of drift', 'offers v1.0.0', ...LATER, 'Job ends with 2'],
    told: 'Synced, Ready True Drifted, Drifted True Drifted',
    out: { steps: ['corrects drift', 'offers v1.0.0'], told: `${DEPLOYING}, Drifted True Drifted` },
  },
  synced: { into: DEPLOYED, told: SYNCED, out: { steps: ['offers v1.1.0'], told: DEPLOYING } },
};

const toldBy = ({ status }: BundleModel): string => {
  const conditions = (status.conditions ?? []).filter(({ type }) => type !== 'RegistryReachable');
  return [status.phase, ...conditions.map(({ type, status: is, reason }) => `${type} ${is} ${reason}`)].join(', ');
};

t.test('each row of the table of situations has a way in, and a way out', (t) => {
  for (const [kind, { into, told, out }] of Object.entries(WAYS)) {
    const model = played(into);
    t.equal(toldBy(model), told, `${kind}: ${into.join(', ')}`);
    model.now += 1_000;
    model.restart();
    model.settle();
    t.equal(toldBy(model), told, `${kind}: a restart changes nothing`);
    if (out === undefined) continue;
    for (const step of out.steps) {
      STEPS[step]?.(model);
      model.settle();
    }
    t.equal(toldBy(model), out.told, `${kind}: ${out.steps.join(', ')}`);
    t.strictSame(model.violations, []);
  }
  t.end();
});

t.test('what failed is not tried again once the spec takes another tag only, and is told of no more', (t) => {
  const model = played(['two retries', 'offers v1.0.0', 'Job fails', 'constraint >=2', 'offers nothing', ...LATER]);
  t.equal(toldBy(model), 'Failed, Ready False NoMatchingTag, Stalled True NoMatchingTag');
  t.strictSame([model.status.deployment?.number, model.violations], [1, []]);
  const without = played([
    ...['offers v1.0.0', 'Job fails', 'takes values away', 'ten minutes pass', 'two retries', 'constraint >=2'],
    'offers nothing',
  ]);
  t.equal(toldBy(without), 'Failed, Ready False NoMatchingTag, Stalled True NoMatchingTag', 'nothing is needed for it');
  t.strictSame(without.violations, []);
  t.end();
});

t.test('whatever happens, what is decided stands, is told and done once, and one Job runs at a time', (t) => {
  const law = fc.property(names, (steps) => {
    const { violations } = played(steps);
    if (violations.length > 0) throw new Error(violations.join('; '));
  });
  t.doesNotThrow(() => fc.assert(law, { numRuns: 4000 }));
  t.end();
});

t.test('from wherever a bundle has got to, a world that is well leads to Synced', (t) => {
  const law = fc.property(names, (steps) => {
    const model = played(steps);
    heal(model);
    const { phase, lastAppliedTag, conditions } = model.status;
    const told = [
      phase,
      lastAppliedTag,
      ...(conditions ?? []).map(({ type, status, reason }) => `${type} ${status} ${reason}`),
    ];
    const want = ['Synced', 'v2.0.0', 'Ready True Deployed', 'RegistryReachable True Polled'];
    if (told.join() !== want.join() || model.violations.length > 0)
      throw new Error([told.join(), ...model.violations].join('; '));
  });
  t.doesNotThrow(() => fc.assert(law, { numRuns: 300 }));
  t.end();
});

/** Sequences in which plans are asked for, sooner or later. */
const planning = fc
  .tuple(
    names,
    fc.constantFrom('shows plans', 'shows plans, corrects drift'),
    fc.constantFrom([], ['offers v1.1.0', 'Job ends with 2'], ['offers v1.1.0', 'Job ends with 2', 'Job fails']),
    names,
  )
  .map(([before, asks, planned, after]) => [...before, asks, ...planned, ...after]);

/** What was planned fails, and is to be tried again with other values. */
const RETRIED = [
  ...['offers v1.0.0', 'Job succeeds', 'shows plans', 'offers v1.1.0', 'Job ends with 2', 'Job fails'],
  ...['changes values', 'a minute passes', 'asks for a look', 'offers v1.1.0'],
];

/** A controller that has never heard of plans. */
const blind: typeof decide = (seen) => {
  const { spec } = seen;
  if (spec.kind === 'invalid') return decide(seen);
  const { settings } = spec;
  const converge = { ...settings.converge, plan: 'Never', deletions: 'Allow' } as const;
  return decide({ ...seen, spec: { kind: 'valid', settings: { ...settings, converge } } });
};

/** A controller that believes that each plan is of what is due now. */
const careless: typeof decide = (seen) => {
  const { status = {} } = seen.bundle;
  const { plan } = status;
  if (plan?.result === undefined || seen.jobInputs?.kind !== 'ready') return decide(seen);
  const believed = { ...plan, checksum: seen.jobInputs.checksum };
  return decide({ ...seen, bundle: { ...seen.bundle, status: { ...status, plan: believed } } });
};

t.test('where plans are asked for, nothing is deployed that nobody could have seen', (t) => {
  const law = (by: typeof decide) =>
    fc.property(planning, (steps) => {
      const { violations } = played(steps, by);
      if (violations.length > 0) throw new Error(violations.join('; '));
    });
  t.doesNotThrow(() => fc.assert(law(decide), { numRuns: 1_000 }));
  for (const broken of [blind, careless]) {
    const { failed, errorInstance } = fc.check(law(broken), { numRuns: 1_000, examples: [[RETRIED]] });
    t.ok(failed && /nobody has seen what it changes/.test(String(errorInstance)), `the law holds ${broken.name}`);
  }
  t.end();
});

/** A controller that believes whatever is kept. */
const believing: typeof decide = (seen) => {
  const { plan } = seen.bundle.status ?? {};
  if (seen.keptPlan === undefined || plan === undefined) return decide(seen);
  return decide({ ...seen, keptPlan: { kind: 'kept', plan, artifact: Buffer.from('another').toString('base64') } });
};

/** A controller that plans anew, and says that it does not. */
const boasting: typeof decide = (seen) => {
  const missing = { kind: 'missing', why: 'forgotten' } as const;
  const decision = decide(seen.keptPlan === undefined ? seen : { ...seen, keptPlan: missing });
  if (decision.kind === 'needs' || decision.status.plan?.whyAnew !== missing.why) return decision;
  return { ...decision, status: { ...decision.status, plan: { ...decision.status.plan, applies: 'Exactly' } } };
};

t.test(
  'what is applied is the plan that was shown, just as it was saved, or the status says that it is made anew',
  (t) => {
    const applied = (by?: typeof decide) =>
      played(['shows plans', 'offers v1.1.0', 'Job ends with 2', 'Job succeeds', 'offers v1.0.0'], by);
    t.strictSame([applied().violations, applied().exact], [[], 1], 'it is');
    t.match(applied(believing).violations, [/applies another plan than the one that was shown/]);
    t.match(applied(boasting).violations, [/does not apply the plan, and the status says it does/]);
    const refused = played([
      ...['shows plans', 'offers v1.1.0'],
      ...['Job ends with 2', 'werf refuses the saved plan', 'Job ends with 2', 'werf refuses the saved plan'],
      ...['Job ends with 2', 'werf refuses the saved plan', 'Job ends with 2', 'Job succeeds'],
    ]);
    t.match(refused.status, { lastAppliedTag: 'v1.1.0', plan: { number: 4, applies: 'Anew', refusals: 3 } });
    t.strictSame([refused.violations, refused.exact], [[], 3], 'there is an end to it');
    const law = fc.property(planning, (steps) => {
      // Of a status that was lost nobody knows what was kept for it: that goes with the bundle.
      const model = played(steps.filter((step) => step !== 'wipes the status'));
      heal(model);
      const left = [...model.kept.keys()];
      if (model.violations.length > 0 || left.length > 0) throw new Error([...model.violations, ...left].join('; '));
    });
    t.doesNotThrow(() => fc.assert(law, { numRuns: 500 }), 'and what is kept for it goes');
    t.end();
  },
);

/** Sequences in which deletions are held, sooner or later. */
const holding = fc
  .tuple(
    names,
    fc.constantFrom('holds deletions', 'holds deletions, corrects drift'),
    fc.constantFrom([], ['plans delete a volume', 'offers v1.1.0', 'Job ends with 2']),
    names,
  )
  .map(([before, holds, planned, after]) => [...before, holds, ...planned, ...after]);

/** A controller that takes each plan for approved. */
const trusting: typeof decide = (seen) => {
  const { bundle } = seen;
  const annotations = { ...bundle.metadata.annotations, 'werf.io/approve-plan': bundle.status?.plan?.hash ?? '' };
  return decide({ ...seen, bundle: { ...bundle, metadata: { ...bundle.metadata, annotations } } });
};

/** A controller that shows plans, and holds nothing. */
const showing: typeof decide = (seen) => {
  const { spec } = seen;
  if (spec.kind === 'invalid') return decide(seen);
  const { settings } = spec;
  const converge = { ...settings.converge, plan: 'Show', deletions: 'Allow' } as const;
  return decide({ ...seen, spec: { kind: 'valid', settings: { ...settings, converge } } });
};

t.test(
  'where deletions are held, nothing is deployed that would delete what is guarded without its own approval',
  (t) => {
    const law = (by: typeof decide) =>
      fc.property(holding, (steps) => {
        const { violations } = played(steps, by);
        if (violations.length > 0) throw new Error(violations.join('; '));
      });
    t.doesNotThrow(() => fc.assert(law(decide), { numRuns: 1_000 }));
    for (const broken of [trusting, showing, blind]) {
      const { failed, errorInstance } = fc.check(law(broken), { numRuns: 1_000 });
      t.ok(
        failed && /nobody has approved it|without a plan/.test(String(errorInstance)),
        `the law holds ${broken.name}`,
      );
    }
    t.end();
  },
);
