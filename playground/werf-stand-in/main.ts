import { run } from './run.js';
import { say } from './words.js';

const undos = new Set<() => Promise<void>>();

/** Ends on a signal, which a container's first process has to handle itself. Locks are released, and the release stays as it is. */
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

// A reader of the output may end early, like `head`: Go programs end silently then.
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
