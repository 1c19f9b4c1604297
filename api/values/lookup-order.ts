import type { ValuesSource } from '../werfbundle.js';

/** The namespaces that a source of values is looked for in, in this order; the first that has it wins. */
export const lookupOrder = (
  from: ValuesSource['from'],
  { bundleNamespace, targetNamespace }: { readonly bundleNamespace: string; readonly targetNamespace: string },
): readonly [string, ...string[]] => {
  if (bundleNamespace === targetNamespace || from === 'Bundle') return [bundleNamespace];
  return from === 'Target' ? [targetNamespace] : [bundleNamespace, targetNamespace];
};
