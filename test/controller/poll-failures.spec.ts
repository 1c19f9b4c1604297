import t from 'tap';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import type { Observation } from '../../controller/decide/observation.js';
import { mergePatchOf } from '../../controller/decide/status-patch.js';
import {
  bundle,
  DIGEST_B,
  delivery,
  failure,
  iso,
  jobInputs,
  NOW,
  observation,
  platform,
  reachable,
  selected,
  syncedStatus,
} from '../kit/builders.js';
import { decided } from '../kit/decided.js';
import { failing, REQUEST } from '../kit/deciding-statuses.js';

t.test(
  'failed polls are tried again after 30 s, 1, 2, 4 and 8 min, and the sixth failure stops polling, as the guide has it',
  async (t) => {
    const waits = ['30s', '1m', '2m', '4m', '8m'];
    for (const [index, wait] of waits.entries()) {
      const { status } = decided(
        observation(bundle(failing(index)), { delivery: delivery(failure('401 unauthorized')) }),
      );
      t.equal(status.consecutiveFailures, index + 1, `failure ${index + 1} is counted`);
      t.equal(status.lastErrorMessage, 'error polling registry: 401 unauthorized (registry.example/acme/app)');
      t.equal(status.lastErrorTime, iso(0));
      t.equal(
        Date.parse(status.nextAttemptTime ?? '') - NOW,
        ([30, 60, 120, 240, 480][index] as number) * 1000,
        `the next poll comes after ${wait}`,
      );
      t.match(
        status.conditions?.find(({ type }) => type === 'RegistryReachable')?.message,
        `failure ${index + 1} of 6, next try after ${wait}`,
      );
    }
    const sixth = decided(observation(bundle(failing(5)), { delivery: delivery(failure('404 not found')) })).status;
    t.equal(sixth.consecutiveFailures, 6);
    t.equal(sixth.nextAttemptTime, undefined, 'after the sixth there is no next poll');
    const later = decided(
      observation(bundle(failing(1)), {
        delivery: delivery(failure('429 too many requests', { retryAfterMs: 300_000 })),
      }),
    ).status;
    t.equal(later.nextAttemptTime, iso(300_000), 'a later Retry-After wins');
    const scaled = { ...platform, timeScale: 10 };
    const quick = decided(observation(bundle(failing(0)), { delivery: delivery(failure()), platform: scaled })).status;
    t.equal(quick.nextAttemptTime, iso(3_000), 'the time scale divides the wait');
  },
);

/** Polling has stopped, with the credentials that {@link observation} has, unless the change says otherwise. */
const stopped = (change: WerfBundleStatus = {}): WerfBundleStatus => {
  const sixth = decided(
    observation(bundle(syncedStatus({ consecutiveFailures: 5 })), { delivery: delivery(failure()) }),
  );
  return { ...sixth.status, ...change };
};
/** The first poll of a bundle has failed. */
const failedNew = (): WerfBundleStatus =>
  decided(observation(bundle({ observedGeneration: 1 }), { delivery: delivery(failure()) })).status;
const other = { kind: 'basic', username: 'robot', password: 'another' } as const;
const registry = { host: 'registry.example', repository: 'acme/app', insecure: false };
const withAccess = (target: object): Partial<Observation> => ({
  access: { kind: 'ready', target: { ...registry, ...target }, origin: { kind: 'no-secret' }, dockerConfig: undefined },
});
const hourly = { ...platform, failedRetryIntervalMs: 3_600_000 };
const annotated = (annotations: Readonly<Record<string, string>>) => ({ metadata: { annotations } });

t.test(
  'a stop of polling ends with another spec, credential or CA, a counter set to 0 and a success; a request asks once',
  async (t) => {
    const rows: readonly {
      title: string;
      seen: Observation;
      failures: number;
      due: object | undefined;
    }[] = [
      { title: 'by itself nothing happens', seen: observation(bundle(stopped())), failures: 6, due: { kind: 'never' } },
      {
        title: 'a success that was meant for another bundle ends it',
        seen: observation(bundle(stopped()), { delivery: delivery(selected()), jobInputs: jobInputs() }),
        failures: 0,
        due: { kind: 'interval' },
      },
      {
        title: 'a changed spec is asked for at once, and counting begins anew',
        seen: observation(bundle(stopped(), { metadata: { generation: 2 } })),
        failures: 0,
        due: { kind: 'at', time: NOW },
      },
      {
        title: 'so are other credentials',
        seen: observation(bundle(stopped()), withAccess({ credential: other })),
        failures: 0,
        due: { kind: 'at', time: NOW },
      },
      {
        title: 'and another CA',
        seen: observation(bundle(stopped()), withAccess({ ca: 'PEM' })),
        failures: 0,
        due: { kind: 'at', time: NOW },
      },
      {
        title: 'a failure that comes with other credentials was that of the old ones',
        seen: observation(bundle(stopped()), { ...withAccess({ ca: 'PEM' }), delivery: delivery(failure()) }),
        failures: 0,
        due: { kind: 'at', time: NOW },
      },
      {
        title: 'another checksum key makes no credentials other ones',
        seen: observation(bundle(stopped({ failedCredentials: 'k0:123' }))),
        failures: 6,
        due: { kind: 'never' },
      },
      {
        title: 'a request asks once more, without counting anew',
        seen: observation(bundle(stopped(), annotated(REQUEST))),
        failures: 6,
        due: { kind: 'at', time: NOW },
      },
      {
        title: 'so does one in the way of Flux',
        seen: observation(bundle(stopped(), annotated({ 'reconcile.fluxcd.io/requestedAt': '1' }))),
        failures: 6,
        due: { kind: 'at', time: NOW },
      },
      {
        title: 'a request is answered by a failure, too',
        seen: observation(bundle(stopped(), annotated(REQUEST)), { delivery: delivery(failure()) }),
        failures: 6,
        due: { kind: 'never' },
      },
      {
        title: 'an empty value asks for nothing',
        seen: observation(bundle(stopped(), annotated({ 'werf.io/reconcile-requested-at': '' }))),
        failures: 6,
        due: { kind: 'never' },
      },
      {
        title: 'a counter that was set to 0 begins anew',
        seen: observation(bundle(stopped({ consecutiveFailures: 0 }))),
        failures: 0,
        due: { kind: 'at', time: NOW },
      },
      {
        title: '--failed-retry-interval asks again when it is over',
        seen: observation(bundle(stopped()), { platform: hourly }),
        failures: 6,
        due: { kind: 'at', time: NOW + 3_600_000 },
      },
      {
        title: 'divided by the time scale',
        seen: observation(bundle(stopped()), { platform: { ...hourly, timeScale: 60 } }),
        failures: 6,
        due: { kind: 'at', time: NOW + 60_000 },
      },
      {
        title: 'a flag that was lowered since counts, not the time that was written with the old one',
        seen: observation(bundle(stopped({ nextAttemptTime: iso(24 * 3_600_000) })), { platform: hourly }),
        failures: 6,
        due: { kind: 'at', time: NOW + 3_600_000 },
      },
      {
        title: 'after one that was raised, the time that was told holds once more',
        seen: observation(bundle(stopped({ nextAttemptTime: iso(600_000) })), { platform: hourly }),
        failures: 6,
        due: { kind: 'at', time: NOW + 600_000 },
      },
      {
        title: 'a time that was written when the flag was set does not count without it',
        seen: observation(bundle(stopped({ nextAttemptTime: iso(1_000) }))),
        failures: 6,
        due: { kind: 'never' },
      },
      {
        title: 'a credential that was missing and is there asks at once, and counting begins anew',
        seen: observation(
          bundle(
            decided(
              observation(bundle(stopped()), {
                access: { kind: 'blocker', reason: 'CredentialsInvalid', message: 'Secret creds does not exist' },
              }),
            ).status,
          ),
        ),
        failures: 0,
        due: { kind: 'at', time: NOW },
      },
    ];
    for (const { title, seen, failures, due } of rows) {
      const { status, interest } = decided(seen);
      t.strictSame({ failures: status.consecutiveFailures, due: interest?.due }, { failures, due }, title);
      const again = decided({ ...seen, bundle: { ...seen.bundle, status }, delivery: undefined, jobInputs: undefined });
      t.strictSame(again.status, status, `${title}: and that holds`);
    }
    const end =
      'polling has stopped; mend the cause, then run kubectl annotate wb my-app -n ops --overwrite werf.io/reconcile-requested-at="$(date)"';
    const told = (seen: Observation) =>
      decided(seen).status.conditions?.find(({ type }) => type === 'RegistryReachable')?.message;
    const sixth = { delivery: delivery(failure()) };
    t.equal(
      told(observation(bundle(stopped()), sixth)),
      `error polling registry: connection refused (registry.example/acme/app) (failure 6 of 6: ${end})`,
    );
    t.equal(
      told(observation(bundle(stopped()), { ...sixth, platform: hourly })),
      `error polling registry: connection refused (registry.example/acme/app) (failure 6 of 6: ${end}, next try after 1h)`,
    );
    const well = decided(
      observation(bundle(stopped(), annotated(REQUEST)), {
        delivery: delivery(selected('v1.1.0', DIGEST_B)),
        jobInputs: jobInputs(),
      }),
    );
    t.equal(well.status.deployment?.reason, 'NewTag', 'what a success has found is deployed');
  },
);

/** What the next reconcile sees, and what a person hears of it. */
const toldBy = (seen: Observation) => {
  const { status, events, interest } = decided(seen);
  const reachable = status.conditions?.find(({ type }) => type === 'RegistryReachable');
  return {
    status,
    events: events.map(({ type, reason, message }) => `${type} ${reason}: ${message}`),
    reachable: `${reachable?.status} ${reachable?.reason}: ${reachable?.message}`,
    shown: status.conditions?.[0]?.message,
    due: interest?.due,
  };
};

t.test(
  'that the counter was reset, or a look was asked for, is told at once, whatever the next poll brings',
  async (t) => {
    const now = { kind: 'at', time: NOW };
    const failedOnce = decided(observation(bundle(syncedStatus()), { delivery: delivery(failure()) })).status;
    const RESET = 'the count of failed polls was reset: the registry is asked at once';
    const resets = [
      { title: 'set to 0, after the sixth', status: stopped({ consecutiveFailures: 0 }) },
      { title: 'lowered, after the sixth', status: stopped({ consecutiveFailures: 2 }) },
      { title: 'set to 0, after the first', status: { ...failedOnce, consecutiveFailures: 0 } },
      { title: 'of a bundle that was never deployed', status: { ...failedNew(), consecutiveFailures: 0 } },
    ];
    for (const { title, status } of resets) {
      const told = toldBy(observation(bundle(status)));
      t.same([told.events, told.due, told.shown], [[`Normal PollingResumed: ${RESET}`], now, RESET], title);
      t.equal(told.reachable, `Unknown PollingResumed: ${RESET}`, title);
      t.equal(told.status.consecutiveFailures, 0, title);
      const again = toldBy(observation(bundle(told.status)));
      t.same([again.status, again.events, again.due], [told.status, [], now], `${title}: once, and until it was asked`);
      const failedAgain = toldBy(observation(bundle(told.status), { delivery: delivery(failure()) }));
      t.match([failedAgain.events, failedAgain.status.consecutiveFailures], [[/^Warning PollFailed: /], 1], title);
    }

    const held = { heldBack: 'breaker' } as const;
    const whyHeld =
      'polls are held back, for the registry did not answer when it was asked last, for this bundle or others, and is left alone for a while';
    t.equal(
      toldBy(observation(bundle(stopped({ consecutiveFailures: 0 })), held)).shown,
      `the count of failed polls was reset: ${whyHeld}`,
      'nothing is promised that the registry is spared from',
    );
    t.match(
      toldBy(observation(bundle(stopped(), annotated(REQUEST)), held)).shown,
      `as requested, the registry is asked as soon as that may be: ${whyHeld}; so far: error polling registry`,
    );

    const requested = observation(bundle(stopped(), annotated(REQUEST)));
    const told = toldBy(requested);
    t.match(told.events, [
      /^Normal PollingResumed: as requested, the registry is asked at once; so far: error polling /,
    ]);
    t.match(told, { due: now, shown: /^as requested, the registry is asked at once; so far: error polling registry/ });
    t.match(told.status, {
      consecutiveFailures: 6,
      phase: 'Failed',
      lastErrorMessage: 'error polling registry: connection refused',
    });
    const waiting = { ...requested, bundle: { ...requested.bundle, status: told.status } };
    t.same([toldBy(waiting).events, toldBy(waiting).status], [[], told.status]);
    t.match(toldBy({ ...waiting, delivery: delivery(failure()) }), {
      events: [/^Warning PollingStopped: /],
      due: { kind: 'never' },
    });
    t.match(
      toldBy(observation(bundle(told.status))),
      { due: now },
      'though a tool takes the annotation away meanwhile',
    );
    t.same(
      toldBy(observation(bundle(syncedStatus(), annotated(REQUEST)))).events,
      [],
      'where all is well, it is just asked',
    );
  },
);

t.test('while polls fail, what is deployed is Ready only if the spec has not changed since it was', async (t) => {
  const conditionsOf = (generation: number, observedGeneration: number) => {
    const status = { ...syncedStatus({ observedGeneration, consecutiveFailures: 1 }) };
    const changed = bundle(status, { metadata: { generation } });
    const { phase, conditions = [] } = decided(observation(changed, { delivery: delivery(failure()) })).status;
    const told = (type: string) => conditions.find((condition) => condition.type === type)?.status;
    return [phase, told('Ready'), told('Reconciling')];
  };
  t.same(conditionsOf(1, 1), ['Syncing', 'True', undefined], 'the spec is that of the deployment');
  t.same(conditionsOf(2, 2), ['Syncing', 'False', 'True'], 'it was changed: whether this is deployed nobody knows');
});

t.test('while polls fail with a Secret, it is looked at every 30 s', async (t) => {
  const secretRef = { spec: { registry: { url: 'registry.example/acme/app', secretRef: { name: 'creds' } } } };
  const caRef = { spec: { registry: { url: 'registry.example/acme/app', caSecretRef: { name: 'ca' } } } };
  const waits = (seen: Observation) => {
    const { recheck } = decided(seen);
    return recheck.kind === 'at' ? recheck.time - NOW : recheck.kind;
  };
  t.equal(waits(observation(bundle(stopped(), secretRef))), 30_000);
  t.equal(waits(observation(bundle(stopped(), caRef))), 30_000);
  t.equal(waits(observation(bundle(stopped()), { platform: { ...platform, defaultRegistrySecret: 'all' } })), 30_000);
  t.equal(waits(observation(bundle(stopped(), secretRef), { platform: { ...platform, timeScale: 60 } })), 500);
  t.equal(waits(observation(bundle(stopped()))), 'on-change', 'without one there is nothing to look at');
  t.equal(waits(observation(bundle(syncedStatus(), secretRef))), 'on-change', 'nor while all is well');
});

t.test('a first look that is held back says why, without numbers, and is no failure', async (t) => {
  const first = (status: WerfBundleStatus, heldBack: Observation['heldBack'], change: Partial<Observation> = {}) =>
    decided(observation(bundle(status), { ...change, heldBack })).status;
  const messages = ({ conditions = [] }: WerfBundleStatus) => [...new Set(conditions.map(({ message }) => message))];
  const asked = first({ observedGeneration: -1 }, undefined);
  const rows = [
    ['rate', 'more polls wait for the registry than it may be asked in a second'],
    [
      'breaker',
      'the registry did not answer when it was asked last, for this bundle or others, and is left alone for a while',
    ],
    ['retry-after', 'the registry wants to be left alone for a while (Retry-After)'],
  ] as const;
  for (const [why, words] of rows) {
    const held = first(asked, why);
    t.strictSame(messages(held), [`the registry has not been asked yet: polls are held back, for ${words}`], why);
    t.strictSame([held.phase, held.consecutiveFailures, held.lastErrorMessage], ['Syncing', 0, undefined]);
    t.strictSame(first(held, why, { now: NOW + 60_000 }), held, 'it stands');
    t.strictSame(first(held, undefined), asked, 'and goes, as after a restart');
    t.strictSame(first(held, why, { delivery: delivery(selected()) }).conditions?.at(-1)?.message, reachable.message);
  }
  const anew = decided(observation(bundle(syncedStatus(), { metadata: { generation: 2 } }), { heldBack: 'breaker' }));
  t.match(messages(anew.status), [/^the registry has not been asked yet: polls are held back/]);
  t.strictSame(anew.events, [], 'no event');
  const synced = observation(bundle(syncedStatus()), { heldBack: 'breaker' });
  t.equal(
    mergePatchOf(syncedStatus(), decided(synced).status),
    undefined,
    'who is deployed and well has nothing to say',
  );
  const failed = decided(observation(bundle(syncedStatus()), { delivery: delivery(failure()) })).status;
  t.strictSame(first(failed, 'breaker'), failed, 'nor has one whose polls fail');
});
