import { type KubeClient, KubeError } from './client.js';

/**
 * The client, except that it writes nothing once `holds` says no: such a call fails as if it were aborted. A write that was sent
 * before may still arrive: resourceVersions and names have to guard against that.
 */
export const fencedClient = (client: KubeClient, holds: () => boolean): KubeClient => {
  const check = (what: string): void => {
    if (!holds()) throw new KubeError('aborted', `${what}: this process does not lead any more`);
  };
  return {
    get: (type, ref, signal) => client.get(type, ref, signal),
    managedFields: (type, ref, signal) => client.managedFields(type, ref, signal),
    list: (type, options, signal) => client.list(type, options, signal),
    head: (type, options, signal) => client.head(type, options, signal),
    watch: (type, options, signal) => client.watch(type, options, signal),
    ask: (type, spec, signal) => client.ask(type, spec, signal),
    dryRunCreate: (type, object, signal) => client.dryRunCreate(type, object, signal),
    serverVersion: (signal) => client.serverVersion(signal),
    serves: (type, signal) => client.serves(type, signal),
    podLog: (ref, options, signal) => client.podLog(ref, options, signal),
    followPodLog: (ref, options, signal) => client.followPodLog(ref, options, signal),
    create: async (type, object, signal) => {
      check(`create ${type.plural}`);
      return await client.create(type, object, signal);
    },
    replace: async (type, object, signal) => {
      check(`update ${type.plural}`);
      return await client.replace(type, object, signal);
    },
    mergePatch: async (type, ref, patch, options, signal) => {
      check(`patch ${type.plural}`);
      return await client.mergePatch(type, ref, patch, options, signal);
    },
    delete: async (type, ref, options, signal) => {
      check(`delete ${type.plural}`);
      return await client.delete(type, ref, options, signal);
    },
    createSubresource: async (subresource, ref, body, signal) => {
      check(`create ${subresource.of.plural}/${subresource.name}`);
      return await client.createSubresource(subresource, ref, body, signal);
    },
  };
};
