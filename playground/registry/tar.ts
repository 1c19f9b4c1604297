const BLOCK = 512;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;

/**
 * A ustar archive of regular files: sorted by name, mode 644, owner 0, time 0, so equal files make equal bytes.
 * @param files - content (UTF-8) by path, for example `app/Chart.yaml`
 * @throws RangeError for a path that ustar can't hold (over 100 bytes in its last part, over 255 in all)
 */
export const tarOf = (files: Readonly<Record<string, string>>): Buffer => {
  const names = Object.keys(files).sort();
  const entries = names.flatMap((name) => {
    const content = Buffer.from(files[name] ?? '', 'utf8');
    return [header(name, content.length), content, Buffer.alloc(padding(content.length))];
  });
  return Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)]);
};

const padding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

/** @see https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html "ustar Interchange Format" */
const header = (path: string, size: number): Buffer => {
  const { prefix, name } = split(path);
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0);
  block.write(octal(0o644, 8), 100);
  block.write(octal(0, 8), 108); // uid
  block.write(octal(0, 8), 116); // gid
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136); // modified
  block.write(' '.repeat(8), 148); // the checksum counts its own field as blanks
  block.write('0', 156); // a regular file
  block.write('ustar\0' + '00', 257);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 7)} `, 148);
  return block;
};

/** Digits and a final NUL, `width` bytes in all. */
const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;

/** A long path is cut at a slash: up to 155 bytes before it, up to 100 after. */
const split = (path: string): { readonly prefix: string; readonly name: string } => {
  const bytes = (text: string): number => Buffer.byteLength(text);
  if (bytes(path) <= NAME_BYTES) return { prefix: '', name: path };
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (bytes(prefix) <= PREFIX_BYTES && bytes(name) <= NAME_BYTES) return { prefix, name };
  }
  throw new RangeError(`a path too long for a ustar archive: ${path}`);
};
