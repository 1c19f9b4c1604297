import { Command } from 'commander';
import type { StoredBundle } from '../../api/werfbundle.js';
import { findBundle } from '../cluster/bundle-argument.js';
import { type ClusterOptions, withClusterOptions } from '../cluster/options.js';
import { inCluster, type Session } from '../cluster/session.js';
import type { CommandBuilder } from '../command-builder.js';
import { CommandError, misuse } from '../command-error.js';
import { type Confirm, confirmOnTerminal } from '../confirm.js';
import { folded } from '../output/fold.js';
import { type Format, withOutput } from '../output/format.js';
import { fullName, objectsText } from '../output/object-text.js';
import { type ApprovablePlan, type Approval, approvalOf } from '../plan/approval.js';
import { planText } from '../plan/plan-text.js';
import { waitForAll } from '../reconcile/wait.js';
import type { Terminal } from '../terminal.js';
import { DEFAULT_TIMEOUT, timeoutIn } from '../timeout.js';
import { setApproval } from './set-approval.js';
import { anotherPlan, notesOn, notesOnTools, whichOf } from './words.js';

export interface ApproveOptions extends ClusterOptions {
  readonly hash?: string;
  readonly wait?: true;
  readonly timeout: string;
  readonly output?: Extract<Format, 'name' | 'json' | 'yaml'>;
}

const DESCRIPTION = [
  'Approves the plan that waits, with spec.converge.deletions: Hold: shows what it would delete and recreate, asks, and sets the annotation werf.io/approve-plan to its hash. Only that very plan is approved: one that has changed by then is refused.',
  'Where nobody can be asked, --hash names the plan that somebody has looked at. You need the right to patch the bundle, and the verb approve on it (ClusterRole werfbundle-approver).',
  'Exit code 0: approved, or it was already and its deployment has not begun, and with --wait deployed; 1: nothing waits for an approval, the plan is another one, it was declined, the cluster refused, or it failed; 2: wrong use, or no cluster.',
].join('\n\n');

/** `werfbundle approve` */
export const approveCommand: CommandBuilder = (terminal) => {
  const command = new Command('approve')
    .summary('approve the plan that waits, once you have seen what it deletes')
    .description(DESCRIPTION)
    .argument('<name>', 'NAME or wb/NAME')
    .option('--hash <hash>', 'approve the plan with this hash, and no other one, without a question')
    .option('--wait', 'wait until it is deployed, or has failed')
    .option('--timeout <duration>', 'how long to wait', DEFAULT_TIMEOUT);
  return withOutput(withClusterOptions(command), ['name', 'json', 'yaml']).action(
    (name: string, options: ApproveOptions) => {
      timeoutIn(options.timeout);
      return inCluster(terminal, options, (session) =>
        approve({ terminal, session, confirm: confirmOnTerminal }, name, options),
      );
    },
  );
};

interface Deps {
  readonly terminal: Terminal;
  readonly session: Session;
  readonly confirm: Confirm;
}

/** Approves the plan that waits. @throws CommandError, KubeError */
export const approve = async (deps: Deps, name: string, options: ApproveOptions): Promise<void> => {
  const { terminal, session } = deps;
  session.tell('reading the bundle');
  const before = await findBundle(session, name);
  const { kind, plan } = chosenPlan(before, options.hash);
  const isNew = kind === 'awaited';
  const isForPeople = options.output === undefined;
  if (isNew && options.hash === undefined) await agreed(deps, { bundle: before, plan, isForPeople });
  const tools = isNew ? await notesOnTools(session, before, plan) : [];
  const bundle = isNew ? await setApproval(session, { bundle: before, plan }) : before;
  session.quiet();
  tell(deps, bundle, [...tools, ...notesOn(bundle, plan, terminal.clock.now())]);
  const done = isNew ? 'approved' : 'was approved before';
  terminal.out(
    options.output === undefined
      ? `${fullName(bundle)} plan ${plan.hash} ${done}: ${plan.message ?? plan.tag}\n`
      : objectsText(options.output, [bundle], true),
  );
  const request = { kind: 'approval', hash: plan.hash, planned: plan.tag } as const;
  const waiting = { timeout: options.timeout, isForPeople };
  if (options.wait === true) await waitForAll(deps, [{ bundle, request }], waiting);
  terminal.end(0);
};

/** @throws CommandError if no plan waits, or not the one that is meant */
const chosenPlan = (bundle: StoredBundle, hash: string | undefined): Exclude<Approval, { readonly kind: 'none' }> => {
  const approval = approvalOf(bundle);
  if (approval.kind === 'none')
    throw new CommandError([`${whichOf(bundle)}: nothing waits for an approval: ${approval.why}`]);
  if (hash === undefined || hash === approval.plan.hash) return approval;
  throw anotherPlan(bundle, approval.plan, `${JSON.stringify(hash)} is not its hash`);
};

/** Shows the plan, and asks. The cluster judges the change first: nobody is asked for a yes that counts for nothing. */
const agreed = async (
  { terminal, session, confirm }: Deps,
  of: { readonly bundle: StoredBundle; readonly plan: ApprovablePlan; readonly isForPeople: boolean },
): Promise<void> => {
  const { bundle, plan, isForPeople } = of;
  await setApproval(session, { bundle, plan, dryRun: true });
  session.quiet();
  const { clock, colors } = terminal;
  const columns = isForPeople ? terminal.columns : terminal.errColumns;
  const text = planText({ plan, isHeld: true }, { clock, colors, columns });
  if (isForPeople) terminal.out(text);
  else terminal.err(text);
  const answer = await confirm(`Approve plan ${plan.hash} of ${whichOf(bundle)}?`, session.signal);
  if (answer === undefined)
    throw misuse(`nobody is there to ask: who has looked at this plan approves it by --hash ${plan.hash}`);
  if (!answer) throw new CommandError(['nothing was approved']);
};

const tell = ({ terminal }: Deps, { metadata: { name } }: StoredBundle, notes: readonly string[]): void => {
  for (const note of notes)
    terminal.err(`${folded(`${name}: ${note}`, { columns: terminal.errColumns, indent: 2 })}\n`);
};
