import fc from 'fast-check';
import t from 'tap';
import { formatDuration, parseDuration } from '../../api/duration.js';
import { jobNameOf, labelValueOf, releaseNameOf, targetNamespaceOf } from '../../api/names.js';
import { nextMemory, parseQuantity } from '../../api/quantity.js';
import { parseRegistryUrl } from '../../api/registry-url.js';
import { parseSpec, type Settings } from '../../api/settings.js';
import { validateBundle } from '../../api/validate.js';
import type { StoredBundle } from '../../api/werfbundle.js';

const bundle = (name: string, converge: object = {}, registry: object = {}): StoredBundle => ({
  metadata: { name, namespace: 'ops', uid: 'u', resourceVersion: '1', generation: 1 },
  spec: { registry: { url: 'ghcr.io/acme/app', ...registry }, converge },
});

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** Names of objects, as long as Kubernetes allows. */
const kubernetesName = fc
  .tuple(
    fc.constantFrom('a', '0'),
    fc.string({ unit: fc.constantFrom('a', 'b', '1', '-', '.'), maxLength: 251 }),
    fc.constantFrom('z', '9'),
  )
  .map((parts) => parts.join('').replaceAll(/[-.]*\.[-.]*/g, '.'));

t.test('durations are read as Go reads them', async (t) => {
  const good: readonly (readonly [string, number])[] = [
    ['0', 0],
    ['0s', 0],
    ['30s', 30_000],
    ['15m', 900_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['.5h', 1_800_000],
    ['5.s', 5000],
    ['1m1m', 120_000],
    ['250ms', 250],
    ['1us', 0.001],
    ['1µs', 0.001],
    ['1μs', 0.001],
    ['1.9ns', 0.000001],
    ['2562047h47m16.854775807s', 9223372036854.775],
  ];
  for (const [text, ms] of good) t.strictSame(parseDuration(text), { kind: 'ok', ms }, text);
  const bad: readonly (readonly [string, string])[] = [
    ['', 'is empty'],
    ['15', 'a unit is missing'],
    ['1m30', 'a unit is missing'],
    ['1.', 'a unit is missing'],
    ['1d', '"d" is no unit: 1d is written "24h"'],
    ['1M', '"M" is no unit: there are "s", "m" and "h"'],
    ['1constructor', '"constructor" is no unit: there are "s", "m" and "h"'],
    ['1:30', '":" is no unit: there are "s", "m" and "h"'],
    ['1 m', 'white space is not allowed'],
    ['-1m', 'a sign is not allowed'],
    ['+1m', 'a sign is not allowed'],
    ['soon', 'is no duration'],
    ['.m', 'is no duration'],
    ['1..5m', 'is no duration'],
    ['2562047h47m16.854775808s', 'is too long for a duration'],
  ];
  for (const [text, reason] of bad) t.strictSame(parseDuration(text), { kind: 'invalid', reason }, text);
});

t.test('durations are written shortly, and read back as they were', async (t) => {
  const table: readonly (readonly [number, string])[] = [
    [0, '0s'],
    [1, '1ms'],
    [999.6, '1s'],
    [30_000, '30s'],
    [60_000, '1m'],
    [480_000, '8m'],
    [90_500, '1m30.5s'],
    [3_600_000, '1h'],
    [5_400_000, '1h30m'],
    [3_601_000, '1h1s'],
    [86_400_000, '24h'],
    [-30_000, '-30s'],
  ];
  for (const [ms, text] of table) t.equal(formatDuration(ms), text);
  const roundTrip = fc.property(fc.nat({ max: 2 ** 31 - 1 }), (ms) => {
    const parsed = parseDuration(formatDuration(ms));
    return parsed.kind === 'ok' && parsed.ms === ms;
  });
  t.doesNotThrow(() => fc.assert(roundTrip));
});

t.test('quantities are read as Kubernetes reads them, in thousandths', async (t) => {
  const good: readonly (readonly [string | number, bigint])[] = [
    [1, 1000n],
    ['1', 1000n],
    ['+1', 1000n],
    ['-1', -1000n],
    ['500m', 500n],
    ['1.5', 1500n],
    ['.5', 500n],
    ['5.', 5000n],
    ['1u', 1n],
    ['0.0000000001n', 1n],
    ['1k', 1_000_000n],
    ['1Ki', 1_024_000n],
    ['1Gi', 1_073_741_824_000n],
    ['1.5Gi', 1_610_612_736_000n],
    ['1e3', 1_000_000n],
    ['1E3', 1_000_000n],
    ['1E+3', 1_000_000n],
    ['1e-3', 1n],
    ['1E', 10n ** 21n],
    ['1Ei', 2n ** 60n * 1000n],
  ];
  for (const [text, milli] of good) t.strictSame(parseQuantity(text), { kind: 'ok', milli }, String(text));
  for (const text of [
    '',
    ' 1',
    '1 Gi',
    'Gi',
    '.',
    '1g',
    '1K',
    '1ki',
    '1e',
    '1e+',
    '1GiB',
    '1,5',
    '0x1',
    '1n2',
    'NaN',
  ]) {
    t.strictSame(parseQuantity(text), { kind: 'invalid', reason: 'is no quantity' }, text);
  }
  t.match(parseQuantity('1e100'), { reason: 'an exponent has at most 2 digits' });
  t.match(parseQuantity(1.5), { reason: 'a number must be whole; put others in quotes' });
  t.match(parseQuantity(1e30), { kind: 'invalid' });
});

t.test('after OOMKilled twice the memory is advised, written alike', async (t) => {
  const table: readonly (readonly [string | number, string])[] = [
    ['1Gi', '2Gi'],
    ['2Gi', '4Gi'],
    ['256Mi', '512Mi'],
    ['512Mi', '1Gi'],
    ['1.5Gi', '3Gi'],
    ['0.75Gi', '1.5Gi'],
    ['500M', '1G'],
    ['1e9', '2e9'],
    ['.5Gi', '1Gi'],
    [1073741824, '2147483648'],
    ['512Ei', '1024Ei'],
    ['nonsense', '2Gi'],
  ];
  for (const [given, want] of table) t.equal(nextMemory(given), want, String(given));
});

t.test('a repository is host[:port]/path', async (t) => {
  const good: readonly (readonly [string, string, string])[] = [
    ['ghcr.io/acme/app', 'ghcr.io', 'acme/app'],
    ['oci://ghcr.io/acme/app', 'ghcr.io', 'acme/app'],
    ['GHCR.io/a', 'ghcr.io', 'a'],
    ['localhost/a', 'localhost', 'a'],
    ['localhost:5000/a', 'localhost:5000', 'a'],
    ['registry:5000/a', 'registry:5000', 'a'],
    ['10.0.0.1/a', '10.0.0.1', 'a'],
    ['[::1]:5000/a/b', '[::1]:5000', 'a/b'],
    ['docker.io/a', 'docker.io', 'a'],
    ['ghcr.io/a.b_c__d-e---f', 'ghcr.io', 'a.b_c__d-e---f'],
  ];
  for (const [text, host, repository] of good) {
    t.strictSame(parseRegistryUrl(text), { kind: 'ok', host, repository }, text);
  }
});

t.test('a text of a megabyte is refused at once, whatever its letters', (t) => {
  // By the square of the length these would take hours.
  for (const letters of ['/', ' ', '@', 'a:', 'a/'])
    for (const end of ['', 'x'])
      t.equal(parseRegistryUrl(letters.repeat(1_000_000 / letters.length) + end).kind, 'invalid');
  t.end();
});

t.test('what is no repository is refused with what was probably meant', async (t) => {
  const app = { url: 'ghcr.io/acme/app' };
  const noHost =
    'the host of the registry is missing; a repository is written host[:port]/path, for example "ghcr.io/acme/app"';
  const noPath =
    'the path of the repository is missing; it is written host[:port]/path, for example "ghcr.io/acme/app"';
  const oddPath =
    'the path of a repository has lower-case letters and digits, with ".", "_", "__" or "-" between them, separated by "/"';
  const table: readonly { readonly given: string; readonly reason: string; readonly suggestion?: object }[] = [
    {
      given: 'https://ghcr.io/acme/app:v1',
      reason: 'a repository without scheme and tag is needed',
      suggestion: { ...app, tag: 'v1' },
    },
    { given: 'docker://ghcr.io/acme/app', reason: 'a repository without scheme is needed', suggestion: app },
    { given: 'OCI://ghcr.io/acme/app', reason: 'a repository without scheme is needed', suggestion: app },
    { given: 'ghcr.io/acme/app:v1', reason: 'a repository without tag is needed', suggestion: { ...app, tag: 'v1' } },
    { given: 'ghcr.io/acme/app:', reason: 'a repository without tag is needed', suggestion: app },
    { given: 'ghcr.io/acme/app@sha256:0a', reason: 'a repository without digest is needed', suggestion: app },
    {
      given: 'ghcr.io/acme/app:v1@sha256:0a',
      reason: 'a repository without digest and tag is needed',
      suggestion: { ...app, tag: 'v1' },
    },
    { given: 'ghcr.io/acme/app/', reason: 'a repository without trailing slash is needed', suggestion: app },
    { given: ' ghcr.io/acme/app\n', reason: 'a repository without white space is needed', suggestion: app },
    { given: 'ghcr.io//acme/app', reason: 'a repository without double slash is needed', suggestion: app },
    { given: 'ghcr.io/acme/app?x=1', reason: 'a repository without query is needed', suggestion: app },
    {
      given: 'https://me:secret@ghcr.io/acme/app',
      reason: 'a repository without scheme and credentials is needed',
      suggestion: app,
    },
    { given: 'me:secret@ghcr.io:443', reason: `a repository without credentials is needed, and ${noPath}` },
    { given: 'ghcr.io/Acme/App', reason: 'the path of a repository has no upper-case letters', suggestion: app },
    { given: 'acme/app', reason: noHost, suggestion: { url: 'docker.io/acme/app' } },
    { given: 'app', reason: noHost },
    { given: '', reason: noHost },
    { given: 'https://', reason: `a repository without scheme is needed, and ${noHost}` },
    { given: 'ghcr.io', reason: noPath },
    { given: 'ghcr.io/', reason: `a repository without trailing slash is needed, and ${noPath}` },
    { given: 'ghcr.io/my app', reason: 'a repository has no white space in it' },
    { given: 'ghcr.io/a_-b', reason: oddPath },
    { given: '-x.io/a', reason: '"-x.io" is no host[:port]' },
    { given: 'x.io:0/a', reason: '"x.io:0" is no host[:port]' },
    { given: 'x.io:65536/a', reason: '"x.io:65536" is no host[:port]' },
    { given: '[:::1]/a', reason: '"[:::1]" is no host[:port]' },
    { given: `ghcr.io/${'a'.repeat(248)}`, reason: 'may have at most 255 characters' },
  ];
  for (const { given, reason, suggestion } of table) {
    const want = { kind: 'invalid', reason, ...(suggestion !== undefined && { suggestion }) };
    t.strictSame(parseRegistryUrl(given), want, given.slice(0, 40));
  }
  const suggestionsAreGood = fc.property(
    fc.string({ unit: fc.constantFrom(...'aA.:/@ -_1'), maxLength: 20 }),
    (text) => {
      const parsed = parseRegistryUrl(text);
      return (
        parsed.kind === 'ok' || parsed.suggestion === undefined || parseRegistryUrl(parsed.suggestion.url).kind === 'ok'
      );
    },
  );
  t.doesNotThrow(() => fc.assert(suggestionsAreGood, { numRuns: 2000 }), 'a suggestion is a repository');
});

t.test('a Job is named for its bundle, tag and deployment', async (t) => {
  const deployment = { bundleName: 'my-app', uid: '6e9b', tag: 'v1.0.0', number: 1 };
  t.equal(jobNameOf(deployment), 'my-app-2485f4d5-f0c0350b');
  const others = [{ number: 2 }, { tag: 'v1.0.1' }, { uid: '6e9c' }, { uid: '6e9b/1', number: 1 }];
  const names = [deployment, ...others.map((other) => ({ ...deployment, ...other }))].map(jobNameOf);
  t.equal(new Set(names).size, names.length, 'another one has another name');
  t.equal(jobNameOf({ ...deployment, bundleName: `a.${'b'.repeat(250)}` }).slice(0, 46), `a-${'b'.repeat(43)}-`);
  const isLabel = fc.property(kubernetesName, fc.string(), fc.nat(), (bundleName, tag, number) =>
    LABEL.test(jobNameOf({ bundleName, uid: 'u', tag, number })),
  );
  t.doesNotThrow(() => fc.assert(isLabel), 'it is a DNS label, whatever the name of the bundle');
});

t.test('label values', async (t) => {
  t.equal(labelValueOf('my-app.v1'), 'my-app.v1', 'what is one stays');
  t.equal(labelValueOf(''), '');
  t.match(labelValueOf('a'.repeat(64)), /^a{54}-[0-9a-f]{8}$/, 'what is too long is cut and hashed');
  t.match(labelValueOf('_v1'), /^v1-[0-9a-f]{8}$/, 'a tag may begin as no label value does');
  t.match(labelValueOf('___'), /^[0-9a-f]{8}$/);
  const valid = fc.property(fc.oneof(kubernetesName, fc.string()), (text) => LABEL_VALUE.test(labelValueOf(text)));
  t.doesNotThrow(() => fc.assert(valid), 'any text has one');
  const distinct = fc.property(
    kubernetesName,
    kubernetesName,
    (a, b) => a === b || labelValueOf(a) !== labelValueOf(b),
  );
  t.doesNotThrow(() => fc.assert(distinct), 'different names stay different');
});

t.test(
  'release and target namespace are what the spec says, else what the bundle is called and where it is',
  async (t) => {
    t.equal(releaseNameOf(bundle('app')), 'app');
    t.equal(releaseNameOf(bundle('app', { releaseName: 'other' })), 'other');
    t.equal(releaseNameOf(bundle(`${'a'.repeat(51)}.-b`)), 'a'.repeat(51), 'cut to 53, without what may not end it');
    t.equal(releaseNameOf({ metadata: { generateName: 'app-' }, spec: { registry: { url: '' } } }), undefined);
    t.equal(targetNamespaceOf(bundle('app')), 'ops');
    t.equal(targetNamespaceOf(bundle('app', { targetNamespace: 'production' })), 'production');
  },
);

t.test('settings are the spec with defaults, parsed', async (t) => {
  const becomes = (given: StoredBundle, settings: Settings) =>
    t.strictSame(parseSpec(given), { kind: 'valid', settings });
  becomes(
    { ...bundle('app'), spec: { registry: { url: 'oci://GHCR.io/acme/app' } } },
    {
      registry: { host: 'ghcr.io', repository: 'acme/app', insecure: false, pollIntervalMs: 900_000, policy: {} },
      converge: {
        targetNamespace: 'ops',
        releaseName: 'app',
        cpu: '1',
        memory: '1Gi',
        logRetentionDays: 7,
        timeoutMs: 1_800_000,
        retries: 0,
        rollbackOnFailure: false,
        plan: 'Never',
        onFailure: 'Stay',
        deletions: 'Allow',
        valuesFrom: [],
      },
      driftDetection: { enabled: false, intervalMs: 900_000, correct: true, maxRetries: 3 },
      deletionPolicy: 'Orphan',
      suspend: false,
    },
  );
  const full: StoredBundle = {
    ...bundle('app'),
    spec: {
      registry: {
        url: 'localhost:5000/app',
        secretRef: { name: 'creds' },
        caSecretRef: { name: 'ca' },
        pollInterval: '1m',
        versionConstraint: '^1',
        tagPattern: '^v',
        tagOrder: 'Number',
        insecure: true,
      },
      converge: {
        targetNamespace: 'production',
        releaseName: 'r',
        serviceAccountName: 'werf-converge',
        resourceLimits: { cpu: 2, memory: '2Gi' },
        logRetentionDays: 1,
        timeout: '5m',
        retries: 2,
        image: 'werf:1',
        environment: 'prod',
        werfSecretKeyRef: { name: 'keys' },
        rollbackOnFailure: true,
        plan: 'Show',
        onFailure: 'Stay',
        deletions: 'Hold',
        valuesFrom: [{ configMapRef: { name: 'a' } }],
        values: { a: 1 },
        driftDetection: { enabled: true, interval: '1h', correct: false, maxRetries: 1 },
      },
      deletionPolicy: 'Dismiss',
      suspend: true,
    },
  };
  becomes(full, {
    registry: {
      host: 'localhost:5000',
      repository: 'app',
      insecure: true,
      secretName: 'creds',
      caSecretName: 'ca',
      pollIntervalMs: 60_000,
      policy: { versionConstraint: '^1', tagPattern: '^v', tagOrder: 'Number' },
    },
    converge: {
      targetNamespace: 'production',
      releaseName: 'r',
      serviceAccountName: 'werf-converge',
      cpu: '2',
      memory: '2Gi',
      logRetentionDays: 1,
      timeoutMs: 300_000,
      retries: 2,
      image: 'werf:1',
      environment: 'prod',
      werfSecretKey: { name: 'keys', key: 'key' },
      rollbackOnFailure: true,
      plan: 'Show',
      onFailure: 'Stay',
      deletions: 'Hold',
      valuesFrom: [{ configMapRef: { name: 'a' } }],
      values: { a: 1 },
    },
    driftDetection: { enabled: true, intervalMs: 3_600_000, correct: false, maxRetries: 1 },
    deletionPolicy: 'Dismiss',
    suspend: true,
  });
  const policyOf = (registry: object) => {
    const spec = parseSpec(bundle('app', {}, registry));
    return spec.kind === 'valid' && spec.settings.registry.policy;
  };
  t.strictSame(policyOf({ tag: 'v1', versionConstraint: '' }), { tag: 'v1' }, 'an empty constraint is none');
  t.strictSame(policyOf({ versionConstraint: ' ' }), {}, 'and so is a blank one');
});

t.test('a spec that breaks a rule gives problems, and no settings', async (t) => {
  t.strictSame(parseSpec(bundle('app', { timeout: 'soon' }, { url: 'ghcr.io' })), {
    kind: 'invalid',
    problems: validateBundle(bundle('app', { timeout: 'soon' }, { url: 'ghcr.io' })).problems,
  });
});
