import { valueAt } from '../../api/json-map.js';
import { parseJson } from '../../api/parse-json.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { ManagedFields } from '../../kube/client.js';

/** What keeps an object as it stands somewhere else, in git mostly. */
export type Tool = 'flux' | 'flux-helm' | 'argo-cd' | 'helm' | 'kubectl-apply';

/** One of them, and what it does with a field. */
export interface Manager {
  readonly tool: Tool;
  /** The Kustomization, Application or release; undefined if that does not stand on the object. */
  readonly name: string | undefined;
  readonly namespace?: string;
  readonly hold: Hold;
  /** Those that were asked about, `spec.suspend`, and that it holds so. */
  readonly fields: readonly string[];
}

/** The strongest of: sets, what it applies has a field, which is put back; unknown, it may have; leaves-open, it has none of them. */
type Hold = 'sets' | 'unknown' | 'leaves-open';

/** What is asked about: fields of a bundle. */
export interface Asked {
  /** `['spec', 'suspend']` */
  readonly paths: readonly (readonly string[])[];
  /** Those of them that a change by hand has taken away, as `spec.suspend`: whose they were, nothing but an applied manifest tells any more. */
  readonly taken?: readonly string[];
}

/** How each is known: by the name that it writes fields under, by labels and annotations. */
interface Signs {
  readonly writes: readonly string[];
  readonly label?: string;
  readonly annotation?: string;
  readonly nameOf: (bundle: StoredBundle) => { readonly name?: string | undefined; readonly namespace?: string };
}

/** As Flux, Argo CD and Helm take names; Argo CD has `namespace_name`, too. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,252}$/;

/** A name that stands on an object, where everybody may write: undefined if nothing can be called so, since people paste it into a shell. */
export const managerName = (text: string | undefined): string | undefined =>
  text !== undefined && NAME.test(text) ? text : undefined;

/** What `kubectl apply` keeps of the manifest. */
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const TRACKING_ID = 'argocd.argoproj.io/tracking-id';
const INSTANCE = 'app.kubernetes.io/instance';
const HELM_NAME = 'meta.helm.sh/release-name';
const KUSTOMIZATION = 'kustomize.toolkit.fluxcd.io/name';
const HELM_RELEASE = 'helm.toolkit.fluxcd.io/name';

const labelled =
  (label: string): Signs['nameOf'] =>
  ({ metadata: { labels = {} } }) => {
    const namespace = labels[label.replace(/name$/, 'namespace')];
    return { name: labels[label], ...(namespace !== undefined && { namespace }) };
  };

const SIGNS: Readonly<Record<Tool, Signs>> = {
  flux: { writes: ['kustomize-controller'], label: KUSTOMIZATION, nameOf: labelled(KUSTOMIZATION) },
  'flux-helm': { writes: ['helm-controller'], label: HELM_RELEASE, nameOf: labelled(HELM_RELEASE) },
  // The label alone is no sign: charts and people set it, too.
  'argo-cd': {
    writes: ['argocd-controller'],
    annotation: TRACKING_ID,
    nameOf: ({ metadata: { labels, annotations } }) => ({
      name: annotations?.[TRACKING_ID]?.split(':')[0] ?? labels?.[INSTANCE],
    }),
  },
  helm: {
    writes: ['helm'],
    annotation: HELM_NAME,
    nameOf: ({ metadata: { annotations } }) => ({ name: annotations?.[HELM_NAME] }),
  },
  'kubectl-apply': { writes: ['kubectl-client-side-apply', 'kubectl'], nameOf: () => ({ name: undefined }) },
};

/** Tools that leave the signs of another one, too: what is then behind them is not told. */
const BEHIND: Readonly<Record<Tool, readonly Tool[]>> = {
  flux: [],
  'flux-helm': [],
  'argo-cd': [],
  helm: ['flux-helm'],
  'kubectl-apply': ['flux', 'flux-helm', 'argo-cd', 'helm'],
};

/** Who keeps a bundle as it stands elsewhere, and whether they set fields of it. */
export const managersOf = (
  bundle: StoredBundle,
  fields: readonly ManagedFields[],
  { paths, taken = [] }: Asked,
): readonly Manager[] =>
  (Object.keys(SIGNS) as Tool[])
    .filter((tool) => isThere(tool, bundle, fields))
    .filter((tool, _, all) => !all.some((other) => BEHIND[tool].includes(other)))
    .map((tool) => ({
      tool,
      ...defined(SIGNS[tool].nameOf(bundle)),
      ...strongest(paths, (path) => holdOf(bundle, entriesOf(tool, fields), { path, taken })),
    }));

const STRENGTH: readonly Hold[] = ['sets', 'unknown', 'leaves-open'];

const strongest = (
  paths: readonly (readonly string[])[],
  holdOn: (path: readonly string[]) => Hold,
): Pick<Manager, 'hold' | 'fields'> => {
  const held = paths.map((path) => ({ hold: holdOn(path), field: path.join('.') }));
  const hold = STRENGTH.find((one) => held.some((field) => field.hold === one)) ?? 'leaves-open';
  return { hold, fields: held.filter((field) => field.hold === hold).map(({ field }) => field) };
};

const isThere = (tool: Tool, { metadata }: StoredBundle, fields: readonly ManagedFields[]): boolean => {
  const { label, annotation } = SIGNS[tool];
  return (
    entriesOf(tool, fields).length > 0 ||
    (label !== undefined && metadata.labels?.[label] !== undefined) ||
    (annotation !== undefined && metadata.annotations?.[annotation] !== undefined)
  );
};

/** What the tool has written as itself. `kubectl` is also the name of `kubectl patch` and the like, of old: only applying counts. */
const entriesOf = (tool: Tool, fields: readonly ManagedFields[]): readonly ManagedFields[] =>
  fields.filter(
    ({ manager = '', operation, subresource = '' }) =>
      subresource === '' && SIGNS[tool].writes.includes(manager) && (manager !== 'kubectl' || operation === 'Apply'),
  );

const holdOf = (
  { metadata }: StoredBundle,
  entries: readonly ManagedFields[],
  { path, taken }: { readonly path: readonly string[]; readonly taken: readonly string[] },
): Hold => {
  const owned = entries.filter(({ fieldsV1 }) => valueAt(fieldsV1, ...path.map((name) => `f:${name}`)) !== undefined);
  if (owned.some(({ operation }) => operation === 'Apply')) return 'sets';
  // An update owns what the schema has filled in, too; what was applied stands in the annotation, if it was applied from a client.
  const applied = metadata.annotations?.[LAST_APPLIED];
  if (applied === undefined) return owned.length > 0 || taken.includes(path.join('.')) ? 'unknown' : 'leaves-open';
  return valueAt(parseJson(applied), ...path) === undefined ? 'leaves-open' : 'sets';
};

const defined = (named: { readonly name?: string | undefined; readonly namespace?: string }) => {
  const namespace = managerName(named.namespace);
  return { name: managerName(named.name), ...(namespace !== undefined && { namespace }) };
};
