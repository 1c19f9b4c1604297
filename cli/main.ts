import { createProgram } from './program.js';
import { processTerminal } from './terminal.js';

declare const WERFBUNDLE_VERSION: string;

const argv = process.argv.slice(2);
const program = await createProgram({
  // As kubectl's plugin it is called by another name.
  name: (process.argv[1] ?? '').includes('kubectl-') ? 'kubectl werfbundle' : 'werfbundle',
  version: WERFBUNDLE_VERSION,
  argv,
  terminal: processTerminal(),
});
await program();
