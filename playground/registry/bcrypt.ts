import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';

/** docker-registry accepts no other kind of password hash. 2^5 rounds, the minimum, are enough for a playground. */
const SALT_ALPHABET = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const SALT_LENGTH = 22;

/**
 * A line of an htpasswd file, made by a tool of the machine: the crypt of its C library (libxcrypt knows bcrypt) through perl or
 * python3, or Apache's own tool. The password is passed on standard input, so that no list of processes shows it.
 * @returns undefined when none of them can make one
 */
export const htpasswdLine = async (username: string, password: string): Promise<string | undefined> => {
  const salt = `$2b$05$${[...randomBytes(SALT_LENGTH)].map((byte) => SALT_ALPHABET[byte % 64]).join('')}`;
  const makers: readonly (readonly [string, readonly string[]])[] = [
    ['perl', ['-e', 'local $/; print crypt(<STDIN>, $ARGV[0])', salt]],
    ['python3', ['-W', 'ignore', '-c', 'import crypt, sys; print(crypt.crypt(sys.stdin.read(), sys.argv[1]))', salt]],
    ['htpasswd', ['-niBC', '5', username]],
  ];
  for (const [program, args] of makers) {
    const hash = /\$2[aby]\$05\$[./A-Za-z0-9]{53}/.exec(await outputOf(program, args, password))?.[0];
    if (hash !== undefined) return `${username}:${hash}\n`;
  }
  return undefined;
};

/** The output of a program; empty if it does not exist, or fails. */
const outputOf = (program: string, args: readonly string[], input: string): Promise<string> => {
  return new Promise((resolve) => {
    const child = execFile(program, [...args], { timeout: 10_000 }, (error, stdout) => resolve(error ? '' : stdout));
    child.stdin?.on('error', () => {}); // a program that does not exist reads nothing
    child.stdin?.end(input);
  });
};
