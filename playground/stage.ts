import { join } from 'node:path';
import type { ObjectRef } from '../api/objects.js';
import type { BundleWatch } from './bundle-watch.js';
import type { Kubectl, KubectlAnswer } from './kubectl.js';
import type { RunningRegistry } from './registry/start.js';
import type { Screen } from './screen/screen.js';

/** Everything that a chapter of the story needs. */
export interface Stage {
  readonly screen: Screen;
  readonly kubectl: Kubectl;
  readonly bundles: BundleWatch;
  /** `127.0.0.1:PORT` */
  readonly registryHost: string;
  /** Stops the registry, or starts it again on the same port with what it held. */
  readonly registry: { stop(): Promise<void>; start(): Promise<RunningRegistry> };
  /** Folder of playground/samples as they are applied: with the registry's real address. */
  readonly samples: string;
  /** What the Jobs run. */
  readonly werf: 'real' | 'stand-in';
  readonly signal: AbortSignal;
}

/** Namespace of the playground's bundles. */
export const DEMO = 'demo';

/** How long anything expected may take, milliseconds: these machines are slow at times. */
export const PATIENCE_MS = 60_000;

export const demo = (name: string): ObjectRef => ({ namespace: DEMO, name });

/** Runs kubectl, and shows the command and its output. */
export const showKubectl = async (stage: Stage, args: readonly string[]): Promise<KubectlAnswer> => {
  stage.signal.throwIfAborted();
  stage.screen.command(['kubectl', ...args]);
  const answer = await stage.kubectl.run(args);
  stage.screen.output(answer.text);
  return answer;
};

/** Applies a sample, and shows that. */
export const applySample = (stage: Stage, name: string): Promise<KubectlAnswer> =>
  showKubectl(stage, ['apply', '-f', join(stage.samples, name)]);

/** Shows `kubectl get --watch` while something happens. */
export const watching = async <T>(stage: Stage, name: string, happens: () => Promise<T>): Promise<T> => {
  const args = ['get', 'wb', name, '-n', DEMO, '--watch'];
  stage.screen.command(['kubectl', ...args]);
  const show = stage.screen.following();
  let last = '';
  const following = stage.kubectl.follow(args, (line) => {
    // A change that no column shows gets no line.
    const shown = line.replace(/ +(?:\d+[smhdy])+(?= |$)/, '');
    if (shown !== last) show(line);
    last = shown;
  });
  try {
    return await happens();
  } finally {
    // The last change may still be on its way to kubectl.
    await new Promise((resolve) => setTimeout(resolve, 300));
    following.stop();
  }
};
