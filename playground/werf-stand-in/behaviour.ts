import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { Values } from './values.js';

/** The annotation in Chart.yaml by which a chart says how its deployment goes. */
const ANNOTATION = 'playground.werf.io/behaviour';

/** How a deployment, or a plan, is to go; for demonstrations. */
export type Behaviour =
  | { readonly kind: 'oom' }
  | { readonly kind: 'fail' }
  /** The deployment takes so much memory, and gives it back. */
  | { readonly kind: 'memory'; readonly mebibytes: number }
  | { readonly kind: 'slow'; readonly seconds: number }
  /** Of a plan, which the others leave alone. */
  | { readonly kind: 'fail-plan' }
  | { readonly kind: 'slow-plan'; readonly seconds: number }
  /** The object is deployed in part only. */
  | { readonly kind: 'half' }
  | { readonly kind: 'print-values' };

const PLAIN = ['oom', 'fail', 'print-values', 'half', 'fail-plan'] as const;

/** Memory is taken in pieces of this size, so that a limit is met and not leapt over. */
const PIECE_MEBIBYTES = 8;

/**
 * Reads `playground.werf.io/behaviour`: `oom`, `memory: MEBIBYTES`, `fail`, `slow: SECONDS`, `print-values`, `half`, `fail-plan`,
 * `slow-plan: SECONDS`, or several with commas between them.
 * @throws Error for anything else
 */
export function behavioursOf(annotations: Readonly<Record<string, string>>): readonly Behaviour[] {
  const words = (annotations[ANNOTATION] ?? '').split(',').map((word) => word.trim());
  return words.filter((word) => word !== '').map(behaviourOf);
}

function behaviourOf(word: string): Behaviour {
  const plain = PLAIN.find((kind) => kind === word);
  if (plain !== undefined) return { kind: plain };
  const [, kind, amount] = /^(memory|slow|slow-plan):\s*(\d+(?:\.\d+)?)$/.exec(word) ?? [];
  if (kind === 'memory') return { kind, mebibytes: Number(amount) };
  if (kind === 'slow' || kind === 'slow-plan') return { kind, seconds: Number(amount) };
  throw new Error(
    `${ANNOTATION}: "${word}" is none of ${[...PLAIN, 'memory: MEBIBYTES', 'slow: SECONDS', 'slow-plan: SECONDS'].join(', ')}`,
  );
}

/** Takes so much memory, and holds it for a second: whoever watches the process looks now and then only. */
async function take(mebibytes: number): Promise<void> {
  const taken: Buffer[] = [];
  while (taken.length * PIECE_MEBIBYTES < mebibytes) {
    taken.push(Buffer.alloc(PIECE_MEBIBYTES * 1024 * 1024, taken.length + 1));
    await sleep(20);
  }
  await sleep(1_000, taken);
}

/** @throws Error for `fail` and `fail-plan`: the deployment's own failure */
export async function behave(behaviour: Behaviour, values: Values, print: (line: string) => void): Promise<void> {
  switch (behaviour.kind) {
    case 'print-values':
      for (const line of stringify(values).trimEnd().split('\n')) print(line);
      return;
    case 'slow':
      print(`Waiting for resources to become ready (${behaviour.seconds}s)`);
      await sleep(behaviour.seconds * 1000);
      return;
    case 'slow-plan':
      print(`Building the plan (${behaviour.seconds}s)`);
      await sleep(behaviour.seconds * 1000);
      return;
    case 'half':
      return;
    case 'fail-plan':
      throw new Error('release plan install: build resource infos: the chart asked for it');
    case 'oom':
      print('Rendering an enormous chart');
      return await take(Number.POSITIVE_INFINITY);
    case 'memory':
      print(`Rendering a chart of ${behaviour.mebibytes} MiB`);
      return await take(behaviour.mebibytes);
    case 'fail':
      print('deploy/backend: container backend: waiting: CrashLoopBackOff');
      throw new Error('release install: execute release install plan: deploy/backend failed: the chart asked for it');
  }
}
