import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** An alert of manifests/monitoring/alerts.yaml. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What Prometheus reads, and a PrometheusRule has in its spec. */
interface RuleGroups {
  readonly groups: readonly { readonly name: string; readonly rules: readonly AlertRule[] }[];
}

const FILE = join(import.meta.dirname, '..', '..', 'manifests/monitoring/alerts.yaml');

/** The groups of the PrometheusRule: once they stand alone, they are a rules file of Prometheus itself. */
export const alertGroups = (): RuleGroups => {
  const { groups } = (parse(readFileSync(FILE, 'utf8')) as { readonly spec: RuleGroups }).spec;
  return { groups };
};

/** All alerts, in order. */
export const alertRules = (): readonly AlertRule[] => alertGroups().groups.flatMap(({ rules }) => rules);
