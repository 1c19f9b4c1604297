import { writeFile } from 'node:fs/promises';
import type { ObjectRef } from '../api/objects.js';
import type { KubeClient } from '../kube/client.js';
import { ACCOUNT_TOKEN } from '../kube/resources.js';

/** Lifetime of a token: longer than anybody runs a playground. */
const TOKEN_SECONDS = 7 * 24 * 60 * 60;

/**
 * Writes a kubeconfig (mode 600) with a token of a ServiceAccount, so that a process outside of a Pod has its rights and no others.
 * @throws KubeError
 */
export const writeKubeconfig = async (
  client: KubeClient,
  account: ObjectRef,
  cluster: { readonly server: string; readonly ca: string | undefined; readonly file: string },
  signal: AbortSignal,
): Promise<void> => {
  const request = { spec: { expirationSeconds: TOKEN_SECONDS } };
  const answer = await client.createSubresource(ACCOUNT_TOKEN, account, request, signal);
  const { name } = account;
  const authority =
    cluster.ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(cluster.ca).toString('base64') };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'playground', cluster: { server: cluster.server, ...authority } }],
    users: [{ name, user: { token: answer.status.token } }],
    contexts: [{ name, context: { cluster: 'playground', user: name, namespace: account.namespace } }],
    'current-context': name,
  };
  await writeFile(cluster.file, JSON.stringify(config), { mode: 0o600 });
};
