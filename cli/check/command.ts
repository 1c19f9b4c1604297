import { Command } from 'commander';
import { KubeError } from '../../kube/client.js';
import { type ClusterOptions, withClusterOptions } from '../cluster/options.js';
import { inCluster, type Session } from '../cluster/session.js';
import type { CommandBuilder } from '../command-builder.js';
import type { Check } from '../diagnosis/check.js';
import { examine, inOrderOfNeed } from '../diagnosis/examine.js';
import { operatorNamespace } from '../diagnosis/operator-namespace.js';
import { checkObject, checksText, firstStep, hasFailed } from '../diagnosis/report.js';
import { asJsonText, asYamlText, withOutput } from '../output/format.js';
import type { Terminal } from '../terminal.js';
import { CLUSTER_CHECKS, PRE_CHECKS } from './checks.js';
import { observeClean, observeCluster } from './observe-cluster.js';

interface CheckOptions extends ClusterOptions {
  readonly pre?: true;
  readonly operatorNamespace?: string;
  readonly output?: 'json' | 'yaml';
}

const DESCRIPTION = [
  'Looks whether a cluster is ready for bundles: its version, the CRD, the webhook and its certificates, the controller, and what you may do yourself. Nothing is changed: the webhook is tried by a dry run. What you may not see is "not checked". With --pre only what has to be there before the operator is installed.',
  'Exit code 0: nothing failed; 1: something failed; 2: wrong use, or no cluster.',
].join('\n\n');

/** `werfbundle check` */
export const checkCommand: CommandBuilder = (terminal) => {
  const command = new Command('check')
    .summary('find out whether a cluster is ready for bundles')
    .description(DESCRIPTION)
    .option('--pre', 'before the operator is installed: version, and rights to install')
    .option('--operator-namespace <name>', "where webhook and controller run, if that can't be found out");
  return withOutput(withClusterOptions(command), ['json', 'yaml']).action((options: CheckOptions) =>
    inCluster(terminal, options, (session) => checkCluster({ terminal, session }, options)),
  );
};

/** Checks a cluster, and prints what was found. @throws KubeError */
export const checkCluster = async (
  { terminal, session }: { readonly terminal: Terminal; readonly session: Session },
  options: CheckOptions,
): Promise<void> => {
  session.tell(`looking at ${session.server}`);
  await assertReachable(session);
  const checks = await checksOf({ terminal, session }, options);
  session.quiet();
  const { output } = options;
  if (output === undefined) terminal.out(`${checksText(checks, terminal)}\n${firstStep(checks, terminal)}`);
  else {
    const value = { server: session.server, checks: inOrderOfNeed(checks).map(checkObject) };
    terminal.out(output === 'json' ? asJsonText(value) : asYamlText(value));
  }
  terminal.end(hasFailed(checks) ? 1 : 0);
};

/** Whatever a cluster answers is for the checks; that there is none to ask ends the command. @throws KubeError */
const assertReachable = async ({ client, signal }: Session): Promise<void> => {
  try {
    await client.serverVersion(signal);
  } catch (error) {
    if (!(error instanceof KubeError) || error.status === undefined) throw error;
  }
};

const checksOf = async (
  { terminal, session }: { readonly terminal: Terminal; readonly session: Session },
  { pre, operatorNamespace: given }: CheckOptions,
): Promise<readonly Check[]> => {
  const { client, namespace, signal } = session;
  const where = { client, clock: terminal.clock, namespace };
  const found = {
    ...where,
    operatorNamespace: await operatorNamespace(client, given, signal),
    isGiven: given !== undefined,
  };
  return pre === true
    ? examine(PRE_CHECKS, await observeClean(found, signal))
    : examine(CLUSTER_CHECKS, await observeCluster(found, signal));
};
