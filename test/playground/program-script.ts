import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A shell script that stands for a program. */
export const program = async (dir: string, name: string, body: string): Promise<string> => {
  await mkdir(dir, { recursive: true });
  const file = join(dir, name);
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
  return file;
};
