import fc from 'fast-check';
import t from 'tap';
import { ROLLBACK_TO } from '../../api/annotations.js';
import { parseSpec } from '../../api/settings.js';
import { decide } from '../../controller/decide/decide.js';
import { wasStarted } from '../../controller/decide/deployment.js';
import type { Observation } from '../../controller/decide/observation.js';
import { NO_CHANGES } from '../../controller/deploy/plan-changes.js';
import { DIGEST_A, DIGEST_B, failure, selected, tags } from '../kit/builders.js';
import { BundleModel } from '../kit/bundle-model.js';

type Step = (model: BundleModel) => void;

const VOLUME = { kind: 'PersistentVolumeClaim', name: 'data' } as const;
const DIGEST_C = `sha256:${'c'.repeat(64)}`;
const url = 'registry.example/acme/app';
const nothing = { kind: 'nothing-to-deploy', reason: 'NoMatchingTag', message: 'no tag satisfies', tags } as const;
const RETURNS = { converge: { onFailure: 'Return' } } as const;

/** What comes of itself: the registry's answers, ends of Jobs, time, and crashes. */
const NATURE: Readonly<Record<string, Step>> = {
  'offers v1.0.0': (model) => offer(model, 'v1.0.0', DIGEST_A),
  'offers v1.1.0': (model) => offer(model, 'v1.1.0', DIGEST_B),
  'offers v1.2.0': (model) => offer(model, 'v1.2.0', DIGEST_C),
  'offers v1.2.0 with the digest of v1.1.0': (model) => offer(model, 'v1.2.0', DIGEST_B),
  'offers v1.0.0, moved': (model) => offer(model, 'v1.0.0', DIGEST_C),
  'offers nothing': (model) => model.scan(nothing),
  'poll fails': (model) => model.scan(failure()),
  'Job succeeds': (model) => model.endJob(0),
  'Job fails': (model) => model.endJob(1),
  'the next Job is refused': (model) => {
    model.mishap = 'refused';
  },
  'Jobs vanish': (model) => model.loseJobs(),
  'changes values': (model) => model.changeValues(`k1:${model.now}`),
  'values are as at first': (model) => model.changeValues('k1:0'),
  'what is kept is deleted': (model) => model.loseKept(),
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
  'Job ends with 2': (model) => model.endJob(2),
  'plans delete a volume': (model) => {
    model.changes = { ...NO_CHANGES, counts: { ...NO_CHANGES.counts, delete: 1 }, deleted: [VOLUME] };
  },
  'plans delete nothing': (model) => {
    model.changes = NO_CHANGES;
  },
  'ten minutes pass': (model) => {
    model.now += 600_000;
  },
  restart: (model) => model.restart(),
};

/** What people do, who mean other things by it than to let something go. */
const PEOPLE: Readonly<Record<string, Step>> = {
  'two retries': (model) => model.changeSpec({ converge: { ...RETURNS.converge, retries: 2 } }),
  'corrects drift': (model) =>
    model.changeSpec({ converge: { ...RETURNS.converge, driftDetection: { enabled: true, maxRetries: 2 } } }),
  'shows plans': (model) => model.changeSpec({ converge: { ...RETURNS.converge, plan: 'Show' } }),
  'holds deletions': (model) => model.changeSpec({ converge: { ...RETURNS.converge, deletions: 'Hold' } }),
  'approves the plan': (model) => model.annotate({ 'werf.io/approve-plan': model.status.plan?.hash ?? '' }),
  'constraint ~1.1': (model) => model.changeSpec({ registry: { url, versionConstraint: '~1.1' } }),
  'constraint >=1': (model) => model.changeSpec({ registry: { url, versionConstraint: '>=1' } }),
  suspend: (model) => model.changeSpec({ suspend: true }),
  resume: (model) => model.changeSpec({ suspend: false }),
  'asks for a look': (model) => model.annotate({ 'werf.io/reconcile-requested-at': String(model.now) }),
  'asks for a deployment': (model) => model.annotate({ 'werf.io/deploy-requested-at': String(model.now) }),
  'allows downgrades': (model) => model.annotate({ 'werf.io/allow-downgrade': 'true' }),
};

/** What lets go, or rolls back. */
const DECISIONS: Readonly<Record<string, Step>> = {
  'lets go': (model) => model.annotate({ 'werf.io/release-hold-requested-at': String(model.now) }),
  'rolls back to v1.0.0': (model) => model.annotate({ [ROLLBACK_TO]: 'v1.0.0' }),
  'rolls back to v1.1.0': (model) => model.annotate({ [ROLLBACK_TO]: 'v1.1.0' }),
  'follows the registry': (model) => model.annotate({ [ROLLBACK_TO]: '' }),
  stays: (model) => model.changeSpec({ converge: {} }),
  returns: (model) => model.changeSpec(RETURNS),
  'wipes the status': (model) => model.wipeStatus(),
};

const STEPS: Readonly<Record<string, Step>> = { ...NATURE };
Object.assign(STEPS, PEOPLE, DECISIONS);

/** The registry answers for the tag that the bundle wants: to one that is rolled back it offers no other. */
const offer = (model: BundleModel, tag: string, digest: string): void => {
  const wanted = model.decision?.interest?.policy.tag;
  const known = wanted === undefined ? undefined : model.tags.get(wanted);
  if (wanted === undefined || wanted === tag) model.scan(selected(tag, digest));
  else model.scan(known === undefined ? nothing : selected(wanted, known));
};

type Decides = typeof decide;

const played = (steps: readonly string[], decides: Decides = decide): BundleModel => {
  const model = new BundleModel(decides);
  model.changeSpec(RETURNS);
  model.settle();
  for (const step of steps) {
    STEPS[step]?.(model);
    model.settle();
    model.now += 1_000;
  }
  return model;
};

interface Deployed {
  readonly tag: string;
  readonly digest: string;
  readonly checksum: string;
}

/** What failed, and what was returned to. */
interface Held extends Deployed {
  readonly good: Deployed;
}

const isSame = (one: Deployed, other: Deployed): boolean =>
  one.tag === other.tag && one.digest === other.digest && one.checksum === other.checksum;
const isOfValues = ({ digest, good }: Held): boolean => digest === good.digest;
const madeOf = ({ tag, digest = '', checksum = '' }: Partial<Deployed> & { readonly tag: string }): Deployed => ({
  tag,
  digest,
  checksum,
});

/** Whether it is held: the digest or, with what was returned to, the values that failed. */
const holdsBack = (held: Held, made: Deployed, applied: Deployed | undefined): boolean => {
  if (!isOfValues(held) && made.digest === held.digest) return true;
  const isOfGood = made.digest === held.good.digest && applied?.checksum === held.good.checksum;
  return isOfGood && made.checksum === held.checksum && held.checksum !== held.good.checksum;
};

/** The first Job that deployed what was held, by what has happened alone: it does not ask the status what that holds. */
const heldDeployed = ({ story }: BundleModel): string | undefined => {
  let held: readonly Held[] = [];
  let failed: Deployed | undefined;
  let applied: Deployed | undefined;
  for (const happened of story) {
    if (happened.kind === 'let-go') held = [];
    // To name a tag is to let go what it has, but not the values that failed with it.
    if (happened.kind === 'named') held = held.filter((hold) => isOfValues(hold) || hold.tag !== happened.tag);
    if (happened.kind === 'ended') {
      const { result } = happened.ended;
      const ended = madeOf(happened.ended);
      if (result === 'Failed' || result === 'Lost') failed = ended;
      if (result === 'Succeeded') {
        applied = ended;
        held = held.filter((hold) =>
          isSame(hold.good, isOfValues(hold) ? ended : { ...ended, checksum: hold.good.checksum }),
        );
      }
    }
    if (happened.kind === 'made') {
      const { tag, reason, number } = happened.deployment;
      const made = madeOf(happened.deployment);
      if (happened.rollback === tag) held = held.filter((hold) => isOfValues(hold) || hold.digest !== made.digest);
      if (held.some((hold) => holdsBack(hold, made, applied)))
        return `deployment ${number} (${reason}) of ${tag} with ${made.checksum}, which is held`;
      if (
        reason === 'Return' &&
        failed !== undefined &&
        (failed.digest !== made.digest || failed.checksum !== made.checksum)
      )
        held = [...held, { ...failed, good: made }];
    }
  }
  return undefined;
};

/** The first Job that deployed another tag than a person has rolled back to. */
const rollbackUndone = ({ story }: BundleModel): string | undefined => {
  const undone = story.find(
    (happened) =>
      happened.kind === 'made' && happened.rollback !== undefined && happened.rollback !== happened.deployment.tag,
  );
  return undone?.kind === 'made'
    ? `deployment ${undone.deployment.number} of ${undone.deployment.tag}, though rolled back to ${undone.rollback}`
    : undefined;
};

const RETURNED = ['offers v1.0.0', 'Job succeeds', 'offers v1.1.0', 'Job fails', 'Job succeeds'];
/** The same by other values alone, and by other values and another tag. */
const RETURNED_VALUES = [
  'offers v1.0.0',
  'Job succeeds',
  'changes values',
  'offers v1.0.0',
  'Job fails',
  'Job succeeds',
];
const RETURNED_BOTH = ['offers v1.0.0', 'Job succeeds', 'changes values', 'offers v1.1.0', 'Job fails', 'Job succeeds'];
/** Most sequences would not get to the point by themselves. */
const BEGINNINGS = fc.constantFrom<readonly string[]>(
  ...[[], RETURNED.slice(0, 2), RETURNED.slice(0, 4), RETURNED],
  ...[RETURNED_VALUES.slice(0, 5), RETURNED_VALUES, RETURNED_BOTH.slice(0, 5), RETURNED_BOTH],
);

const lawOf =
  (steps: readonly string[], most: number, broken: (model: BundleModel) => string | undefined) => (decides: Decides) =>
    fc.property(BEGINNINGS, fc.array(fc.constantFrom(...steps), { maxLength: most, size: 'max' }), (begun, more) => {
      const model = played([...begun, ...more], decides);
      const told = broken(model);
      if (told !== undefined) throw new Error(told);
      if (decides === decide && model.violations.length > 0) throw new Error(model.violations.join('; '));
    });

const noHeldDeployed = lawOf(Object.keys(STEPS), 16, heldDeployed);
const noOtherValues = lawOf([...Object.keys(NATURE), ...Object.keys(PEOPLE)], 10, ({ violations }) =>
  violations.find((law) => law.startsWith('a Job has')),
);
const noRollbackUndone = lawOf(Object.keys(STEPS), 16, rollbackUndone);

/** It failed, v1.0.0 is deployed again, and from then on only what comes of itself happens; the registry has these two. */
const QUIET = [
  ...['offers v1.0.0', 'offers v1.1.0', 'offers nothing', 'poll fails', 'ten minutes pass', 'restart', 'Job fails'],
  ...['takes values away', 'gives all back', 'suspend', 'resume', 'what is kept is deleted'],
];
/** Another tag may be just what those values were made for. */
const quietAfter = (returned: readonly string[]): readonly string[] =>
  returned === RETURNED_VALUES ? QUIET.filter((step) => step !== 'offers v1.1.0') : QUIET;

const returningRests = (returned: readonly string[]) => (decides: Decides) =>
  fc.property(fc.array(fc.constantFrom(...quietAfter(returned)), { maxLength: 15, size: 'max' }), (steps) => {
    const jobs = ({ story }: BundleModel) => story.filter(({ kind }) => kind === 'made').length;
    const model = played([...returned, ...steps], decides);
    if (jobs(model) !== 3) throw new Error(`${jobs(model)} Jobs, not 3`);
    if (decides === decide && model.violations.length > 0) throw new Error(model.violations.join('; '));
  });

type Status = NonNullable<Observation['bundle']['status']>;

const seenOtherwise = (seen: Observation, change: (status: Status) => Status): Observation => ({
  ...seen,
  bundle: { ...seen.bundle, status: change(seen.bundle.status ?? {}) },
});

/** A controller that forgets what it holds as soon as the return has a Job. */
const forgetsHolds: Decides = (seen) =>
  decide(
    seenOtherwise(seen, ({ holds, ...rest }) => (wasStarted(rest) || holds === undefined ? rest : { ...rest, holds })),
  );

/** A controller that takes the end of a return for the end of what is held. */
const endsWithReturn: Decides = (seen) =>
  decide(
    seenOtherwise(seen, ({ holds, ...rest }) =>
      rest.history?.[0]?.reason === 'Return' || holds === undefined ? rest : { ...rest, holds },
    ),
  );

/** A controller that holds tags, and no values. */
const followsValues: Decides = (seen) =>
  decide(
    seenOtherwise(seen, ({ holds, ...rest }) =>
      holds === undefined ? rest : { ...rest, holds: holds.map((hold) => ({ ...hold, checksum: hold.good.checksum })) },
    ),
  );

/** A controller that returns by name, but with the values that there are. */
const givesPresent: Decides = (seen) => {
  const { kept, jobInputs } = seen;
  return kept?.kind === 'there' && jobInputs?.kind === 'ready'
    ? decide({ ...seen, kept: { ...kept, inputs: jobInputs } })
    : decide(seen);
};

/** A controller that knows nothing of the annotation. */
const followsPolls: Decides = (seen) => {
  const { [ROLLBACK_TO]: _, ...annotations } = seen.bundle.metadata.annotations ?? {};
  const bundle = { ...seen.bundle, metadata: { ...seen.bundle.metadata, annotations } };
  return decide({ ...seen, bundle, spec: parseSpec(bundle) });
};

const holds = (law: fc.IProperty<unknown>, numRuns: number): boolean =>
  !fc.check(law, { numRuns, seed: 20261201 }).failed;

t.test('whatever happens, nothing that is held is deployed', (t) => {
  t.doesNotThrow(() => fc.assert(noHeldDeployed(decide), { numRuns: 1_000 }));
  t.notOk(holds(noHeldDeployed(forgetsHolds), 1_000), 'the law finds out who forgets what is held');
  t.notOk(holds(noHeldDeployed(endsWithReturn), 1_000), 'and who lets it go by having returned');
  t.notOk(holds(noHeldDeployed(followsValues), 1_000), 'and who holds no values');
  t.end();
});

t.test('whatever happens, nothing but a person undoes a rollback by a person', (t) => {
  t.doesNotThrow(() => fc.assert(noRollbackUndone(decide), { numRuns: 1_000 }));
  t.notOk(holds(noRollbackUndone(followsPolls), 1_000), 'the law finds out who follows polls');
  t.end();
});

t.test('a return is the last Job, however the registry goes on: it does not flap', (t) => {
  for (const [how, returned] of Object.entries({ tag: RETURNED, values: RETURNED_VALUES, both: RETURNED_BOTH })) {
    t.doesNotThrow(() => fc.assert(returningRests(returned)(decide), { numRuns: 400 }), how);
    t.notOk(holds(returningRests(returned)(forgetsHolds), 400), `${how}: the law finds out who forgets what is held`);
  }
  for (const returned of [RETURNED_VALUES, RETURNED_BOTH])
    t.notOk(holds(returningRests(returned)(followsValues), 400), 'and who takes the present values for changed ones');
  t.end();
});

t.test('a Job has just the values that its checksum says, be they present or kept', (t) => {
  t.doesNotThrow(() => fc.assert(noOtherValues(decide), { numRuns: 400 }));
  t.notOk(holds(noOtherValues(givesPresent), 400), 'the law finds out who gives a return the present ones');
  t.end();
});
