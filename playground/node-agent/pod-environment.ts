import type { ObjectRef } from '../../api/objects.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { PODS } from '../../kube/resources.js';
import type { Clock, Log } from '../../process/ports.js';
import { pause } from '../../process/sleep.js';
import type { PodEvents } from './pod-events.js';
import type { NodeFacts } from './pod-facts.js';
import type { Isolation } from './sandbox.js';
import type { WerfProgram } from './werf-program.js';

/** The environment that all Pods of a node share. */
export interface PodEnvironment {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly node: NodeFacts;
  /** The apiserver's URL as Pods reach it. */
  readonly server: string;
  /** Folder for Pods' files. */
  readonly dir: string;
  readonly isolation: Isolation;
  readonly werf: WerfProgram;
  readonly events: PodEvents;
  /** Aborted: the apiserver is not to be called any more. */
  readonly signal: AbortSignal;
}

const RETRY_MS = 2000;

/** Removes a terminated Pod from the apiserver; tries until that succeeds, or until the apiserver must not be called any more. */
export const confirmDeletion = async (
  env: PodEnvironment,
  pod: ObjectRef & { readonly uid: string },
): Promise<void> => {
  while (!env.signal.aborted) {
    try {
      await env.client.delete(PODS, pod, { uid: pod.uid, gracePeriodSeconds: 0 }, env.signal);
      return;
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      // Another Pod has that name already.
      if (error.code === 'conflict') return;
      await pause(env.clock, RETRY_MS, env.signal);
    }
  }
};
