import type { StoredBundle, WerfBundle } from '../../api/werfbundle.js';
import type { Clock } from '../../process/ports.js';
import { nameIn } from '../cluster/bundle-argument.js';
import { CommandError, misuse } from '../command-error.js';
import { type BundleManifest, bundleOf, bundlesAmong } from '../validate/bundle-manifest.js';
import { InputObjects } from '../validate/input-objects.js';
import { inputSource } from '../validate/input-source.js';
import { readInputs } from '../validate/inputs.js';
import { judgeBundle } from '../validate/judge-bundle.js';
import { manifestsIn, textAt } from '../validate/manifests.js';
import type { ObjectSource } from '../validate/object-source.js';
import { settingsFrom } from '../validate/options.js';
import type { Result } from '../validate/result.js';

/** A bundle of files, and what is beside it. */
export interface BundleFile {
  readonly manifest: BundleManifest;
  readonly objects: InputObjects;
  /** The files' bundles, without a cluster. */
  readonly source: ObjectSource;
  /** Files with bytes that are no text. */
  readonly lossy: ReadonlySet<string>;
}

interface FileWish {
  readonly paths: readonly string[];
  /** NAME or wb/NAME; undefined: there must be one only. */
  readonly argument: string | undefined;
  /** For objects that name none. */
  readonly namespace: string;
}

/** Finds the bundle that is meant in files or folders. @throws CommandError if they can't be read, or have not just one that is meant */
export const findBundleFile = async ({ paths, argument, namespace }: FileWish): Promise<BundleFile> => {
  const { files, faults } = await readInputs(paths);
  if (faults.length > 0) throw misuse(...faults);
  const read = files.map((file) => manifestsIn(file));
  const unreadable = read.flatMap((file) => file.unreadable);
  const all = read.flatMap(({ objects }) => objects);
  const bundles = bundlesAmong(all, namespace);
  const named = argument === undefined ? bundles : bundles.filter((one) => nameOf(one) === nameIn(argument));
  const [manifest, another] = named;
  if (manifest === undefined) {
    const [fault] = unreadable;
    if (fault !== undefined) throw misuse(`${fault.file}:${fault.fault.line}: ${fault.fault.message}`);
    throw new CommandError([notFound(paths, argument, bundles)]);
  }
  if (another !== undefined)
    throw misuse(
      argument === undefined
        ? `${paths.join(', ')}: there are several bundles; give the name of one: ${bundles.map(nameOf).join(', ')}`
        : `${paths.join(', ')}: there are several bundles called ${nameOf(manifest)}; give the file of one`,
    );
  const objects = new InputObjects(all, namespace);
  const lossy = new Set(files.filter(({ isLossy }) => isLossy).map(({ name }) => name));
  return { manifest, objects, source: inputSource(objects, bundles), lossy };
};

const nameOf = (manifest: BundleManifest): string => textAt(manifest, 'metadata', 'name');

const notFound = (
  paths: readonly string[],
  argument: string | undefined,
  bundles: readonly BundleManifest[],
): string => {
  const where = paths.join(', ');
  if (argument === undefined || bundles.length === 0) return `no WerfBundle in ${where}`;
  return `no WerfBundle ${nameIn(argument)} in ${where}; there is ${bundles.map(nameOf).join(', ')}`;
};

/** Judges it as `werfbundle validate` does. @param source - that of the file, or a cluster behind it */
export const judgeFile = async (
  { manifest, lossy }: BundleFile,
  { source, clock }: { readonly source: ObjectSource; readonly clock: Clock },
): Promise<Result> => {
  const settings = settingsFrom({ output: 'text' });
  if (settings.kind === 'misuse') throw misuse(...settings.lines);
  return judgeBundle({ source, config: settings.config, clock, strict: false, lossy }, manifest);
};

/**
 * The bundle as it would be stored once it is applied.
 * @param stored - as it is in the cluster now; undefined: it is not there, or nobody asked
 */
export const asApplied = ({ manifest }: BundleFile, stored: StoredBundle | undefined): StoredBundle => {
  const bundle: WerfBundle = bundleOf(manifest);
  const { metadata } = bundle;
  const { uid = '', resourceVersion = '', generation = 0 } = stored?.metadata ?? {};
  return {
    ...bundle,
    metadata: {
      ...metadata,
      name: metadata.name ?? '',
      namespace: manifest.namespace,
      uid,
      resourceVersion,
      generation: generation + 1,
    },
    ...(stored?.status !== undefined && { status: stored.status }),
  };
};
