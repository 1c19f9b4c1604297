import type { Program } from '../program.js';
import { quantile } from '../statistics.js';
import type { Got } from './connection.js';
import { CONTENDERS, type ContenderName, contenders, type ServerName, WEBHOOK_FLAGS } from './contenders.js';
import { connections, type Load, run } from './load.js';
import type { Surroundings } from './surroundings.js';

/** Connections that requests come over at once. */
export const LEVELS = [1, 10, 50] as const;
export type Level = (typeof LEVELS)[number];

/** One contender in one round at one level. */
export interface Sample {
  readonly contender: ContenderName;
  readonly level: Level;
  readonly round: number;
  /** User and system time of the server alone, microseconds for each request. */
  readonly cpuMicros: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Plan {
  readonly rounds: number;
  /** Requests of each sample. */
  readonly requests: number;
  /** Requests of each contender before anything is measured. */
  readonly warmUp: number;
}

/** The servers that contenders share. */
export type Servers = Readonly<Record<ServerName, Program>>;

/** Starts a process for each server. */
export const startServers = async (surroundings: Surroundings): Promise<Servers> => {
  const webhook = (name: keyof typeof WEBHOOK_FLAGS) => surroundings.startWebhook(name, WEBHOOK_FLAGS[name]);
  return {
    'bare-echo': await surroundings.startEcho('bare-echo', 'bare-echo.js'),
    'express-echo': await surroundings.startEcho('express-echo', 'express-echo.js'),
    'webhook-alone': await webhook('webhook-alone'),
    'webhook-five-gets': await webhook('webhook-five-gets'),
    'webhook-grants': await webhook('webhook-grants'),
    'webhook-charts': await webhook('webhook-charts'),
  };
};

/**
 * Measures all contenders, in turns: each round holds each of them against the others within seconds, and begins with another one, so
 * that whatever else the machine does meets all of them alike.
 * @throws Error for a wrong answer, or for other calls to the apiserver than there must be
 */
export const measure = async (
  {
    servers,
    surroundings,
    plan,
  }: { readonly servers: Servers; readonly surroundings: Surroundings; readonly plan: Plan },
  onRound: (round: number) => void,
): Promise<readonly Sample[]> => {
  const { ca } = surroundings;
  for (const name of CONTENDERS) await warmUp(name, { servers, surroundings, count: plan.warmUp });
  const samples: Sample[] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const level of LEVELS) {
      for (const contender of rotated(CONTENDERS, round)) {
        const server = servers[contenders[contender].server];
        const load = { ...loadFor(contender, server.port, ca), connections: level, count: plan.requests };
        samples.push({ contender, level, round, ...(await measureOnce(server, load)) });
      }
    }
    for (const server of Object.values(servers)) server.forgetLog();
    onRound(round);
  }
  return samples;
};

const rotated = <T>(items: readonly T[], by: number): readonly T[] => {
  const first = by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
};

const loadFor = (name: ContenderName, port: number, ca: string) => {
  const { request, isRight } = contenders[name];
  return { port, ca, request: () => request, isRight };
};

/** Lets the optimizer do its work, and makes sure that each request costs the calls it must. */
const warmUp = async (
  name: ContenderName,
  { servers, surroundings, count }: { servers: Servers; surroundings: Surroundings; count: number },
): Promise<void> => {
  const { calls, server, refused } = contenders[name];
  const before = await surroundings.calls();
  const load = { ...loadFor(name, servers[server].port, surroundings.ca), connections: 10, count };
  const open = await connections(load);
  await run(load, open);
  for (const connection of open) connection.close();
  const after = await surroundings.calls();
  const made = { lookups: (after.lookups - before.lookups) / count, reviews: (after.reviews - before.reviews) / count };
  // Each of those that come before the first answer asks.
  if (after.charts - before.charts > load.connections)
    throw new Error(`${contenders[name].title}: a chart is read again and again`);
  if (refused !== undefined) await askRefused(refused, load);
  if (made.lookups !== calls.lookups || made.reviews !== calls.reviews) {
    const counts = ({ lookups, reviews }: typeof calls) => `${lookups} GETs and ${reviews} SubjectAccessReviews`;
    throw new Error(`${contenders[name].title}: ${counts(made)} for a request, where ${counts(calls)} are expected`);
  }
};

/** Shows that what is measured is judged. */
const askRefused = async (request: Buffer, { port, ca }: Pick<Load, 'port' | 'ca'>): Promise<void> => {
  const open = await connections({ port, ca, connections: 1 });
  await run({ count: 1, request: () => request, isRight: isRefused }, open);
  for (const connection of open) connection.close();
};

const isRefused = ({ status, body }: Got): boolean => status === 200 && body.includes('"allowed":false');

/** Handshakes are left out: they are the same everywhere, and come once in many calls. */
const measureOnce = async (server: Program, load: Load): Promise<Omit<Sample, 'contender' | 'level' | 'round'>> => {
  const open = await connections(load);
  try {
    const before = await server.usage();
    const tookMs = await run(load, open);
    const after = await server.usage();
    return {
      cpuMicros: (after.cpuMicros - before.cpuMicros) / load.count,
      p50Ms: quantile(tookMs, 0.5),
      p99Ms: quantile(tookMs, 0.99),
    };
  } finally {
    for (const connection of open) connection.close();
  }
};
