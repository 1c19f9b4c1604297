import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { Values } from './values.js';
import { say } from './words.js';

/** The annotation in Chart.yaml that tells the stand-in how to behave. */
const ANNOTATION = 'playground.werf.io/behaviour';

/** How a deployment, or a plan, behaves; for demonstrations. */
export type Behaviour =
  | { readonly kind: 'oom' }
  | { readonly kind: 'fail' }
  /** The deployment uses this much memory, and frees it. */
  | { readonly kind: 'memory'; readonly mebibytes: number }
  | { readonly kind: 'slow'; readonly seconds: number }
  /** The plan fails; all other behaviours do not affect plans. */
  | { readonly kind: 'fail-plan' }
  | { readonly kind: 'slow-plan'; readonly seconds: number }
  /** The plan says that this object would be deleted, `PersistentVolumeClaim/data`; nothing is. */
  | { readonly kind: 'plan-deletes'; readonly resource: string }
  /** A template, a hook, or a Deployment that never becomes ready: the deployment fails there. */
  | { readonly kind: 'template' | 'hook' | 'unready' }
  /** The deployment fails if this value is given at the top. */
  | { readonly kind: 'fail-if'; readonly value: string }
  /** Only a part of the object is deployed. */
  | { readonly kind: 'half' }
  | { readonly kind: 'print-values' };

const PLAIN = ['oom', 'fail', 'template', 'hook', 'unready', 'print-values', 'half', 'fail-plan'] as const;

/** Memory is allocated in pieces of this size, so that a limit is reached step by step. */
const PIECE_MEBIBYTES = 8;

/**
 * Reads `playground.werf.io/behaviour`: `oom`, `memory: MEBIBYTES`, `fail`, `template`, `hook`, `unready`, `slow: SECONDS`, `print-values`,
 * `half`, `fail-plan`, `slow-plan: SECONDS`, `plan-deletes: KIND/NAME`, `fail-if: VALUE`, or several with commas between them.
 * @throws Error for anything else
 */
export const behavioursOf = (annotations: Readonly<Record<string, string>>): readonly Behaviour[] => {
  const words = (annotations[ANNOTATION] ?? '').split(',').map((word) => word.trim());
  return words.filter((word) => word !== '').map(behaviourOf);
};

const behaviourOf = (word: string): Behaviour => {
  const plain = PLAIN.find((kind) => kind === word);
  if (plain !== undefined) return { kind: plain };
  const [, resource] = /^plan-deletes:\s*(\w+\/[\w.-]+)$/.exec(word) ?? [];
  if (resource !== undefined) return { kind: 'plan-deletes', resource };
  const [, value] = /^fail-if:\s*(\w+)$/.exec(word) ?? [];
  if (value !== undefined) return { kind: 'fail-if', value };
  const [, kind, amount] = /^(memory|slow|slow-plan):\s*(\d+(?:\.\d+)?)$/.exec(word) ?? [];
  if (kind === 'memory') return { kind, mebibytes: Number(amount) };
  if (kind === 'slow' || kind === 'slow-plan') return { kind, seconds: Number(amount) };
  throw new Error(
    `${ANNOTATION}: "${word}" is none of ${[...PLAIN, 'memory: MEBIBYTES', 'slow: SECONDS', 'slow-plan: SECONDS', 'plan-deletes: KIND/NAME', 'fail-if: VALUE'].join(', ')}`,
  );
};

/** Allocates this much memory, and keeps it for a second, since the agent measures the process only now and then. */
const take = async (mebibytes: number): Promise<void> => {
  const taken: Buffer[] = [];
  while (taken.length * PIECE_MEBIBYTES < mebibytes) {
    taken.push(Buffer.alloc(PIECE_MEBIBYTES * 1024 * 1024, taken.length + 1));
    await sleep(20);
  }
  await sleep(1_000, taken);
};

/** What a behaviour needs to know of the deployment. */
interface Circumstances {
  readonly values: Values;
  readonly chart: string;
  readonly namespace: string;
  /** --timeout, seconds; 0: none. */
  readonly timeoutS: number;
  readonly print: (line: string) => void;
}

/** @throws Error for all that fail: the deployment's own failure, or the plan's */
export const behave = async (behaviour: Behaviour, about: Circumstances): Promise<void> => {
  const { print } = about;
  switch (behaviour.kind) {
    case 'print-values':
      for (const line of stringify(about.values).trimEnd().split('\n')) print(line);
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
    case 'plan-deletes':
      return;
    case 'fail-plan':
      throw new Error('build resource infos: the chart asked for it');
    case 'oom':
      print('Rendering an enormous chart');
      return await take(Number.POSITIVE_INFINITY);
    case 'memory':
      print(`Rendering a chart of ${behaviour.mebibytes} MiB`);
      return await take(behaviour.mebibytes);
    case 'template':
      throw new Error(say('rendering', { chart: about.chart, cause: templateError(about.chart) }));
    case 'hook':
      throw new Error('track resource readiness: resource "Job/migrate" failed: the chart asked for it');
    case 'fail':
      print('deploy/backend: container backend: waiting: CrashLoopBackOff');
      throw new Error('track resource readiness: resource "Deployment/backend" failed: the chart asked for it');
    case 'fail-if':
      if (about.values[behaviour.value] === undefined) return;
      throw new Error(`track resource readiness: resource "Deployment/backend" failed: ${behaviour.value} was given`);
    case 'unready':
      await sleep(about.timeoutS * 1000);
      throw new Error(say('neverReady', { namespace: about.namespace, resource: 'Deployment/web' }));
  }
};

const templateError = (chart: string): string =>
  say('template', {
    file: `${chart}/templates/objects.yaml`,
    at: '4:18',
    expression: '.Values.nothere.deep.er',
    why: 'nil pointer evaluating interface {}.deep',
  });
