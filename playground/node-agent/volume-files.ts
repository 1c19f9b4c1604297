import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { VolumeContent } from './volumes.js';

/** The owner of the files. */
export interface VolumeOwner {
  /** False: the agent's own user owns all files, and is every user in a container with a user namespace. */
  readonly root: boolean;
  /** The containers' user, for tokens. */
  readonly user: number | undefined;
  /** The Pod's fsGroup. */
  readonly group: number | undefined;
}

/**
 * Writes a volume's first content into `folder`, which is made.
 * An emptyDir is for everybody (0777, and set-group-id with an fsGroup), files have their mode, and with an fsGroup its members may
 * read them: all as a kubelet does.
 */
export const writeVolume = async (folder: string, content: VolumeContent, owner: VolumeOwner): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const group = owner.root ? owner.group : undefined;
  if (content.kind === 'empty') {
    if (group !== undefined) await chown(folder, 0, group);
    await chmod(folder, group === undefined ? 0o777 : 0o2777);
    return;
  }
  await chmod(folder, 0o755);
  for (const file of content.kind === 'files' ? content.files : []) {
    const path = join(folder, file.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, file.content);
    const user = owner.root && file.token === true ? (owner.user ?? 0) : undefined;
    if (user !== undefined || group !== undefined) await chown(path, user ?? 0, group ?? 0);
    await chmod(path, group === undefined ? file.mode : file.mode | 0o440);
  }
};
