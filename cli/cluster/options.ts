import type { Command } from 'commander';

/** Which cluster, and where in it; the names are kubectl's. */
export interface ClusterOptions {
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** Adds the options of {@link ClusterOptions}. */
export const withClusterOptions = (command: Command): Command =>
  command
    .option('-n, --namespace <name>', "the bundle's namespace; that of the context, if left out")
    .option('--kubeconfig <file>', '$KUBECONFIG or ~/.kube/config, if left out')
    .option('--context <name>', 'a context of the kubeconfig; its current one, if left out');
