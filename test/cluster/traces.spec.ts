import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { JOBS, PODS, WERFBUNDLES } from '../../kube/resources.js';
import { BundleScenario, TIME_SCALE } from '../kit/bundle-scenario.js';
import { canary } from '../kit/canary.js';
import type { CollectedSpan } from '../kit/collected-span.js';
import { type RunningController, startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { startCollector } from '../kit/otlp-collector.js';
import { recordWatch } from '../kit/record-watch.js';
import type { ServerProgram } from '../kit/server-program.js';

// Traces as a collector gets them, of programs as they are built, on the real control plane.

const fixture = await startDeployFixture(t);
const collector = await startCollector(t);
const token = canary('receiver');
const DAILY = { pollInterval: '24h' };
const FOLLOWED = ['decide deployment', 'create Job', 'run Job'];

/** Spans are sent at once. */
const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '50' };

/** What Node has read of dist/ until a program ended, which NODE_V8_COVERAGE has it write down. */
const filesRead = async (folder: string): Promise<readonly string[]> => {
  const reports = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8')));
  const urls = reports.flatMap((text) => [...text.matchAll(/"url":"file:[^"]*\/dist\/([^"]+)"/g)]);
  return [...new Set(urls.map(([, file = '']) => file))];
};

const coverage = async (name: string): Promise<{ readonly folder: string; readonly env: Record<string, string> }> => {
  const folder = join(fixture.cluster.dir, name);
  await mkdir(folder);
  return { folder, env: { NODE_V8_COVERAGE: folder } };
};

const scenarioOf = async (t: Test, controller: RunningController, namespace: string): Promise<BundleScenario> => {
  const states = await recordWatch(t, fixture, WERFBUNDLES);
  await fixture.makeNamespace(namespace);
  return new BundleScenario({ fixture, controller, states }, namespace);
};

/** The last span of the deployment of this tag, and what led to it, in that order; waits for it. */
const traceOf = async (tag: string): Promise<readonly CollectedSpan[]> => {
  const isEnd = ({ name, attributes }: CollectedSpan): boolean =>
    name === 'run Job' && attributes['werfbundle.tag'] === tag;
  const spans = await collector.until((seen) => seen.some(isEnd));
  const chain: CollectedSpan[] = [];
  for (let span = spans.find(isEnd); span !== undefined; ) {
    chain.unshift(span);
    const { traceId, parentSpanId } = span;
    span = spans.find((other) => other.traceId === traceId && other.spanId === parentSpanId);
  }
  return chain;
};

/** That the first span begins the trace, and none begins before the one that it follows from. */
const isInOrder = (t: Test, spans: readonly CollectedSpan[]): void => {
  t.equal(spans[0]?.parentSpanId, '');
  for (const [index, { name, start, end }] of spans.entries()) {
    t.ok(start >= (spans[index - 1]?.start ?? 0), `${name} does not begin before what it follows from`);
    t.ok(end >= start, `${name} ends after its begin`);
  }
};

const skip = !fixture.hasDockerRegistry && 'docker-registry, which alone tells of pushes, is not on this machine';

t.test("from a push to a registry to the Job's end it is one trace", { skip }, async (t) => {
  const folder = join(fixture.cluster.dir, 'receivers');
  const configure = async (host: string): Promise<void> => {
    const receivers = [{ name: 'registry', type: 'Distribution', registry: host, secretFiles: ['token'] }];
    await writeFile(join(folder, 'token'), `${token}\n`);
    await writeFile(join(folder, 'receivers.yaml'), `${JSON.stringify({ receivers })} # ${canary('receivers')}\n`);
  };
  await mkdir(folder);
  await configure('registry.example');
  const receiver: ServerProgram = await fixture.startReceiver(folder, traced);
  const url = `http://127.0.0.1:${receiver.port}/receivers/registry`;
  const registry = await fixture.startRegistry({ name: 'telling', notify: { url, token } });
  const others = receiver.log.length;
  await configure(registry.host);
  await eventually(
    async () => receiver.log.slice(others),
    (lines) => lines.some(({ message }) => message === 'receivers were read'),
  );
  const flags = ['--follow-pushes'];
  const json = { ...traced, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_RESOURCE_ATTRIBUTES: 'team=platform' };
  const read = await coverage('read-on');
  const controller = await fixture.startController({ flags, env: { ...json, ...read.env } });
  const scenario = await scenarioOf(t, controller, 'pushed');
  const publish = (tag: string, behaviour?: string) =>
    fixture.publish({ host: registry.host, repository: 'demo/web', tag, ...(behaviour && { behaviour }) });
  await publish('v1.0.0');
  await scenario.applyBundle('web', scenario.spec('demo/web', {}, { ...DAILY, url: `${registry.host}/demo/web` }));
  await scenario.synced('web', 'v1.0.0');

  await t.test('with the links and times of what happened, and names that are agreed upon', async (t) => {
    await publish('v1.1.0');
    const { deployment } = await scenario.synced('web', 'v1.1.0', 2);
    const spans = await traceOf('v1.1.0');
    t.strictSame(
      spans.map(({ service, name, kind, failed }) => ({ service, name, kind, failed })),
      [
        { service: 'werfbundle-receiver', name: 'POST /receivers/{receiver}', kind: 2, failed: false },
        ...['scan repository', ...FOLLOWED].map((name) => {
          const service = 'werfbundle-controller';
          return { service, name, kind: 1, failed: false };
        }),
      ],
    );
    isInOrder(t, spans);
    const job = { 'k8s.namespace.name': 'pushed', 'k8s.job.name': deployment?.jobName };
    t.match(spans.at(-1)?.attributes, { ...job, 'deployment.name': 'pushed/web', 'deployment.status': 'succeeded' });
    t.match(spans[0]?.attributes, { 'http.response.status_code': 202, 'werfbundle.receiver': 'registry' });
    const [push] = spans;
    const told = receiver.log.findLast(({ message }) => message === 'a push was received');
    t.match(told, { trace_id: push?.traceId, span_id: push?.spanId });
    const lines = (await controller.log()).split('\n').filter((line) => line.includes(push?.traceId ?? '-'));
    for (const said of ['"message":"polled registry"', 'deploying v1.1.0', 'deployed v1.1.0'])
      t.ok(
        lines.some((line) => line.includes(said)),
        said,
      );
    t.match(await controller.get('/metrics'), /^werfbundle_spans_total\{result="sent"\} [1-9]/m);
  });

  await t.test('even if the controller that has created the Job does not see it end', async (t) => {
    await publish('v1.2.0', 'slow: 4');
    await scenario.until(
      'web',
      'a Job runs',
      ({ activeJobName, deployment }) => Boolean(activeJobName) && deployment?.tag === 'v1.2.0',
    );
    await collector.until((spans) =>
      spans.some(({ name, attributes }) => name === 'create Job' && attributes['werfbundle.tag'] === 'v1.2.0'),
    );
    await controller.stop();
    const later = await fixture.startController({ flags, env: json });
    await scenario.synced('web', 'v1.2.0', 3);
    const spans = await traceOf('v1.2.0');
    t.strictSame(
      spans.map(({ name }) => name),
      ['POST /receivers/{receiver}', 'scan repository', ...FOLLOWED],
    );
    isInOrder(t, spans);
    const { start, end } = spans.at(-1) ?? {};
    t.ok((end ?? 0) - (start ?? 0) >= 2_000, 'as long as it took, by whole seconds');
    await later.stop();
  });

  await t.test(
    'and a collector that hangs keeps nothing from being deployed, nor a process from its end',
    async (t) => {
      const hung = await fixture.startController({ flags, env: { ...json, OTEL_BSP_MAX_QUEUE_SIZE: '2' } });
      collector.behave('hang');
      const before = collector.requests.length;
      await publish('v1.3.0');
      await scenario.synced('web', 'v1.3.0', 4);
      await eventually(
        async () => collector.requests.length,
        (count) => count > before,
      );
      const { how, ms } = await hung.stop();
      t.equal(how, 'exit code 0');
      t.ok(ms < 8_000, `${Math.round(ms)} ms: three seconds for the collector, and what it always takes`);
      const begin = performance.now();
      t.equal(await receiver.stop(), 0);
      t.ok(performance.now() - begin < 8_000);
      collector.behave('take');
    },
  );

  t.ok((await filesRead(read.folder)).includes('open-telemetry.js'), 'whoever traces reads the libraries');
});

t.test("from a poll to the Job's end it is one trace", async (t) => {
  const controller = await fixture.startController({ timeScale: TIME_SCALE, env: traced });
  const scenario = await scenarioOf(t, controller, 'polled');
  await fixture.publish({ repository: 'acme/polled', tag: 'v2.0.0' });
  await scenario.applyBundle('shop', scenario.spec('acme/polled'));
  await scenario.synced('shop', 'v2.0.0');
  await fixture.publish({ repository: 'acme/polled', tag: 'v2.1.0' });
  await scenario.synced('shop', 'v2.1.0', 2);
  const spans = await traceOf('v2.1.0');
  t.strictSame(
    spans.map(({ name }) => name),
    ['scan repository', ...FOLLOWED],
  );
  isInOrder(t, spans);
  const scans = collector.spans.filter(
    ({ name, attributes }) =>
      name === 'scan repository' && String(attributes['werfbundle.repository']).endsWith('acme/polled'),
  );
  t.equal(scans.length, 2, 'of all polls those are told of that have found something new');
  await controller.stop();
});

t.test('a call of admission is a span', async (t) => {
  const webhook = await fixture.startWebhook(traced);
  const spans = await collector.until((seen) => seen.some(({ service }) => service === 'werfbundle-webhook'));
  t.match(
    spans.find(({ service }) => service === 'werfbundle-webhook'),
    { name: 'POST /mutate', kind: 2, attributes: { 'werfbundle.admission.verdict': 'deny' } },
  );
  t.equal(await webhook.stop(), 0);
  await fixture.cluster.kubectl(['delete', 'mutatingwebhookconfigurations,validatingwebhookconfigurations', '--all']);
});

t.test('while nothing is traced, nobody reads the libraries, no Job says anything of it', async (t) => {
  const { folder, env } = await coverage('read-off');
  const controller = await fixture.startController({ env });
  const scenario = await scenarioOf(t, controller, 'silent');
  await fixture.publish({ repository: 'acme/silent', tag: 'v3.0.0' });
  await scenario.applyBundle('shop', scenario.spec('acme/silent'));
  await scenario.synced('shop', 'v3.0.0');
  const [job] = await scenario.jobsOf('shop');
  t.notMatch(JSON.stringify(job), 'traceparent');
  t.notMatch(await controller.get('/metrics'), 'werfbundle_spans_total');
  t.notMatch(await controller.log(), 'trace_id');
  await controller.stop();
  const read = await filesRead(folder);
  t.ok(read.includes('controller.js'), `${read}`);
  t.notOk(read.includes('open-telemetry.js'));
});

t.test('what was sent shows no secret, and Jobs say where they stand in a trace', async (t) => {
  t.notMatch(JSON.stringify([collector.spans, collector.requests]), token);
  const jobs = await fixture.client.list(JOBS, { namespace: 'polled' }, fixture.signal);
  const pods = await fixture.client.list(PODS, { namespace: 'polled' }, fixture.signal);
  for (const { metadata } of pods.items)
    t.match(metadata.annotations?.['werf.io/traceparent'], /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  t.ok(jobs.items.length > 0 && pods.items.length > 0);
});
