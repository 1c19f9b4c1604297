import type { BundleState } from '../../protocol.js';
import { SORT_KEYS, type SortKey } from '../rows/row-order.js';
import { isState } from '../rows/states.js';

/** The parts of the detail, of which one is seen at a time. */
export type DetailView = 'overview' | 'log' | 'events' | 'values' | 'checks' | 'yaml';

/** All of them, in the order in which they are offered. */
export const DETAIL_VIEWS: readonly DetailView[] = ['overview', 'log', 'events', 'values', 'checks', 'yaml'];

/** The bundle that is open. */
export interface OpenBundle {
  readonly namespace: string;
  readonly name: string;
  readonly view: DetailView;
  /** The deployment whose log is chosen; left out: the running or last one. */
  readonly number?: number | undefined;
}

/** What the page shows, as its address says it. */
export interface Address {
  /** Left out: the list alone. */
  readonly open?: OpenBundle;
  readonly text: string;
  readonly states: readonly BundleState[];
  /** None: all. */
  readonly namespaces: readonly string[];
  readonly sort: SortKey;
}

/** Reads an address. What it does not know, it leaves out. @param search - with its `?`, or '' */
export const parseAddress = (pathname: string, search: string): Address => {
  const query = new URLSearchParams(search);
  const open = openIn(pathname, query);
  const sort = SORT_KEYS.find((key) => key === query.get('sort')) ?? 'state';
  return {
    ...(open && { open }),
    text: query.get('q') ?? '',
    states: (query.get('state') ?? '').split(',').filter(isState),
    namespaces: query.getAll('namespace').filter(Boolean),
    sort,
  };
};

const openIn = (pathname: string, query: URLSearchParams): OpenBundle | undefined => {
  const [, namespace, name] = /^\/bundles\/([^/]+)\/([^/]+)\/?$/.exec(pathname) ?? [];
  if (namespace === undefined || name === undefined) return undefined;
  const view = DETAIL_VIEWS.find((known) => known === query.get('view')) ?? 'overview';
  const number = /^[1-9]\d{0,8}$/.exec(query.get('number') ?? '')?.[0];
  return {
    namespace: decoded(namespace),
    name: decoded(name),
    view,
    ...(number !== undefined && { number: Number(number) }),
  };
};

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

/** The address as a link: path and query. */
export const addressText = ({ open, text, states, namespaces, sort }: Address): string => {
  const query = new URLSearchParams();
  if (text !== '') query.set('q', text);
  if (states.length > 0) query.set('state', states.join(','));
  for (const namespace of namespaces) query.append('namespace', namespace);
  if (sort !== 'state') query.set('sort', sort);
  if (open !== undefined && open.view !== 'overview') query.set('view', open.view);
  if (open?.number !== undefined) query.set('number', String(open.number));
  // Commas may stand in a query as they are.
  const shown = query.toString().replaceAll('%2C', ',');
  return `${open === undefined ? '/' : bundlePath(open)}${shown === '' ? '' : `?${shown}`}`;
};

/** `/bundles/NAMESPACE/NAME`, of the page's address and, below `/api`, of the calls. */
export const bundlePath = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string =>
  `/bundles/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;

/** The address with a bundle open, in its overview; or with none. */
export const withOpen = (
  { open: _, ...rest }: Address,
  bundle: { readonly namespace: string; readonly name: string } | undefined,
): Address =>
  bundle === undefined
    ? rest
    : Object.assign(rest, { open: { namespace: bundle.namespace, name: bundle.name, view: 'overview' as const } });
