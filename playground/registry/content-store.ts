import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A manifest with the media type that it was pushed with. */
interface StoredManifest {
  readonly mediaType: string;
  readonly digest: string;
  readonly content: Buffer;
}

/**
 * The content of an in-process registry, in files, so that it survives a stop. `undefined` means: not found. Digests
 * are `sha256:<hex>`, repositories and tags as a checked request has them.
 */
export class ContentStore {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  blob(digest: string): Promise<Buffer | undefined> {
    return read(join(this.#dir, 'blobs', hex(digest)));
  }

  putBlob(digest: string, content: Buffer): Promise<void> {
    return write(join(this.#dir, 'blobs'), hex(digest), content);
  }

  /** @param reference - a tag or a digest */
  async manifest(repository: string, reference: string): Promise<StoredManifest | undefined> {
    const tagged = reference.includes(':')
      ? reference
      : (await read(join(this.#tags(repository), reference)))?.toString();
    if (tagged === undefined) return undefined;
    const content = await read(join(this.#manifests(repository), hex(tagged)));
    const mediaType = await read(join(this.#manifests(repository), `${hex(tagged)}.type`));
    return content && mediaType && { mediaType: mediaType.toString(), digest: tagged, content };
  }

  async putManifest(repository: string, manifest: StoredManifest, tag: string | undefined): Promise<void> {
    const { digest, mediaType, content } = manifest;
    await write(this.#manifests(repository), `${hex(digest)}.type`, Buffer.from(mediaType));
    await write(this.#manifests(repository), hex(digest), content);
    await mkdir(this.#tags(repository), { recursive: true });
    if (tag !== undefined) await write(this.#tags(repository), tag, Buffer.from(digest));
  }

  /** Deleting a digest deletes its tags, too; deleting a tag deletes only that. */
  async deleteManifest(repository: string, reference: string): Promise<boolean> {
    const found = await this.manifest(repository, reference);
    if (found === undefined) return false;
    for (const tag of (await this.tags(repository)) ?? []) {
      const goes = tag === reference || (await this.manifest(repository, tag))?.digest === reference;
      if (goes) await rm(join(this.#tags(repository), tag));
    }
    if (reference.includes(':')) await rm(join(this.#manifests(repository), hex(reference)));
    return true;
  }

  /** Sorted by their bytes. */
  async tags(repository: string): Promise<readonly string[] | undefined> {
    try {
      return (await readdir(this.#tags(repository))).filter((tag) => !tag.endsWith('~')).sort();
    } catch (error) {
      return absentOr(error);
    }
  }

  #manifests(repository: string): string {
    return join(this.#dir, 'repositories', encodeURIComponent(repository), 'manifests');
  }

  #tags(repository: string): string {
    return join(this.#dir, 'repositories', encodeURIComponent(repository), 'tags');
  }
}

const hex = (digest: string): string => digest.slice(digest.indexOf(':') + 1);

const read = async (file: string): Promise<Buffer | undefined> => {
  try {
    return await readFile(file);
  } catch (error) {
    return absentOr(error);
  }
};

/** Writes a file atomically; no tag may end with `~`. */
const write = async (dir: string, name: string, content: Buffer): Promise<void> => {
  await mkdir(dir, { recursive: true });
  const draft = join(dir, `${name}.${randomUUID()}~`);
  await writeFile(draft, content);
  await rename(draft, join(dir, name));
};

const absentOr = (error: unknown): undefined => {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
};
