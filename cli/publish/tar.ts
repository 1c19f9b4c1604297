const BLOCK = 512;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;

/**
 * A ustar archive of regular files: sorted by name, mode 644, owner 0, time 0, so equal files make equal bytes.
 * @param files - content by path, for example `app/Chart.yaml`; texts become UTF-8
 * @throws RangeError for a path that {@link fitsInTar} refuses
 */
export const tarOf = (files: Readonly<Record<string, string | Buffer>>): Buffer => {
  const names = Object.keys(files).sort();
  const entries = names.flatMap((name) => {
    const content = Buffer.from(files[name] ?? '');
    return [header(name, content.length), content, Buffer.alloc(padding(content.length))];
  });
  return Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)]);
};

/** Whether ustar can hold a path: at most 100 bytes in its last part, about 255 in all. */
export const fitsInTar = (path: string): boolean => split(path) !== undefined;

const padding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

/** @see https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html "ustar Interchange Format" */
const header = (path: string, size: number): Buffer => {
  const parts = split(path);
  if (parts === undefined) throw new RangeError(`a path too long for a ustar archive: ${path}`);
  const block = Buffer.alloc(BLOCK);
  block.write(parts.name, 0);
  block.write(octal(0o644, 8), 100);
  block.write(octal(0, 8), 108); // uid
  block.write(octal(0, 8), 116); // gid
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136); // modified
  block.write(' '.repeat(8), 148); // the checksum counts its own field as blanks
  block.write('0', 156); // a regular file
  block.write('ustar\0' + '00', 257);
  block.write(parts.prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 7)} `, 148);
  return block;
};

/** Digits and a final NUL, `width` bytes in all. */
const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;

/** A long path is cut at a slash: up to 155 bytes before it, up to 100 after. */
const split = (path: string): { readonly prefix: string; readonly name: string } | undefined => {
  const bytes = (text: string): number => Buffer.byteLength(text);
  if (bytes(path) <= NAME_BYTES) return { prefix: '', name: path };
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (bytes(prefix) <= PREFIX_BYTES && bytes(name) <= NAME_BYTES) return { prefix, name };
  }
  return undefined;
};
