import { readFile, watch } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Log } from '../process/ports.js';
import { CertificateError } from './certificate-error.js';
import { authorityFacts, certificatesIn, fitsTogether, leafFacts, readCertificate } from './inspect.js';
import type { Schedule } from './schedule.js';
import type { CertificateSource, Offer } from './source.js';

/** What certificates from outside need. */
interface DirectorySourceDeps {
  readonly directory: string;
  /** DNS names and IP addresses that the leaf has to be valid for. */
  readonly names: readonly string[];
  readonly clock: Pick<Clock, 'now'>;
  readonly schedule: Schedule;
}

/** Certificates that somebody else puts into a folder as tls.crt, tls.key and ca.crt: cert-manager by a mounted Secret, or a person. */
export const directorySource = ({ directory, names, clock, schedule }: DirectorySourceDeps): CertificateSource => ({
  names,
  lookMs: schedule.fileLookMs,
  // Each replica's mount is updated at another time.
  shared: false,
  read: async () => ({
    offer: await readDirectory(directory, { now: clock.now(), names }),
    issuer: { kind: 'theirs' },
    issue: () => Promise.resolve(false),
  }),
});

/**
 * Reads tls.crt, tls.key and ca.crt.
 * @param wanted.now - milliseconds since 1970
 * @param wanted.names - DNS names and IP addresses that the leaf has to be valid for
 * @throws CertificateError: a file is missing, unreadable or out of date, they don't belong together, or a name is not theirs
 */
export const readDirectory = async (
  directory: string,
  { now, names }: { readonly now: number; readonly names: readonly string[] },
): Promise<Offer> => {
  const certificate = await readPem(directory, 'tls.crt');
  const key = await readPem(directory, 'tls.key');
  const authorities = certificatesIn(await readPem(directory, 'ca.crt'));
  const broken = (file: string, why: string) => new CertificateError(`${join(directory, file)}: ${why}`);
  const leaf = readCertificate(certificate);
  if (leaf === undefined) throw broken('tls.crt', 'is no PEM certificate');
  if (!fitsTogether({ certificate, key })) throw broken('tls.key', 'is not the private key of tls.crt');
  if (authorities.length === 0 || authorities.some((pem) => authorityFacts(pem) === undefined)) {
    throw broken('ca.crt', 'holds no PEM certificate of an authority, or one that is broken');
  }
  const facts = leafFacts({ certificate, key }, { authorities, names });
  if (facts === 'broken' || facts.signer === undefined) throw broken('ca.crt', 'does not vouch for tls.crt');
  if (facts.to <= now) throw broken('tls.crt', `has expired (${leaf.validTo})`);
  if (Date.parse(leaf.validFrom) > now) throw broken('tls.crt', `is not valid yet (only from ${leaf.validFrom} on)`);
  if (facts.missing.length > 0) throw broken('tls.crt', `is not valid for ${facts.missing.join(', ')}`);
  return { certificate, key, authorities };
};

const readPem = async (directory: string, file: string): Promise<string> => {
  const path = join(directory, file);
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new CertificateError(`can't read ${path} (${code}): --cert-dir needs tls.crt, tls.key and ca.crt`, cause);
  }
};

/**
 * Calls `onChange` for any event in the folder, until aborted. It watches the folder and not its files: Kubernetes replaces all files of a
 * mounted Secret at once by renaming the link `..data`. Where a folder can't be watched, the regular look finds changes.
 */
export const watchDirectory = async (
  { directory, log }: { readonly directory: string; readonly log: Log },
  onChange: () => void,
  signal: AbortSignal,
): Promise<void> => {
  try {
    for await (const _event of watch(directory, { signal })) onChange();
  } catch (error) {
    if (signal.aborted) return;
    const { code } = error as NodeJS.ErrnoException;
    log.warn("can't watch the folder of the certificates; it is looked at now and then", { directory, code });
  }
};
