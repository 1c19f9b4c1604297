import { join } from 'node:path';
import { untilAborted } from '../process/sleep.js';
import { StartError } from '../process/start-error.js';
import { binariesCommand } from './binaries/command.js';
import { BrokenPromise } from './bundle-watch.js';
import { showCard } from './by-hand/card.js';
import { type PlaygroundOptions, parseOptions } from './options.js';
import { withStage } from './play.js';
import { Screen } from './screen/screen.js';
import type { Stage } from './stage.js';
import { brokenChart, outOfMemory } from './story/failing-jobs.js';
import { goodBundle, secondTag } from './story/good-bundle.js';
import { outage } from './story/outage.js';
import { refusal } from './story/refusal.js';

declare const WERFBUNDLE_VERSION: string;

const STORY = [goodBundle, secondTag, refusal, outOfMemory, brokenChart, outage] as const;

/** The checkout: this file is dist/playground.js. */
const ROOT = join(import.meta.dirname, '..');

const playStory = async (stage: Stage): Promise<void> => {
  for (const chapter of STORY) {
    stage.signal.throwIfAborted();
    await chapter(stage);
  }
};

const play = async (options: PlaygroundOptions, screen: Screen, signal: AbortSignal): Promise<void> => {
  const started = performance.now();
  const secondsSince = (from: number) => `${Math.round((performance.now() - from) / 1_000)} s`;
  await withStage({ options, screen, root: ROOT, signal }, async (stage, { card, source }) => {
    const raised = performance.now();
    await playStory(stage);
    screen.heading(`All that was promised happened, ${secondsSince(started)} after the start`);
    screen.say(`programs: ${source}; the story took ${secondsSince(raised)}`);
    if (options.once) return;
    showCard(screen, card);
    await untilAborted(signal);
  });
  screen.heading('Stopped: no process and no port is left');
};

/** @returns the exit code: 0 everything happened as expected, 1 it did not, 2 misuse or something is missing */
const run = async (argv: readonly string[], screen: Screen, signal: AbortSignal): Promise<number> => {
  const parsed = parseOptions(argv, process.stdout.columns);
  switch (parsed.kind) {
    case 'help':
      console.log(parsed.text);
      return 0;
    case 'version':
      console.log(WERFBUNDLE_VERSION);
      return 0;
    case 'invalid':
      for (const problem of parsed.problems) console.error(problem);
      return 2;
    case 'ok':
      await play(parsed.values, screen, signal);
      return 0;
  }
};

const failure = (error: unknown, screen: Screen, signal: AbortSignal): number => {
  if (signal.aborted) return 130;
  if (error instanceof StartError) {
    for (const line of error.lines) console.error(line);
    return 2;
  }
  if (error instanceof BrokenPromise) {
    screen.broken(error.message);
    return 1;
  }
  console.error(error);
  return 1;
};

const [command, ...rest] = process.argv.slice(2);
if (command === 'binaries') {
  process.exit(await binariesCommand(rest, WERFBUNDLE_VERSION));
}
const interrupted = new AbortController();
const interrupt = () => interrupted.abort(new Error('interrupted'));
process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
const screen = new Screen();
try {
  process.exitCode = await run(process.argv.slice(2), screen, interrupted.signal);
} catch (error) {
  process.exitCode = failure(error, screen, interrupted.signal);
}
process.exit();
