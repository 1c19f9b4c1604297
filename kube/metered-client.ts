import { type KubeClient, KubeError } from './client.js';

/** A client that makes only so many requests. */
interface MeteredClient {
  readonly client: KubeClient;
  /** Requests made, and refused because there had been enough. */
  readonly made: () => number;
  readonly isExhausted: () => boolean;
}

/** @param most - requests, from 1; another one fails like one that the apiserver has refused for the time being */
export const meteredClient = (client: KubeClient, most: number): MeteredClient => {
  let asked = 0;
  const count = (what: string): void => {
    asked += 1;
    if (asked > most) throw new KubeError('too-many-requests', `${what}: more than ${most} requests for one reconcile`);
  };
  return {
    made: () => asked,
    isExhausted: () => asked > most,
    client: {
      get: async (type, ref, signal) => {
        count(`get ${type.plural}`);
        return await client.get(type, ref, signal);
      },
      managedFields: async (type, ref, signal) => {
        count(`get ${type.plural}`);
        return await client.managedFields(type, ref, signal);
      },
      list: async (type, options, signal) => {
        count(`list ${type.plural}`);
        return await client.list(type, options, signal);
      },
      head: async (type, options, signal) => {
        count(`list ${type.plural}`);
        return await client.head(type, options, signal);
      },
      watch: (type, options, signal) => client.watch(type, options, signal),
      ask: async (type, spec, signal) => {
        count(`create ${type.plural}`);
        return await client.ask(type, spec, signal);
      },
      dryRunCreate: async (type, object, signal) => {
        count(`create ${type.plural}`);
        return await client.dryRunCreate(type, object, signal);
      },
      serverVersion: async (signal) => {
        count('get version');
        return await client.serverVersion(signal);
      },
      serves: async (type, signal) => {
        count(`look for ${type.plural}`);
        return await client.serves(type, signal);
      },
      podLog: async (ref, options, signal) => {
        count('read a log');
        return await client.podLog(ref, options, signal);
      },
      followPodLog: (ref, options, signal) => client.followPodLog(ref, options, signal),
      create: async (type, object, signal) => {
        count(`create ${type.plural}`);
        return await client.create(type, object, signal);
      },
      replace: async (type, object, signal) => {
        count(`update ${type.plural}`);
        return await client.replace(type, object, signal);
      },
      mergePatch: async (type, ref, patch, options, signal) => {
        count(`patch ${type.plural}`);
        return await client.mergePatch(type, ref, patch, options, signal);
      },
      delete: async (type, ref, options, signal) => {
        count(`delete ${type.plural}`);
        return await client.delete(type, ref, options, signal);
      },
      createSubresource: async (subresource, ref, body, signal) => {
        count(`create ${subresource.of.plural}/${subresource.name}`);
        return await client.createSubresource(subresource, ref, body, signal);
      },
    },
  };
};
