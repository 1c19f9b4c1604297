import type { FoundSource } from '../../api/values/problem.js';
import { type ResolvedValues, resolveValues, type ValuesInput } from '../../api/values/resolve.js';

/** A source of values that is there: a ConfigMap with these keys. */
export const configMap = (
  name: string,
  data: Record<string, string>,
  rest: Partial<FoundSource> & { key?: string } = {},
): ValuesInput => {
  const { key, ...found } = rest;
  return {
    source: { configMapRef: { name }, ...(key !== undefined && { key }) },
    found: { kind: 'ConfigMap', namespace: 'ops', name, data, ...found },
  };
};

/** The same, as a Secret. */
export const secret = (name: string, data: Record<string, string>, rest: Partial<FoundSource> = {}): ValuesInput => ({
  source: { secretRef: { name } },
  found: { kind: 'Secret', namespace: 'ops', name, data, ...rest },
});

/** What becomes of the sources, in this order, and of the values of the spec itself. */
export const resolve = (sources: readonly ValuesInput[], inline?: Record<string, unknown>): ResolvedValues =>
  resolveValues({ sources, ...(inline !== undefined && { inline }), bundleNamespace: 'ops', targetNamespace: 'ops' });
