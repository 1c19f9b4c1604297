import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { isOwnMachine } from '../../registry/addresses.js';
import { readProxies } from '../../registry/proxies.js';
import type { CommandBuilder } from '../command-builder.js';
import { CommandError, misuse } from '../command-error.js';
import { asJsonText, asYamlText, withOutput } from '../output/format.js';
import { Progress } from '../progress.js';
import type { Terminal } from '../terminal.js';
import { DEFAULT_TIMEOUT, timeoutIn } from '../timeout.js';
import { type PublishEnd, publish } from './publish.js';
import { parseReference } from './reference.js';
import { asText } from './report.js';

declare const WERFBUNDLE_VERSION: string;

interface PublishOptions {
  readonly output?: 'json' | 'yaml';
  readonly insecure?: true;
  readonly caFile?: string;
  readonly timeout: string;
}

/** Commander breaks the lines. */
const DESCRIPTION = [
  'Publishes a folder with a Helm chart as a bundle, as "werf bundle publish" would, and prints what a WerfBundle needs to deploy it. The chart is checked first; .helmignore is obeyed, symbolic links are followed. Equal charts have equal digests. A tag that exists is moved.',
  'The login is the one of "docker login": $DOCKER_CONFIG or ~/.docker, credential helpers included. A registry on this machine is spoken to by plain HTTP unless --ca-file is given.',
  'Exit code 0: published; 1: the chart is wrong, or the registry did not take it; 2: wrong use, or a folder that can\u2019t be read.',
].join('\n\n');

/** `werfbundle publish` */
export const publishCommand: CommandBuilder = (terminal) => {
  const command = new Command('publish')
    .summary('publish the Helm chart in a folder as a bundle')
    .description(DESCRIPTION)
    .argument('<folder>', 'the folder with Chart.yaml')
    .argument('<reference>', 'where to: host[:port]/path:tag')
    .option('--insecure', 'plain HTTP')
    .option('--ca-file <file>', "PEM certificates that the registry's may be signed by, beside the system's")
    .option('--timeout <duration>', 'how long it may take in all', DEFAULT_TIMEOUT);
  return withOutput(command, ['json', 'yaml'], 'how to print what was done').action(
    (folder: string, reference: string, options: PublishOptions) =>
      publishFolder(terminal, { folder, reference, options }),
  );
};

const publishFolder = async (
  terminal: Terminal,
  given: { readonly folder: string; readonly reference: string; readonly options: PublishOptions },
): Promise<void> => {
  const { folder, reference, options } = given;
  const { timeout } = options;
  timeoutIn(timeout);
  const place = await placeOf(reference, options);
  const progress = new Progress(
    { isTTY: terminal.errIsTTY, columns: terminal.columns, write: terminal.move },
    terminal.clock,
  );
  if (options.output === undefined) progress.start();
  try {
    const end = await publish({
      ...place,
      folder,
      env: process.env,
      clock: terminal.clock,
      userAgent: `werfbundle/${WERFBUNDLE_VERSION}`,
      tell: (line) => progress.tell(line),
      timeout,
      signal: terminal.signal,
    });
    progress.end();
    print(terminal, end, options);
  } finally {
    progress.end();
  }
};

/** Where to publish to, and how it is reached. @throws CommandError with all that is wrong */
const placeOf = async (reference: string, { insecure, caFile }: PublishOptions) => {
  const to = parseReference(reference);
  const proxies = readProxies(process.env);
  const ca = caFile === undefined ? undefined : await readCa(caFile);
  const faults = [
    ...(to.kind === 'invalid' ? [to.why] : []),
    ...(proxies.kind === 'invalid' ? proxies.problems : []),
    ...(ca?.kind === 'invalid' ? [ca.why] : []),
    ...(insecure && caFile !== undefined ? ['--ca-file: not with --insecure, which uses no TLS'] : []),
  ];
  if (to.kind === 'invalid' || proxies.kind === 'invalid' || ca?.kind === 'invalid' || faults.length > 0)
    throw misuse(...faults);
  const isPlain = insecure === true || (ca === undefined && isOwnMachine(to.host));
  return { to, insecure: isPlain, ca: ca?.pem, proxies: proxies.proxies };
};

const print = (terminal: Terminal, { outcome, notes }: PublishEnd, { output }: PublishOptions): void => {
  terminal.err(notes.map((note) => `${note}\n`).join(''));
  if (outcome.kind !== 'published') throw new CommandError(outcome.lines, outcome.kind === 'unreadable' ? 2 : 1);
  const { publication } = outcome;
  const printed = output === undefined ? asText : output === 'json' ? asJsonText : asYamlText;
  terminal.out(printed(publication));
  terminal.end(0);
};

type ReadCa = { readonly kind: 'ok'; readonly pem: string } | { readonly kind: 'invalid'; readonly why: string };

const readCa = async (file: string): Promise<ReadCa> => {
  const pem = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => error);
  if (pem instanceof Error) return { kind: 'invalid', why: `--ca-file: ${file} can\u2019t be read (${pem.code})` };
  return pem.includes('-----BEGIN CERTIFICATE-----')
    ? { kind: 'ok', pem }
    : { kind: 'invalid', why: `--ca-file: ${file} has no certificate in PEM` };
};
