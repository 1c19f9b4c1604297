import { canonicalJson } from '../../api/canonical-json.js';
import { parseSpec } from '../../api/settings.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { ValuesAnswer } from '../../dashboard/protocol.js';
import type { KubeClient } from '../../kube/client.js';
import type { Clock } from '../../process/ports.js';
import { explain } from '../explain/explain.js';
import type { SourceRow, ValueRow } from '../explain/explanation.js';
import { gather } from '../explain/gather.js';
import { clusterReader } from '../explain/read.js';
import { sourceNotes, sourceText } from '../explain/values-text.js';
import { commandFor } from './next-step.js';
import { ownTooLarge, smallReader, smallSources } from './small-sources.js';

/** Rows that a page is sent; 200 KB of values have some ten thousand. */
const MOST_ROWS = 5_000;
/** Letters of a value. */
const MOST_LETTERS = 500;
const OWN = 'spec.converge.values';

/**
 * What the next deployment would be given, and from where, with the caller's rights: a source that may not be read is said to be so. Of a
 * Secret nothing is told but its name and keys; of a source that is too large, how large it is.
 * @throws KubeError when the apiserver could not be asked
 */
export const valuesOf = async (
  { client, clock, options }: { readonly client: KubeClient; readonly clock: Clock; readonly options: string },
  bundle: StoredBundle,
  signal: AbortSignal,
): Promise<ValuesAnswer> => {
  const spec = parseSpec(bundle);
  if (spec.kind === 'invalid') {
    const problems = spec.problems.map(({ field, message }) => `${field}: ${message}`);
    return { sources: [], rows: [], problems, warnings: [] };
  }
  const all = commandFor(bundle, 'explain --values', options);
  const why = ownTooLarge(bundle);
  if (why !== undefined) return { sources: [], rows: [], problems: [], warnings: [`${OWN} ${why}: ${all}`] };
  const small = smallSources(client);
  const read = smallReader(clusterReader(small, signal));
  const deps = { clock, read, client: small, openRegistry: undefined, tell: () => undefined, signal };
  const { values } = explain(await gather(deps, { bundle, settings: spec.settings, file: undefined }));
  const more = values.rows.length - MOST_ROWS;
  return {
    sources: [...values.sources.map(sourceRow), ...ownValues(bundle)],
    rows: values.rows.slice(0, MOST_ROWS).map(valueRow),
    problems: values.problems,
    warnings: [
      ...sourceNotes(values),
      ...values.warnings,
      ...(more > 0 ? [`${more} more values are not shown here: ${all}`] : []),
    ],
  };
};

/** The bundle's own values, which win over all others. */
const ownValues = ({ spec }: StoredBundle): ValuesAnswer['sources'] =>
  spec.converge?.values === undefined ? [] : [{ field: OWN, source: OWN, state: 'used', why: '' }];

const sourceRow = ({ field, source, state, why = '' }: SourceRow) => ({ field, source, state, why });

const valueRow = ({ path = '', value, hidden, source, overrides }: ValueRow) => ({
  path,
  value: value === undefined ? '' : shortened(canonicalJson(value)),
  hidden: hidden ?? (value === undefined ? 1 : 0),
  source: sourceText(source),
  overrides: overrides.map(sourceText),
});

const shortened = (text: string): string =>
  text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS).replace(/[\ud800-\udbff]$/, '')}…` : text;
