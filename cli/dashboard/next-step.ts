import { REASONS, type Reason } from '../../api/reasons.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { BundleState, NextStep } from '../../dashboard/protocol.js';
import { documentUrl } from '../documentation.js';
import { rowOf, tellingCondition } from './bundle-row.js';

/** What of a reason holds for this bundle: the words of the table are for all that may have it. */
interface Told {
  readonly what?: string;
  readonly advice?: string;
  /** In the order in which they are of use; the namespace and the cluster are added. */
  readonly commands?: readonly string[];
}

interface Seen {
  readonly bundle: StoredBundle;
  readonly state: BundleState;
}

const AGAIN = 'reconcile';
/** What failed polls are followed by: their count begins anew, which a look alone does not make it. */
const POLL_AGAIN = 'reconcile --failed';

const underWay: Told = { advice: 'wait; its log says how far it is', commands: ['logs -f'] };

/** Of what is tried again by itself, and then no more. */
const triedAgain = ({ state }: Seen, { failed, waiting }: { readonly failed: Told; readonly waiting: Told }): Told =>
  state === 'failed' ? failed : waiting;

const jobFailed = (seen: Seen): Told =>
  triedAgain(seen, {
    failed: {
      advice: 'read its log; mend the cause, or publish a new tag; a cause outside of the bundle takes another try',
      commands: ['logs', AGAIN],
    },
    waiting: {
      what: 'the Job failed, and is tried again by itself',
      advice: 'read its log meanwhile; whoever has mended the cause need not wait',
      commands: ['logs', AGAIN],
    },
  });

const jobMissing = (seen: Seen): Told =>
  triedAgain(seen, {
    failed: { advice: 'it is not tried again by itself: mend the cause, then ask for another try', commands: [AGAIN] },
    waiting: { advice: 'it is tried again by itself; whoever has mended the cause need not wait', commands: [AGAIN] },
  });

const suspended = ({ bundle }: Seen): Told =>
  bundle.spec.suspend === true
    ? { advice: 'end the suspension, if it is no longer wanted', commands: ['resume'] }
    : { advice: 'it is not the bundle: start the controller without `--suspend-all`' };

const drifted = ({ bundle }: Seen): Told =>
  bundle.spec.converge?.driftDetection?.correct === false
    ? {
        advice:
          'the message says in what; it is not applied again by itself (`driftDetection.correct` is false): ask for it',
        commands: ['diff', 'reconcile --force'],
      }
    : { advice: 'the message says in what; it is applied again by itself', commands: ['diff'] };

/** In the place of the table's words, where the bundle says more. */
const TOLD: Readonly<Partial<Record<Reason, (seen: Seen) => Told>>> = {
  Deploying: () => underWay,
  WaitingForJob: () => ({ commands: ['logs -f'] }),
  DeployFailed: jobFailed,
  JobLost: jobMissing,
  JobRefused: jobMissing,
  PollingStopped: () => ({ commands: [POLL_AGAIN] }),
  PollFailed: () => ({ commands: [POLL_AGAIN] }),
  Drifted: drifted,
  DriftCorrectionFailed: () => ({ commands: ['diff', AGAIN] }),
  Suspended: suspended,
  ApprovalAwaited: () => ({
    advice:
      'look at the plan, of which the message names what would be lost; who may approve it does so by the last command',
    commands: ['diff --recorded', 'approve'],
  }),
  Returned: () => ({ commands: ['history', 'release-hold'] }),
};

/**
 * What to do, by the reason of the condition that tells what is the case: the words of the reasons' table, unless the bundle knows better.
 * @param options - what commands need to reach the same cluster: ` --context staging`
 * @returns undefined where nothing is to be done
 */
export const nextStepOf = (bundle: StoredBundle, options: string): NextStep | undefined => {
  const { reason = '', message = '' } = tellingCondition(bundle) ?? {};
  if (!isReason(reason)) return undefined;
  const row: { readonly what: string; readonly advice: string; readonly see?: string } = REASONS[reason];
  if (row.advice === 'nothing') return undefined;
  const {
    what = row.what,
    advice = row.advice,
    commands = [],
  } = TOLD[reason]?.({ bundle, state: rowOf(bundle).state }) ?? {};
  return {
    what,
    message,
    advice,
    commands: commands.map((command) => commandFor(bundle, command, options)),
    ...(row.see !== undefined && { link: documentUrl(`docs/${row.see}`) }),
  };
};

const isReason = (text: string): text is Reason => Object.hasOwn(REASONS, text);

/** A command of this program for a bundle. @param command - with its flags: `logs -f` */
export const commandFor = (
  { metadata: { namespace, name } }: StoredBundle,
  command: string,
  options: string,
): string => {
  const [verb, ...flags] = command.split(' ');
  return [`werfbundle ${verb} ${name} -n ${namespace}${options}`, ...flags].join(' ');
};
