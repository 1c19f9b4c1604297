#!/usr/bin/env node
import { createProgram } from './program.js';
import { processTerminal } from './terminal.js';

declare const WERFBUNDLE_VERSION: string;

// What Node deprecates of what this program bundles is nothing that its user could mend.
process.noDeprecation = true;
process.once('uncaughtException', (error) => {
  const where = process.env['WERFBUNDLE_DEBUG'] === '1' ? `\n${error.stack}` : '; WERFBUNDLE_DEBUG=1 shows where';
  process.stderr.write(`werfbundle: this is a mistake of werfbundle itself: ${error.message}${where}\n`);
  process.exit(2);
});

/** As kubectl's plugin it is called by another name; the single executable knows that only from how it was called. */
const isPlugin = [process.argv0, process.argv[1] ?? ''].some((name) => name.includes('kubectl-'));

// No await at the top: the single executable is a CommonJS module. A rejection is an uncaught exception.
void createProgram({
  name: isPlugin ? 'kubectl werfbundle' : 'werfbundle',
  version: WERFBUNDLE_VERSION,
  argv: process.argv.slice(2),
  terminal: processTerminal(),
}).then((run) => run());
