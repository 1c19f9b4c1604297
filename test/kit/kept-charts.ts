import { encodeKeptChart, keptChartOf } from '../../api/chart/kept-chart.js';
import type { ConfigMap } from '../../api/objects.js';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { type ChartParts, chartFiles } from './chart-case.js';

/** A digest of a bundle's manifest: the same for the same digit. */
export const digestOf = (digit: string): string => `sha256:${digit.repeat(64)}`;

const OPERATOR = 'k8s-werf-operator-go-system';

/** The ConfigMap that the controller keeps of a chart that has a schema. */
export const keptChart = (digest: string, parts: ChartParts): ConfigMap => keptFiles(digest, chartFiles(parts));

/** The same of files, texts by their paths. */
export const keptFiles = (digest: string, texts: Readonly<Record<string, string>>): ConfigMap => {
  const files = new Map(Object.entries(texts).map(([path, text]) => [path, Buffer.from(text)]));
  const kept = keptChartOf(files);
  if (kept === undefined) throw new Error('a chart without a schema is not kept');
  return encodeKeptChart(kept, { digest, namespace: OPERATOR });
};

/** The status of a bundle of which this digest is deployed, and nothing else is wanted. */
export const deployedStatus = (digest: string, generation: number): WerfBundleStatus => ({
  observedGeneration: generation,
  lastAppliedDigest: digest,
  deployment: {
    number: 1,
    tag: '1.0.0',
    digest,
    reason: 'NewTag',
    checksum: 'k:c',
    jobName: 'my-app-1',
    startedAt: '2026-01-01T00:00:00Z',
  },
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      reason: 'Deployed',
      message: '1.0.0 is deployed',
      lastTransitionTime: '2026-01-01T00:00:00Z',
      observedGeneration: generation,
    },
  ],
});
