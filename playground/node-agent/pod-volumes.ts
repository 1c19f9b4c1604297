import { join } from 'node:path';
import type { AgentPod } from './pod.js';
import type { NodeFacts } from './pod-facts.js';
import type { Isolation } from './sandbox.js';
import type { Sources } from './sources.js';
import { type VolumeOwner, writeVolume } from './volume-files.js';
import { contentOf } from './volumes.js';

/** All of a Pod's volumes on the machine, by name, or the first that can't be made (yet). */
type PodVolumes =
  | { readonly kind: 'ready'; readonly folders: ReadonlyMap<string, string> }
  | { readonly kind: 'missing'; readonly message: string };

const ownerOf = (pod: AgentPod, isolation: Isolation): VolumeOwner => {
  const shared = pod.spec.securityContext;
  const users = new Set(pod.spec.containers.map((each) => each.securityContext?.runAsUser ?? shared?.runAsUser));
  const [user] = users;
  return { root: isolation === 'root', user: users.size === 1 ? user : undefined, group: shared?.fsGroup };
};

/** Makes all volumes below `folder`; nothing is written before all of their sources are there. */
export const makeVolumes = async (given: {
  readonly pod: AgentPod;
  readonly sources: Sources;
  readonly node: NodeFacts;
  readonly folder: string;
  readonly isolation: Isolation;
}): Promise<PodVolumes> => {
  const contents = (given.pod.spec.volumes ?? []).map((volume) => ({
    name: volume.name,
    content: contentOf(volume, given),
  }));
  for (const { name, content } of contents) {
    if (content.kind !== 'missing') continue;
    return { kind: 'missing', message: `MountVolume.SetUp failed for volume "${name}" : ${content.message}` };
  }
  const owner = ownerOf(given.pod, given.isolation);
  const folders = new Map(contents.map(({ name }) => [name, join(given.folder, name)]));
  await Promise.all(contents.map(({ name, content }) => writeVolume(join(given.folder, name), content, owner)));
  return { kind: 'ready', folders };
};
