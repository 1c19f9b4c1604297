import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { issueAuthority, issueLeaf } from '../../../certs/issue.js';
import { asDeployed } from '../deployment.js';
import { Program } from '../program.js';
import type { Calls } from './stub-apiserver.js';

/** Where the servers under test live: certificates, and an apiserver to talk to. */
export interface Surroundings {
  /** PEM. */
  readonly ca: string;
  /** Starts a webhook with further flags, as it is shipped but for what has to be at hand here. */
  startWebhook(name: string, flags: readonly string[]): Promise<Program>;
  startEcho(name: string, file: string): Promise<Program>;
  /** Slow callers of the webhook at this port, until they are stopped. */
  startAttackers(port: number): Promise<Program>;
  /** Calls that the apiserver has answered so far. */
  calls(): Promise<Calls>;
  /** Ends all that was started. */
  stop(): Promise<void>;
}

interface SurroundingsOptions {
  /** For files of this run; whoever made it removes it. */
  readonly folder: string;
  /** The checkout: Node is given the flags that the webhook's manifest has. */
  readonly root: string;
  /** Folder for CPU profiles, if they are wanted. */
  readonly profile: string | undefined;
}

/** Issues certificates and starts the stub of an apiserver. */
export const startSurroundings = async ({ folder, root, profile }: SurroundingsOptions): Promise<Surroundings> => {
  const { nodeFlags } = asDeployed(root, 'webhook');
  const authority = await issueAuthority(Date.now());
  const leaf = await issueLeaf(authority, ['127.0.0.1'], Date.now());
  const certificates = mkdtempSync(join(folder, 'certificates-'));
  const files = { 'tls.crt': leaf.certificate, 'tls.key': leaf.key, 'ca.crt': authority.certificate };
  for (const [file, text] of Object.entries(files)) writeFileSync(join(certificates, file), text, { mode: 0o600 });
  const started: Program[] = [];
  const start = async (order: Omit<Parameters<typeof Program.start>[0], 'profile'>): Promise<Program> => {
    const program = await Program.start(order.metered ? { ...order, profile } : order, { folder });
    started.push(program);
    return program;
  };
  const stub = await start({ name: 'apiserver', file: 'stub-apiserver.js', args: [certificates], metered: false });
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, JSON.stringify(kubeconfigFor(stub.port, authority.certificate)), { mode: 0o600 });
  const usual = [
    ...['--listen=127.0.0.1:0', '--health-address=127.0.0.1:0', '--advertise-url=https://127.0.0.1:0'],
    ...[`--kubeconfig=${kubeconfig}`, `--cert-dir=${certificates}`, '--shutdown-delay=0s'],
  ];
  return {
    ca: authority.certificate,
    startWebhook: (name, flags) => {
      // A pair of configurations for each, since each wants its own address in them.
      const names = [`--mutating-webhook-name=${name}`, `--validating-webhook-name=${name}`];
      return start({ name, file: 'webhook.js', args: [...usual, ...names, ...flags], nodeFlags, metered: true });
    },
    startEcho: (name, file) => start({ name, file, args: [certificates], metered: true }),
    startAttackers: (port) => start({ name: 'attackers', file: 'attackers.js', args: [String(port)], metered: false }),
    calls: () => stub.ask<Calls>({}),
    stop: async () => {
      // The apiserver last: nobody should have to complain of its absence.
      for (const program of started.toReversed()) await program.stop();
    },
  };
};

const kubeconfigFor = (port: number, ca: string) => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [
    {
      name: 'stub',
      cluster: {
        server: `https://127.0.0.1:${port}`,
        'certificate-authority-data': Buffer.from(ca).toString('base64'),
      },
    },
  ],
  users: [{ name: 'webhook', user: { token: 'a-token-that-nobody-checks' } }],
  contexts: [{ name: 'stub', context: { cluster: 'stub', user: 'webhook' } }],
  'current-context': 'stub',
});
