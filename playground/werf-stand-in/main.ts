import { run } from './run.js';

// The first process of a container ends on SIGTERM only if it says so; 143 is what a shell reports of it.
process.on('SIGTERM', () => process.exit(143));
process.on('SIGINT', () => process.exit(130));

// Whoever reads may go before the end, `head` for one: Go programs end silently then.
process.stdout.on('error', () => process.exit(1));
process.stderr.on('error', () => process.exit(1));

process.exitCode = await run(process.argv.slice(2), {
  environment: process.env,
  print: (line) => process.stdout.write(`${line}\n`),
  printError: (line) => process.stderr.write(`${line}\n`),
  now: () => new Date(),
});
