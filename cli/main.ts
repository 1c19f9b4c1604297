import { createProgram } from './program.js';
import { processTerminal } from './terminal.js';

declare const WERFBUNDLE_VERSION: string;

process.once('uncaughtException', (error) => {
  const where = process.env['WERFBUNDLE_DEBUG'] === '1' ? `\n${error.stack}` : '; WERFBUNDLE_DEBUG=1 shows where';
  process.stderr.write(`werfbundle: this is a mistake of werfbundle itself: ${error.message}${where}\n`);
  process.exit(2);
});
const argv = process.argv.slice(2);
const program = await createProgram({
  // As kubectl's plugin it is called by another name.
  name: (process.argv[1] ?? '').includes('kubectl-') ? 'kubectl werfbundle' : 'werfbundle',
  version: WERFBUNDLE_VERSION,
  argv,
  terminal: processTerminal(),
});
await program();
