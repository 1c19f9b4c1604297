import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A panel of manifests/monitoring/grafana/werfbundle.json; one of type `row` is a heading, and has no targets. */
export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly {
    readonly expr: string;
    readonly legendFormat: string;
    readonly refId: string;
    readonly datasource: { readonly uid: string };
  }[];
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly definition?: string;
  /** What stands for All. */
  readonly allValue?: string;
}

interface Dashboard {
  readonly uid: string;
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly Variable[] };
  readonly panels: readonly Panel[];
}

const FILE = join(import.meta.dirname, '..', '..', 'manifests/monitoring/grafana/werfbundle.json');

/** The dashboard, as it is in its file. */
export const dashboard = (): Dashboard => JSON.parse(readFileSync(FILE, 'utf8')) as Dashboard;

/**
 * An expression as Grafana asks Prometheus when All is chosen for each variable.
 * @param window - what stands for `$__rate_interval`: `5m`
 */
export const asked = (expr: string, { templating }: Dashboard, window: string): string =>
  templating.list.reduce(
    (text, { name, allValue = '' }) => text.replaceAll(`$${name}`, allValue),
    expr.replaceAll('$__rate_interval', window),
  );
