import { hasSchema } from '../../api/chart/chart-files.js';
import { unpackChart } from '../../api/chart/unpack.js';

/** Bytes of an archive that is unpacked on the main thread, and what may come out: a millisecond or two. */
const SMALL = { packed: 64 * 1024, unpacked: 512 * 1024 };

/**
 * Whether an archive surely has no schema in it, as most have none: then no thread is needed to find it out.
 * @returns false as well if it is too large to be looked at here
 */
export const hasNoSchema = (archive: Buffer): boolean => {
  if (archive.length > SMALL.packed) return false;
  const unpacked = unpackChart(archive, SMALL.unpacked);
  if (unpacked.kind === 'invalid' || hasSchema(unpacked.files)) return false;
  return ![...unpacked.files.keys()].some((path) => path.startsWith('charts/') && path.endsWith('.tgz'));
};
