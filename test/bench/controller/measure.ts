import { setTimeout as sleep } from 'node:timers/promises';
import type { Delays } from '../loop-delay.js';
import type { Usage } from '../meter.js';
import type { Program } from '../program.js';
import type { Plan } from './arguments.js';
import { type Calls, readsIn, writesIn } from './calls.js';
import type { Fixture } from './fixture.js';
import { createFleet, repositoriesOf } from './fleet.js';
import type { MadeJob } from './job-runner.js';

/** How late the controller's event loop was, and how late that of a process that does nothing. */
export interface LoopDelays {
  readonly own: Delays;
  readonly idle: Delays;
}

/** How long it took to act on new tags. */
interface TagTimes {
  /** From the push to the Job, seconds: the wait for the next poll is in it. */
  readonly fromPush: readonly number[];
  /** From the first listing that has the tag to the Job, seconds. */
  readonly fromListing: readonly number[];
}

/** What was measured with one number of bundles. */
export interface Measured {
  readonly bundles: number;
  readonly repositories: number;
  /** Between two polls, seconds. */
  readonly intervalSeconds: number;
  /** From the start of the controller until all bundles, none of which was deployed before, are Synced. */
  readonly deploying: {
    readonly seconds: number;
    /** CPU of all threads for each bundle, milliseconds; without what a start without bundles takes. */
    readonly cpuMs: number;
    readonly writes: number;
    readonly reads: number;
    readonly delays: LoopDelays;
  };
  /** One interval in which nothing happens. */
  readonly steady: {
    readonly writes: number;
    readonly reads: number;
    readonly scans: number;
    readonly cpuMs: number;
    readonly delays: LoopDelays;
  };
  readonly memory: Pick<Usage, 'heapUsed' | 'rss' | 'highestRss'>;
  /** New tags while nothing else happens. */
  readonly newTags: TagTimes;
  /** From the start of a second controller on. */
  readonly restart: {
    readonly readySeconds: number;
    /** Until the first bundle with a new tag has its Job. */
    readonly firstSeconds: number;
    /** Until all of them have: their polls are spread over an interval. */
    readonly lastSeconds: number;
    /** Jobs of bundles that had nothing new. */
    readonly repeated: number;
    readonly highestRss: number;
  };
  /** Until all caches are filled and the looks that follow have begun, the worse of the two starts. */
  readonly starting: LoopDelays;
  /** All calls while bundles were deployed, and in the steady interval. */
  readonly calls: { readonly deploying: Record<string, number>; readonly steady: Record<string, number> };
}

/** What is waited for may take this long. */
const PATIENCE_MS = 60 * 60_000;
const LOOK_MS = 250;
/** Quiet for this long is quiet. */
const QUIET_MS = 10_000;
/** Each repository is polled once more after its last deployment; some hundred requests at ten a second. */
const LAST_POLLS_MS = 30_000;
/** The looks at all bundles begin with the caches filled. */
const AFTER_START_MS = 5_000;
/** Repositories that get a new tag while nothing else happens. */
const NEW_TAGS = 10;

/** Measures one number of bundles, from the first deployment to a restart. */
export const measure = async (
  fixture: Fixture,
  { bundles, plan, say }: { readonly bundles: number; readonly plan: Plan; readonly say: (text: string) => void },
): Promise<Measured> => {
  const { pollSeconds, timeScale } = plan;
  const repositories = repositoriesOf(bundles);
  const intervalSeconds = pollSeconds / timeScale;
  const bare = await cpuOfBareStart(fixture);
  say('publishing, and creating bundles');
  for (const tag of ['v1.0.0', 'canary-1']) await fixture.publish(repositories, tag);
  await createFleet(fixture.client, { bundles, pollSeconds, registryHost: fixture.registryHost }, fixture.signal);
  say('deploying all of them');
  const { program, starting, ...deploying } = await deployAll(fixture, { bundles, bare });
  await quiet(fixture);
  await sleep(LAST_POLLS_MS);
  say(`a steady interval of ${intervalSeconds} s`);
  const { memory, ...steady } = await watchSteady(fixture, program, { bundles, intervalSeconds });
  say('new tags');
  const some = repositories.slice(0, NEW_TAGS);
  const newTags = await tagTimes(fixture, some, 'canary-2');
  await quiet(fixture);
  await program.stop();
  say('a restart with new tags everywhere');
  const { again, ...restart } = await restartWith(fixture, repositories);
  return {
    bundles,
    repositories: repositories.length,
    intervalSeconds,
    deploying: deploying.result,
    steady: steady.result,
    memory,
    newTags,
    restart,
    starting: worse(starting, again),
    calls: { deploying: Object.fromEntries(deploying.calls), steady: Object.fromEntries(steady.calls) },
  };
};

/** CPU of a controller without bundles until it is ready, microseconds. */
const cpuOfBareStart = async (fixture: Fixture): Promise<number> => {
  const program = await fixture.startController('controller-bare');
  const { cpuMicros } = await program.usage();
  await program.stop();
  return cpuMicros;
};

const deployAll = async (fixture: Fixture, { bundles, bare }: { readonly bundles: number; readonly bare: number }) => {
  await forget(fixture);
  const start = performance.now();
  const { program, starting } = await startWatched(fixture, 'controller-first');
  await until('all bundles are Synced', () => {
    let synced = 0;
    for (const bundle of fixture.bundles()) if (bundle.synced && bundle.tag !== undefined) synced += 1;
    return synced === bundles;
  });
  const { cpuMicros } = await program.usage();
  const seconds = (performance.now() - start) / 1000;
  const calls = await fixture.calls.since();
  const delays = await loopDelays(fixture, program);
  const result = {
    seconds,
    delays,
    writes: writesIn(calls) / bundles,
    reads: readsIn(calls) / bundles,
    cpuMs: (cpuMicros - bare) / 1000 / bundles,
  };
  return { program, starting, result, calls };
};

/** Starts a controller, and looks how late its event loop is meanwhile. */
const startWatched = async (fixture: Fixture, name: string) => {
  await fixture.idle.delays();
  const start = Date.now();
  const program = await fixture.startController(name);
  const readySeconds = (Date.now() - start) / 1000;
  await sleep(AFTER_START_MS);
  return { program, readySeconds, starting: await loopDelays(fixture, program) };
};

const watchSteady = async (
  fixture: Fixture,
  program: Program,
  { bundles, intervalSeconds }: { readonly bundles: number; readonly intervalSeconds: number },
) => {
  await forget(fixture);
  await loopDelays(fixture, program);
  const before = await program.usage();
  await sleep(intervalSeconds * 1000);
  const [listings, calls] = [await fixture.listings(), await fixture.calls.since()];
  const delays = await loopDelays(fixture, program);
  const after = await program.usage(true);
  const { heapUsed, rss, highestRss } = after;
  return {
    result: {
      writes: writesIn(calls),
      reads: readsIn(calls),
      scans: listings.length,
      delays,
      cpuMs: (after.cpuMicros - before.cpuMicros) / 1000 / bundles,
    },
    calls,
    memory: { heapUsed, rss, highestRss },
  };
};

const restartWith = async (fixture: Fixture, repositories: readonly string[]) => {
  const tag = 'canary-3';
  await fixture.publish(repositories, tag);
  const before = fixture.jobs.length;
  const start = Date.now();
  const { program, readySeconds, starting } = await startWatched(fixture, 'controller-again');
  const made = await jobsOf(fixture, { tag, count: repositories.length });
  await quiet(fixture);
  const seconds = made.map(({ at }) => (at - start) / 1000);
  const { highestRss } = await program.usage();
  return {
    again: starting,
    readySeconds,
    highestRss,
    firstSeconds: Math.min(...seconds),
    lastSeconds: Math.max(...seconds),
    repeated: fixture.jobs.length - before - repositories.length,
  };
};

/** The first bundle of a repository, which follows its channel, has the repository's name. */
const tagTimes = async (fixture: Fixture, repositories: readonly string[], tag: string): Promise<TagTimes> => {
  await fixture.publish(repositories, tag);
  await fixture.listings();
  const pushed = Date.now();
  const made = await jobsOf(fixture, { tag, count: repositories.length });
  const listings = await fixture.listings();
  const listedAt = (job: MadeJob): number =>
    listings.find(({ repository }) => repository.split('/').at(-1) === job.bundle.split('/').at(-1))?.at ?? Number.NaN;
  return {
    fromPush: made.map(({ at }) => (at - pushed) / 1000),
    fromListing: made.map((job) => (job.at - listedAt(job)) / 1000),
  };
};

const jobsOf = async (fixture: Fixture, { tag, count }: { readonly tag: string; readonly count: number }) => {
  const made = () => fixture.jobs.filter((job) => job.tag === tag);
  await until(`${count} Jobs for ${tag}`, () => made().length >= count);
  return made();
};

/** Until the controller has written nothing for a while. */
const quiet = async (fixture: Fixture): Promise<void> => {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
    await fixture.calls.since();
    await sleep(QUIET_MS);
    if (writesIn(await fixture.calls.since()) === 0) return;
  }
  throw new Error('the controller does not stop writing');
};

/** What came before is not counted. */
const forget = async (fixture: Fixture): Promise<[Calls, unknown]> => [
  await fixture.calls.since(),
  await fixture.listings(),
];

const loopDelays = async ({ idle }: Fixture, program: Program): Promise<LoopDelays> => ({
  own: await program.delays(),
  idle: await idle.delays(),
});

const worse = (one: LoopDelays, other: LoopDelays): LoopDelays => (one.own.maxMs > other.own.maxMs ? one : other);

const until = async (what: string, holds: () => boolean): Promise<void> => {
  for (const end = Date.now() + PATIENCE_MS; !holds(); await sleep(LOOK_MS)) {
    if (Date.now() > end) throw new Error(`not within ${PATIENCE_MS / 60_000} minutes: ${what}`);
  }
};
