import { parseArgs } from 'node:util';
import { type Found, findBinaries } from './find.js';

const USAGE = `usage: binaries [--json]
Finds the programs that the playground and the tests run, and gets those that are missing.
  --json   prints {"kind":"found","binaries":{…}} or {"kind":"missing","missing":[{"name","how"}]}; progress goes to stderr`;

/**
 * `playground binaries [--json]`.
 * @returns the exit code: 0 found, 2 missing or misuse, 130 interrupted
 */
export async function binariesCommand(argv: readonly string[]): Promise<number> {
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
    const say = (line: string) => console.error(line);
    const found = await findBinaries({ need: ['control-plane', 'registry'], say, signal });
    print(found, options.json);
    return found.kind === 'found' ? 0 : 2;
  } catch (error) {
    if (!signal.aborted) throw error;
    console.error('interrupted; the next run goes on where this one stopped');
    return 130;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

type Options =
  | { readonly kind: 'run'; readonly json: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'misuse'; readonly message: string };

function parse(args: readonly string[]): Options {
  try {
    const flags = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
    const { values } = parseArgs({ args: [...args], options: flags });
    return values.help ? { kind: 'help' } : { kind: 'run', json: values.json ?? false };
  } catch (error) {
    return { kind: 'misuse', message: (error as Error).message };
  }
}

function usage(code: 0 | 2): number {
  (code === 0 ? console.log : console.error)(USAGE);
  return code;
}

function print(found: Found, json: boolean): void {
  if (json) console.log(JSON.stringify(found));
  else if (found.kind === 'found')
    for (const [name, path] of Object.entries(found.binaries)) console.log(`${name}: ${path}`);
  else for (const { name, how } of found.missing) console.error(`missing: ${name}: ${how}`);
}
