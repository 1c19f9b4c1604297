import type { Program } from '../program.js';
import { median, quantile } from '../statistics.js';
import { contenders } from './contenders.js';
import { connections, run } from './load.js';
import type { Plan } from './measure.js';
import type { Surroundings } from './surroundings.js';

/** Connections of the honest callers. */
export const ATTACKED_CONNECTIONS = 50;

/** What slow callers do to the others: p99 of validate, milliseconds, in each round. */
export interface AttackResult {
  readonly rounds: readonly { readonly quietMs: number; readonly attackedMs: number }[];
  /** Median of what the rounds say, each by itself. */
  readonly ratio: number;
}

const ROUNDS = 5;

/** Measures validate in quiet and under attack, in turns. */
export const measureAttack = async (
  { surroundings, server }: { readonly surroundings: Surroundings; readonly server: Program },
  { requests }: Pick<Plan, 'requests'>,
): Promise<AttackResult> => {
  const { request, isRight } = contenders.validate;
  const p99 = async (): Promise<number> => {
    const open = await connections({ port: server.port, ca: surroundings.ca, connections: ATTACKED_CONNECTIONS });
    try {
      return quantile(await run({ count: 2 * requests, request: () => request, isRight }, open), 0.99);
    } finally {
      for (const connection of open) connection.close();
      server.forgetLog();
    }
  };
  await p99();
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const quietMs = await p99();
    const attackers = await surroundings.startAttackers(server.port);
    rounds.push({ quietMs, attackedMs: await p99() });
    await attackers.stop();
  }
  return { rounds, ratio: median(rounds.map(({ quietMs, attackedMs }) => attackedMs / quietMs)) };
};
