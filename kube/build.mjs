import { join } from 'node:path';

/** Of @kubernetes/client-node only this module is used: it reads kubeconfigs. */
const CONFIG = /client-node[\\/]dist[\\/]config\.js$/;

/** Stands in for modules that the reading of kubeconfigs never calls. */
const INSTEAD = {
  // Its clients of the API, a class for each type of Kubernetes: half a megabyte.
  './gen/index.js': `export class ServerConfiguration {}
    export const createConfiguration = () => { throw new Error('the clients of @kubernetes/client-node are left out'); };`,
  // Node has it itself, without a table of all letters of international domains.
  'node-fetch': 'export const { Headers } = globalThis; export default globalThis.fetch;',
};

/** Leaves out of a bundle what of @kubernetes/client-node no program calls: a fifth of the controller's text, and what it takes in memory. */
export const onlyKubeConfig = {
  name: 'only-kube-config',
  setup(build) {
    build.onResolve({ filter: /^@kubernetes\/client-node$/ }, async ({ path, pluginData, ...from }) => {
      if (pluginData === 'found') return undefined;
      const { importer, resolveDir, kind } = from;
      const found = await build.resolve(path, { importer, resolveDir, kind, pluginData: 'found' });
      return { ...found, path: join(found.path, '..', 'config.js') };
    });
    build.onResolve({ filter: /^(node-fetch|\.\/gen\/index\.js)$/ }, ({ path, importer }) =>
      CONFIG.test(importer) ? { path, namespace: 'left-out' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({ contents: INSTEAD[path] }));
  },
};
