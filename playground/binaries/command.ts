import { type FlagTable, parseFlags } from '../../process/flags.js';
import { type Found, findBinaries } from './find.js';
import { VARIABLES } from './places.js';
import { reportTo } from './report.js';
import { plainVersion, versionFault } from './versions.js';

const flags = {
  json: {
    kind: 'boolean',
    help: 'Prints {"kind":"found","binaries":{…},"source"} or {"kind":"missing","missing":[{"name","how"}]}; progress goes to stderr.',
  },
  kubernetes: { kind: 'string', fault: versionFault, help: 'This version and no other, for example 1.34.2.' },
} as const satisfies FlagTable;

const SUMMARY = 'Finds the programs that the playground and the tests run, and gets those that are missing.';

/**
 * `playground binaries [--json] [--kubernetes VERSION]`.
 * @param version - for --version
 * @returns the exit code: 0 found, 2 missing or misuse, 130 interrupted
 */
export const binariesCommand = async (argv: readonly string[], version: string): Promise<number> => {
  const options = parse(argv, version);
  if (options.kind === 'told') {
    console.log(options.text);
    return 0;
  }
  if (options.kind === 'misuse') {
    for (const problem of options.problems) console.error(problem);
    return 2;
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
  | { readonly kind: 'told'; readonly text: string }
  | { readonly kind: 'misuse'; readonly problems: readonly string[] };

const parse = (argv: readonly string[], version: string): Options => {
  const { columns } = process.stdout;
  const parsed = parseFlags(flags, {
    argv,
    columns,
    program: 'playground binaries',
    summary: SUMMARY,
    variables: VARIABLES,
  });
  if (parsed.kind === 'help') return { kind: 'told', text: parsed.text };
  if (parsed.kind === 'version') return { kind: 'told', text: version };
  if (parsed.kind === 'invalid') return { kind: 'misuse', problems: parsed.problems };
  const { json, kubernetes } = parsed.values;
  return { kind: 'run', json, kubernetes: kubernetes === undefined ? undefined : plainVersion(kubernetes) };
};

const print = (found: Found, json: boolean): void => {
  if (json) console.log(JSON.stringify(found));
  else if (found.kind === 'found') {
    for (const [name, path] of Object.entries(found.binaries)) console.log(`${name}: ${path}`);
    console.log(found.source);
  } else for (const { name, how } of found.missing) console.error(`missing: ${name}: ${how}`);
};
