import { Gauge, type Registry } from 'prom-client';

/** Registers werfbundle_build_info. @returns what sets it: the version of the program; that of Node is known */
export const registerBuildInfo = (registry: Registry): ((version: string) => void) => {
  const info = new Gauge({
    name: 'werfbundle_build_info',
    help: 'Always 1: the version of this program, and of the Node that runs it.',
    labelNames: ['version', 'node'],
    registers: [registry],
  });
  return (version) => info.set({ version, node: process.versions.node }, 1);
};
