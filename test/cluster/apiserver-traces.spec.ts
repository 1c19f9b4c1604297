import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startAdmissionFixture } from '../kit/admission-fixture.js';
import { eventually } from '../kit/eventually.js';

// The real apiserver traces all calls, into nowhere; the webhook's spans are lines of its log.

const file = join(t.testdir({}), 'tracing.yaml');
const configuration = {
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'TracingConfiguration',
  endpoint: '127.0.0.1:1',
  samplingRatePerMillion: 1_000_000,
};
writeFileSync(file, JSON.stringify(configuration));
const fixture = await startAdmissionFixture(t, { tracingConfig: file });
const webhook = await fixture.startWebhook({ env: { OTEL_TRACES_EXPORTER: 'console', OTEL_BSP_SCHEDULE_DELAY: '20' } });

t.test("the webhook's calls for one apply are parts of the apiserver's trace of it", async (t) => {
  const bundle = {
    apiVersion: 'werf.io/v1alpha1',
    kind: 'WerfBundle',
    metadata: { namespace: 'default', name: 'traced-bundle' },
    spec: { registry: { url: 'ghcr.io/acme/app', tag: 'v1.0.0' } },
  };
  await fixture.must(['create', '--dry-run=server', '-f', '-'], JSON.stringify(bundle));
  const spans = await eventually(
    async () =>
      webhook.log.filter(
        ({ message, attributes }) => message === 'span' && /traced-bundle/.test(JSON.stringify(attributes)),
      ),
    (found) => found.length >= 2,
  );
  t.match(spans, [
    { span: 'POST /mutate', kind: 'SERVER', failed: false },
    { span: 'POST /validate', kind: 'SERVER', failed: false },
  ]);
  const [mutate, validate] = spans;
  t.equal(validate?.['trace_id'], mutate?.['trace_id'], 'one trace');
  for (const { parent } of spans) t.match(parent, /^[0-9a-f]{16}$/, 'which the apiserver has begun');
  const lines = webhook.log.filter(({ message }) => message === 'admission answered');
  t.ok(lines.some((line) => line['trace_id'] === mutate?.['trace_id'] && line['span_id'] === mutate?.['span_id']));
});
