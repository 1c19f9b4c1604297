/** What a call asks for. */
export type Route =
  /** A part of the page; every path of a view is the page itself. */
  | { readonly kind: 'file'; readonly name: 'html' | 'js' | 'css' }
  | { readonly kind: 'about' }
  | { readonly kind: 'session' }
  /** No namespaces: all of them. */
  | { readonly kind: 'bundles'; readonly namespaces: readonly string[] }
  | {
      readonly kind: 'bundle';
      readonly part: BundlePart;
      readonly namespace: string;
      readonly name: string;
      /** Of a deployment, for its log. */
      readonly number: number | undefined;
    }
  | { readonly kind: 'unknown' }
  /** Something in the address is not what it has to be; `why` is a whole sentence without its full stop. */
  | { readonly kind: 'invalid'; readonly why: string };

/** What is told of one bundle. */
export type BundlePart = 'detail' | 'events' | 'values' | 'checks' | 'log';

const PARTS: readonly string[] = ['events', 'values', 'checks', 'log'] satisfies readonly BundlePart[];

/** Namespaces that one page may follow at a time; each costs a watch. */
const MOST_NAMESPACES = 20;

/** As Kubernetes names objects: a DNS subdomain, or a label, which is a shorter one. */
const isName = (text: string): boolean => text.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text);

/** Reads an address. @param target - of the request line: `/api/bundles?namespace=ops` */
export const routeOf = (target: string): Route => {
  if (!target.startsWith('/') || !URL.canParse(`http://page${target}`)) return { kind: 'unknown' };
  const { pathname, searchParams } = new URL(`http://page${target}`);
  const parts = pathname.split('/').slice(1).map(decoded);
  if (parts.includes(undefined)) return { kind: 'invalid', why: 'the address has a % that stands for no character' };
  const [first, second, ...rest] = parts as readonly string[];
  if (first !== 'api') return fileRoute(first, second, rest);
  switch (second) {
    case 'about':
    case 'session':
      return rest.length === 0 ? { kind: second } : { kind: 'unknown' };
    case 'bundles':
      return rest.length === 0 ? bundlesRoute(searchParams) : bundleRoute(rest, searchParams);
    default:
      return { kind: 'unknown' };
  }
};

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
};

const fileRoute = (first: string | undefined, second: string | undefined, rest: readonly string[]): Route => {
  if (first === 'page.js' && second === undefined) return { kind: 'file', name: 'js' };
  if (first === 'style.css' && second === undefined) return { kind: 'file', name: 'css' };
  const isView = (first === '' && second === undefined) || (first === 'bundles' && rest.length === 1);
  return isView ? { kind: 'file', name: 'html' } : { kind: 'unknown' };
};

const bundlesRoute = (query: URLSearchParams): Route => {
  const namespaces = [...new Set(query.getAll('namespace'))];
  const bad = namespaces.find((name) => !isName(name));
  if (bad !== undefined) return { kind: 'invalid', why: `${JSON.stringify(bad)} is no name of a namespace` };
  if (namespaces.length > MOST_NAMESPACES)
    return { kind: 'invalid', why: `at most ${MOST_NAMESPACES} namespaces at a time; leave them out for all` };
  return { kind: 'bundles', namespaces };
};

const bundleRoute = ([namespace = '', name = '', part, ...rest]: readonly string[], query: URLSearchParams): Route => {
  if (rest.length > 0 || (part !== undefined && !PARTS.includes(part))) return { kind: 'unknown' };
  const bad = [namespace, name].find((one) => !isName(one));
  if (bad !== undefined) return { kind: 'invalid', why: `${JSON.stringify(bad)} is no name of an object` };
  const number = query.get('number') ?? undefined;
  if (number !== undefined && !/^\d{1,15}$/.test(number))
    return { kind: 'invalid', why: `number: ${JSON.stringify(number)} is no whole number` };
  const of = (part ?? 'detail') as BundlePart;
  return { kind: 'bundle', part: of, namespace, name, number: number === undefined ? undefined : Number(number) };
};
