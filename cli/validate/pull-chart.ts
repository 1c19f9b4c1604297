import { loadChart } from '../../api/chart/chart.js';
import { unpackChart } from '../../api/chart/unpack.js';
import type { Clock } from '../../process/ports.js';
import type { BundleArchive, HeldBack, RegistryFailure, RegistryTarget } from '../../registry/port.js';
import { findUserCredential, type UserCredential } from '../publish/credentials.js';
import { inOptions } from '../publish/explain-refusal.js';
import { parseReference, type Reference } from '../publish/reference.js';
import { registryFromHere } from '../registry-from-here.js';
import type { ReadChart } from './read-chart.js';

interface PullDeps {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Plain HTTP. */
  readonly insecure: boolean;
}

/**
 * Pulls the chart of a published bundle, with the login of this machine.
 * @param reference - `oci://ghcr.io/acme/app:v1.0.0`
 * @throws StartError for proxies that can't be read
 */
export const pullChart = async (reference: string, deps: PullDeps): Promise<ReadChart> => {
  const parsed = parseReference(reference);
  if (parsed.kind === 'invalid') return { kind: 'unreadable', why: parsed.why };
  const login = await findUserCredential(parsed, deps.env);
  const pulled = await pulledFrom(parsed, login, deps);
  return typeof pulled === 'string' ? { kind: 'unreadable', why: `${reference}: ${pulled}` } : pulled;
};

type Pulled = Extract<ReadChart, { kind: 'chart' }>;

/** @returns a text: why there is none */
const pulledFrom = async (
  { host, repository, tag }: Reference,
  login: UserCredential,
  { clock, insecure }: PullDeps,
): Promise<Pulled | string> => {
  const target: RegistryTarget = {
    host,
    repository,
    insecure,
    ...(login.credential !== undefined && { credential: login.credential }),
  };
  const { signal } = new AbortController();
  const registry = registryFromHere(clock);
  try {
    const manifest = await registry.readManifest(target, tag, signal);
    if (manifest.kind === 'absent') return `there is no tag ${tag}`;
    if (manifest.kind !== 'manifest') return whyNot(manifest, login);
    const archive = await registry.readArchive(target, manifest.digest, signal);
    return archive.kind === 'archive' ? chartIn(archive) : whyNot(archive, login);
  } finally {
    await registry.close();
  }
};

const chartIn = ({ bytes }: Extract<BundleArchive, { kind: 'archive' }>): Pulled | string => {
  const unpacked = unpackChart(bytes);
  if (unpacked.kind === 'invalid') return unpacked.why;
  const loaded = loadChart(unpacked.files);
  return loaded.kind === 'chart' ? loaded : loaded.why;
};

const whyNot = (
  answer: Exclude<BundleArchive, { kind: 'archive' }> | RegistryFailure | HeldBack,
  login: UserCredential,
): string => {
  switch (answer.kind) {
    case 'absent':
      return 'the registry has its tag, and not the chart';
    case 'unusable':
      return answer.why;
    case 'held':
      return 'the registry wants to be left alone for a while';
    case 'failed':
      return answer.code === 'unauthorized'
        ? `${answer.message}: ${loginWords(login)}`
        : inOptions(answer.message, 'by NODE_EXTRA_CA_CERTS=FILE');
  }
};

const loginWords = ({ file, credential, problem }: UserCredential): string => {
  if (problem !== undefined) return `${file}: ${problem}`;
  return credential === undefined ? `${file} has no login for it: docker login` : `with the login of ${file}`;
};
