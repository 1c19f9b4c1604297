import { Command } from 'commander';
import { refOf } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { ClusterOptions } from '../cluster/options.js';
import { inCluster, type Session } from '../cluster/session.js';
import type { CommandBuilder } from '../command-builder.js';
import { CommandError, misuse } from '../command-error.js';
import { type Confirm, confirmOnTerminal } from '../confirm.js';
import type { Terminal } from '../terminal.js';
import { DEFAULT_TIMEOUT, timeoutIn } from '../timeout.js';
import { carryOut, dismissed } from './carry-out.js';
import { type Found, findAll } from './found.js';
import { isEmpty, type Plan, planOf } from './plan.js';
import { missingRights } from './rights.js';
import { planText } from './words.js';

export interface UninstallOptions extends Pick<ClusterOptions, 'kubeconfig' | 'context'> {
  readonly crd?: true;
  readonly yes?: true;
  readonly dryRun?: true;
  readonly timeout: string;
}

const DESCRIPTION = [
  'Lists first what it would delete, and asks. It takes the webhook configurations, the processes, the finalizers of bundles that no controller is there for any more, rights, certificates and keys; with --crd also the CustomResourceDefinition, and with it all bundles. What bundles have deployed stays.',
  'Bundles with deletionPolicy Dismiss that are being deleted are waited for, as long as a controller works.',
  'Exit code 0: gone, or nothing was there; 1: not allowed, declined, or something does not go; 2: wrong use, or no cluster.',
].join('\n\n');

/** `werfbundle uninstall` */
export const uninstallCommand: CommandBuilder = (terminal) =>
  new Command('uninstall')
    .summary('take the operator out of a cluster, and leave what it deployed')
    .description(DESCRIPTION)
    .option('--crd', 'also the CustomResourceDefinition, and with it all bundles')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only list')
    .option(
      '--timeout <duration>',
      'how long to wait for releases that are being uninstalled; 0s: not',
      DEFAULT_TIMEOUT,
    )
    .option('--kubeconfig <file>', '$KUBECONFIG or ~/.kube/config, if left out')
    .option('--context <name>', 'a context of the kubeconfig; its current one, if left out')
    .action((options: UninstallOptions) => {
      if (options.timeout !== NO_TIME) timeoutIn(options.timeout);
      return inCluster(terminal, options, (session) =>
        uninstall({ terminal, session, confirm: confirmOnTerminal }, options),
      );
    });

/** The one duration without length that is meant. */
const NO_TIME = '0s';

interface Deps {
  readonly terminal: Terminal;
  readonly session: Session;
  readonly confirm: Confirm;
}

/** Takes the operator out of a cluster. @throws CommandError, KubeError */
export const uninstall = async (deps: Deps, options: UninstallOptions): Promise<void> => {
  const { terminal, session } = deps;
  session.tell('looking for what there is');
  const found = await findAll(session, terminal.clock.now());
  const plan = planOf(found, { crd: options.crd === true });
  refuseUnreadable(found);
  session.quiet();
  if (isEmpty(plan)) {
    terminal.out(
      `Nothing of werfbundle is in ${session.server}.\n${planText(plan, { bundlesWithCrd: 0, columns: terminal.columns })}`,
    );
    return terminal.end(0);
  }
  terminal.out(planText(plan, { bundlesWithCrd: found.bundles.length, columns: terminal.columns }));
  await refuseForbidden(session, plan);
  if (options.dryRun === true) return terminal.end(0);
  await agreed(deps, options);
  const left = await afterDismissals(deps, plan, options);
  await carryOut(deps, plan, left);
  terminal.end(0);
};

const refuseUnreadable = ({ unreadable }: Found): void => {
  if (unreadable.length === 0) return;
  throw new CommandError([
    'you may not see what there is; nothing was deleted. You lack the right to',
    ...starred(unreadable),
  ]);
};

const refuseForbidden = async (session: Session, plan: Plan): Promise<void> => {
  const missing = await missingRights(session, plan);
  if (missing.length === 0) return;
  throw new CommandError(['nothing was deleted: you lack the right to', ...starred(missing)]);
};

const starred = (lines: readonly string[]): readonly string[] => lines.map((line) => `* ${line}`);

const agreed = async ({ session, confirm }: Deps, { yes }: UninstallOptions): Promise<void> => {
  if (yes === true) return;
  const answer = await confirm(`Delete all this from ${session.server}?`, session.signal);
  if (answer === undefined) throw misuse('nobody is there to ask: give --yes, or --dry-run to look only');
  if (!answer) throw new CommandError(['nothing was deleted']);
};

/** Only then the controller may go. @returns bundles that are let go though their releases stay */
const afterDismissals = async (
  deps: Deps,
  { dismissals }: Plan,
  { timeout }: UninstallOptions,
): Promise<readonly StoredBundle[]> => {
  if (dismissals.length === 0) return [];
  const ms = timeout === NO_TIME ? 0 : timeoutIn(timeout);
  const left = await dismissed(deps, { bundles: dismissals, ms });
  if (left.length === 0 || ms === 0) return left;
  const names = left.map((bundle) => `${refOf(bundle).namespace}/${refOf(bundle).name}`).join(', ');
  throw new CommandError([
    `after ${timeout} releases of ${names} are still being uninstalled; nothing was deleted. kubectl describe wb says what holds them up; --timeout 0s goes on, and their releases stay`,
  ]);
};
