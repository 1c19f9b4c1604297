import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { issueAuthority, issueLeaf } from '../../certs/issue.js';

/** The credentials of a control plane; the files are in its folder under these names, with mode 600. */
export interface Credentials {
  /** Certificate of the authority, PEM. Files: ca.crt, and ca.key to issue more certificates (for a node's endpoint). */
  readonly ca: string;
  /** Serving certificate and key of the API endpoints, PEM. Files: apiserver.crt, apiserver.key. */
  readonly cert: string;
  readonly key: string;
  /** Bearer token of a cluster-admin. File: admin.token. */
  readonly adminToken: string;
}

const SERVER_NAMES = [
  '127.0.0.1',
  '10.0.0.1', // the first address of the Service range
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
];

/**
 * Reads the credentials of `dir`, or makes them when the folder has none: a control plane that is started again keeps its
 * own. The serving certificate is short-lived and made at every start.
 */
export const credentialsIn = async (dir: string): Promise<Credentials> => {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  if (!(await exists(join(dir, 'admin.token')))) await create(dir);
  const read = (name: string) => readFile(join(dir, name), 'utf8');
  const [ca, caKey, adminToken] = await Promise.all([read('ca.crt'), read('ca.key'), read('admin.token')]);
  const { certificate, key } = await issueLeaf({ certificate: ca, key: caKey }, SERVER_NAMES, Date.now());
  await writePrivate(join(dir, 'apiserver.crt'), certificate);
  await writePrivate(join(dir, 'apiserver.key'), key);
  return { ca, cert: certificate, key, adminToken };
};

/** A kubeconfig as JSON, which is YAML too: kubectl reads it, and so does JSON.parse. */
export const kubeconfigOf = (server: string, credentials: Credentials): string => {
  const cluster = { server, 'certificate-authority-data': Buffer.from(credentials.ca).toString('base64') };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'playground',
    clusters: [{ name: 'playground', cluster }],
    users: [{ name: 'admin', user: { token: credentials.adminToken } }],
    contexts: [{ name: 'playground', context: { cluster: 'playground', user: 'admin' } }],
  };
  return `${JSON.stringify(config, null, 1)}\n`;
};

/** Writes a file that only its owner reads, whole or not at all. */
export const writePrivate = async (file: string, content: string): Promise<void> => {
  await writeFile(`${file}.tmp`, content, { mode: 0o600 });
  await rename(`${file}.tmp`, file);
};

const create = async (dir: string): Promise<void> => {
  const authority = await issueAuthority(Date.now());
  const accounts = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const adminToken = randomBytes(24).toString('hex');
  const put = (name: string, content: string) => writePrivate(join(dir, name), content);
  await put('ca.crt', authority.certificate);
  await put('ca.key', authority.key);
  await put('sa.key', accounts.privateKey);
  await put('sa.pub', accounts.publicKey);
  // user, uid, groups
  await put('tokens.csv', `${adminToken},admin,admin,"system:masters"\n`);
  // Last: its presence says that all the others are there.
  await put('admin.token', adminToken);
};

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
