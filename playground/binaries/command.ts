import { parseArgs } from 'node:util';
import { type Found, findBinaries } from './find.js';
import { reportTo } from './report.js';
import { parseVersion } from './versions.js';

const USAGE = `usage: binaries [--json] [--kubernetes VERSION]
Finds the programs that the playground and the tests run, and gets those that are missing.
  --json                 prints {"kind":"found","binaries":{…},"source"} or {"kind":"missing","missing":[{"name","how"}]}; progress goes
                         to stderr
  --kubernetes VERSION   this version and no other, for example 1.34.2`;

/**
 * `playground binaries [--json] [--kubernetes VERSION]`.
 * @returns the exit code: 0 found, 2 missing or misuse, 130 interrupted
 */
export const binariesCommand = async (argv: readonly string[]): Promise<number> => {
  const options = parse(argv);
  if (options.kind === 'help') return usage(0);
  if (options.kind === 'misuse') {
    console.error(options.message);
    return usage(2);
  }
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const { signal } = interrupted;
  try {
    const { kubernetes } = options;
    const say = (line: string) => console.error(line);
    const report = reportTo({ stream: process.stderr, say, now: () => performance.now() });
    const found = await findBinaries({ need: ['control-plane', 'registry'], kubernetes, report, signal });
    print(found, options.json);
    return found.kind === 'found' ? 0 : 2;
  } catch (error) {
    if (!signal.aborted) throw error;
    console.error('interrupted; the next run goes on where this one stopped');
    return 130;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
};

type Options =
  | { readonly kind: 'run'; readonly json: boolean; readonly kubernetes: string | undefined }
  | { readonly kind: 'help' }
  | { readonly kind: 'misuse'; readonly message: string };

const parse = (args: readonly string[]): Options => {
  try {
    const help = { type: 'boolean', short: 'h' } as const;
    const flags = { json: { type: 'boolean' }, kubernetes: { type: 'string' }, help } as const;
    const { values } = parseArgs({ args: [...args], options: flags });
    if (values.help) return { kind: 'help' };
    const wish = parseVersion(values.kubernetes);
    if (wish.kind === 'invalid') return { kind: 'misuse', message: wish.message };
    return { kind: 'run', json: values.json ?? false, kubernetes: wish.version };
  } catch (error) {
    return { kind: 'misuse', message: (error as Error).message };
  }
};

const usage = (code: 0 | 2): number => {
  (code === 0 ? console.log : console.error)(USAGE);
  return code;
};

const print = (found: Found, json: boolean): void => {
  if (json) console.log(JSON.stringify(found));
  else if (found.kind === 'found') {
    for (const [name, path] of Object.entries(found.binaries)) console.log(`${name}: ${path}`);
    console.log(found.source);
  } else for (const { name, how } of found.missing) console.error(`missing: ${name}: ${how}`);
};
