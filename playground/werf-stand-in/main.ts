import { run } from './run.js';
import { say } from './words.js';

const undos = new Set<() => Promise<void>>();

/** The first process of a container ends on a signal only if it says so. Locks are given back, and a release stays as it was left. */
const endOn = (signal: NodeJS.Signals, { name, code }: { readonly name: string; readonly code: number }): void => {
  process.once(signal, async () => {
    process.stdout.write(`${say('signal', { signal: name })}\n`);
    await Promise.all([...undos].map((undo) => undo()));
    process.exit(code);
  });
};
// 128 and the signal's number, as a shell reports it.
endOn('SIGTERM', { name: 'terminated', code: 143 });
endOn('SIGINT', { name: 'interrupt', code: 130 });

// Whoever reads may go before the end, `head` for one: Go programs end silently then.
process.stdout.on('error', () => process.exit(1));
process.stderr.on('error', () => process.exit(1));

process.exitCode = await run(process.argv.slice(2), {
  environment: process.env,
  print: (line) => process.stdout.write(`${line}\n`),
  printError: (line) => process.stderr.write(`${line}\n`),
  now: () => new Date(),
  onTermination: (undo) => {
    undos.add(undo);
    return () => undos.delete(undo);
  },
});
