import t, { type Test } from 'tap';
import { DEPLOY_REQUESTED } from '../../api/annotations.js';
import type { Condition } from '../../api/objects.js';
import type { StoredBundle, WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import type { Observation } from '../../controller/decide/observation.js';
import { accountPoll } from '../../controller/decide/poll.js';
import { type Trigger, triggerOf } from '../../controller/decide/trigger.js';
import {
  bundle,
  DIGEST_A,
  DIGEST_B,
  delivery,
  deployment,
  failure,
  historyEntry,
  iso,
  NOW,
  observation,
  reachable,
  selected,
  settingsOf,
  syncedStatus,
  tags,
} from '../kit/builders.js';

const HOUR = 60 * 60_000;

const triggered = (of: StoredBundle, seen: Partial<Observation> = {}): Trigger | undefined => {
  const all = observation(of, seen);
  return triggerOf({ seen: all, polled: accountPoll(all), settings: settingsOf(of) });
};

const withConditions = (...conditions: readonly Condition[]): WerfBundleStatus => syncedStatus({ conditions });

const ready = (status: 'True' | 'False', reason: string): Condition => ({
  type: 'Ready',
  status,
  reason,
  message: 'as it is',
  lastTransitionTime: iso(-HOUR),
});
const deployed = ready('True', 'Deployed');
const unknown: Condition = { ...reachable, status: 'Unknown', reason: 'FirstScan' };

const offer = (tag = 'v1.0.0', digest = DIGEST_A) => ({ kind: 'selected', tag, digest, tags }) as const;

const failed = (change: WerfBundleStatus = {}): WerfBundleStatus =>
  syncedStatus({ lastJobStatus: 'Failed', history: [historyEntry('Failed', { finishedAt: iso(-30_000) })], ...change });
const retrying: Partial<WerfBundleSpec> = { converge: { retries: 1 } };

const detecting: Partial<WerfBundleSpec> = { converge: { driftDetection: { enabled: true } } };
/** Deployed two hours ago, and checked since. */
const checked = (status: 'True' | 'False', ago: number): WerfBundleStatus =>
  syncedStatus({
    deployment: deployment({ startedAt: iso(-2 * HOUR) }),
    driftCheckCount: 1,
    lastDriftCheckTime: iso(-ago),
    conditions: [
      deployed,
      reachable,
      { type: 'Drifted', status, reason: 'Drifted', message: 'as it is', lastTransitionTime: iso(-ago) },
    ],
  });

const asked = { [DEPLOY_REQUESTED]: 'now' };

interface Row {
  readonly title: string;
  readonly status?: WerfBundleStatus;
  readonly spec?: Partial<WerfBundleSpec>;
  readonly metadata?: Partial<StoredBundle['metadata']>;
  readonly seen?: Partial<Observation>;
  readonly want: Trigger | undefined;
}

const check = (t: Test, rows: readonly Row[]): void => {
  for (const { title, status = syncedStatus(), spec, metadata, seen, want } of rows)
    t.equal(triggered(bundle(status, { ...(spec && { spec }), ...(metadata && { metadata }) }), seen), want, title);
};

t.test('what happened makes the inputs of a Job be looked up', async (t) => {
  check(t, [
    { title: 'nothing has happened', want: undefined },
    {
      title: 'a blocker that was told',
      status: withConditions(ready('False', 'ValuesInvalid'), reachable),
      want: 'blocker-told',
    },
    {
      title: 'anything else that Ready says is none',
      status: withConditions(ready('False', 'DeployFailed'), reachable),
      want: undefined,
    },
    {
      title: 'values that were left alone for ten seconds',
      seen: { valuesChangedAt: NOW - 10_000 },
      want: 'values-changed',
    },
    { title: 'not before', seen: { valuesChangedAt: NOW - 9_999 }, want: undefined },
    {
      title: 'not where nothing was deployed yet',
      status: { observedGeneration: 1, conditions: [reachable] },
      seen: { valuesChangedAt: NOW - 10_000 },
      want: undefined,
    },
    {
      title: 'nor before the registry has answered',
      status: withConditions(deployed, unknown),
      seen: { valuesChangedAt: NOW - 10_000 },
      want: undefined,
    },
    { title: 'a scan that found a tag', seen: { delivery: delivery(selected()) }, want: 'registry-answered' },
    { title: 'one that failed says nothing', seen: { delivery: delivery(failure()) }, want: undefined },
    {
      title: 'a deployment that was asked for, once the registry was asked',
      metadata: { annotations: asked },
      seen: { delivery: delivery(failure()) },
      want: 'deployment-requested',
    },
    {
      title: 'or while it does not answer',
      status: syncedStatus({ consecutiveFailures: 1 }),
      metadata: { annotations: asked },
      want: 'deployment-requested',
    },
    { title: 'not while it is to be asked', metadata: { annotations: asked }, want: undefined },
    {
      title: 'nor once it is answered',
      status: syncedStatus({ consecutiveFailures: 1, lastHandledDeployRequest: 'now' }),
      metadata: { annotations: asked },
      want: undefined,
    },
    { title: 'a retry whose time has come', status: failed(), spec: retrying, want: 'retry-due' },
    {
      title: 'not before',
      status: failed({ history: [historyEntry('Failed', { finishedAt: iso(-29_999) })] }),
      spec: retrying,
      want: undefined,
    },
    { title: 'nor where none is allowed', status: failed(), want: undefined },
    {
      title: 'nor of a tag that the spec does not take any more',
      status: failed(),
      spec: { registry: { url: 'registry.example/acme/app', tag: 'v2.0.0' }, ...retrying },
      want: undefined,
    },
    { title: 'another tag was offered last', seen: { latest: offer('v1.1.0') }, want: 'offer-differs' },
    { title: 'or the same, published again', seen: { latest: offer('v1.0.0', DIGEST_B) }, want: 'offer-differs' },
    { title: 'not the same', seen: { latest: offer() }, want: undefined },
    {
      title: 'but that, too, after a deployment that gave way',
      status: syncedStatus({ history: [historyEntry('Superseded')] }),
      seen: { latest: offer() },
      want: 'offer-differs',
    },
    {
      title: 'not while polls fail',
      status: withConditions(deployed, { ...reachable, status: 'False', reason: 'RegistryUnreachable' }),
      seen: { latest: offer('v1.1.0') },
      want: undefined,
    },
    { title: 'drift that was found', status: checked('True', 60_000), spec: detecting, want: 'correction-due' },
    { title: 'a check whose time has come', status: checked('False', HOUR), spec: detecting, want: 'check-due' },
    { title: 'not before', status: checked('False', 60_000), spec: detecting, want: undefined },
  ]);
});

t.test('the first of several is told', async (t) => {
  const all = { valuesChangedAt: NOW - 10_000, delivery: delivery(selected()), latest: offer('v1.1.0') };
  const drifted = checked('True', 60_000);
  const blocked = withConditions(ready('False', 'ValuesInvalid'), reachable);
  check(t, [
    { title: 'a blocker before all', status: blocked, seen: all, want: 'blocker-told' },
    { title: 'changed values before what the registry says', seen: all, want: 'values-changed' },
    {
      title: 'what it says now before what it said',
      seen: { ...all, valuesChangedAt: undefined },
      want: 'registry-answered',
    },
    {
      title: 'a retry before another offer',
      status: failed(),
      spec: retrying,
      seen: { latest: offer('v1.1.0') },
      want: 'retry-due',
    },
    {
      title: 'another offer before drift',
      status: drifted,
      spec: detecting,
      seen: { latest: offer('v1.1.0') },
      want: 'offer-differs',
    },
  ]);
});

t.test('what was learnt of the registry is about something else', async (t) => {
  const all = { valuesChangedAt: NOW - 10_000, delivery: delivery(selected()) };
  const refused = { consecutiveFailures: 1, failedCredentials: 'k1:of-others' };
  check(t, [
    { title: 'the spec was changed', metadata: { generation: 2 }, seen: all, want: undefined },
    {
      title: 'there are other credentials than those that failed',
      status: syncedStatus(refused),
      seen: all,
      want: undefined,
    },
    {
      title: 'not if that can\u2019t be compared',
      status: syncedStatus({ ...refused, failedCredentials: 'k0:of-others' }),
      seen: all,
      want: 'values-changed',
    },
  ]);
});
