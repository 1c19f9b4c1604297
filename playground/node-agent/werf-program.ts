import { copyFile, mkdir, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mount } from './sandbox.js';

/** How containers find werf. */
export interface WerfProgram {
  /** A real werf, or undefined: the stand-in. */
  readonly real: string | undefined;
  /** To be mounted in each container. */
  readonly mounts: readonly Mount[];
  /** The folder to put first on each container's PATH, in a sandbox and without one: the machine may have a werf of its own. */
  readonly folder: string;
  readonly bareFolder: string;
}

const FOLDER = '/playground/bin';

/** The script that starts the stand-in with the container's Node, or else with the machine's. */
const script = (node: string): string => `#!/bin/sh
node=${FOLDER}/node
[ -x "$node" ] || node='${node.replaceAll("'", "'\\''")}'
unset NODE_OPTIONS
exec "$node" "\${0%/*}/werf-stand-in.mjs" "$@"
`;

/**
 * Makes a folder with the program `werf`: the real one that was found, else the stand-in run by this Node.
 * @param options.standIn - the bundled stand-in
 * @throws if the stand-in is needed and can't be read
 */
export const prepareWerf = async (options: {
  readonly dir: string;
  readonly standIn: string;
  readonly real: string | undefined;
}): Promise<WerfProgram> => {
  const bareFolder = join(options.dir, 'bin');
  await mkdir(bareFolder, { recursive: true, mode: 0o755 });
  const folderMount: Mount = { kind: 'dir', source: bareFolder, target: FOLDER, readOnly: true };
  if (options.real !== undefined) {
    const real = await realpath(options.real);
    await writeFile(join(bareFolder, 'werf'), `#!/bin/sh\nexec '${real.replaceAll("'", "'\\''")}' "$@"\n`, {
      mode: 0o755,
    });
    const mounts: Mount[] = [folderMount, { kind: 'file', source: real, target: `${FOLDER}/werf`, readOnly: true }];
    return { real, mounts, folder: FOLDER, bareFolder };
  }
  await copyFile(options.standIn, join(bareFolder, 'werf-stand-in.mjs'));
  await writeFile(join(bareFolder, 'werf'), script(process.execPath), { mode: 0o755 });
  // Node is mounted over this file. The file is not executable, so that it is not taken for Node where nothing is mounted.
  await writeFile(join(bareFolder, 'node'), '', { mode: 0o644 });
  const node: Mount = {
    kind: 'file',
    source: await realpath(process.execPath),
    target: `${FOLDER}/node`,
    readOnly: true,
  };
  return { real: undefined, mounts: [folderMount, node], folder: FOLDER, bareFolder };
};
