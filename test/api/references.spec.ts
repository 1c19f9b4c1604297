import t from 'tap';
import type { KubeObject, ObjectRef } from '../../api/objects.js';
import type { Reference } from '../../api/references/references.js';
import type { WerfBundle, WerfBundleSpec } from '../../api/werfbundle.js';
import { issueAuthority } from '../../certs/issue.js';
import { clusterSource } from '../../cli/validate/cluster-source.js';
import { settingsFrom, validateOptions } from '../../cli/validate/options.js';
import type { ResourceType } from '../../kube/client.js';
import { CONFIGMAPS, NAMESPACES, SECRETS, SERVICEACCOUNTS, WERFBUNDLES } from '../../kube/resources.js';
import { createAdmissionHarness } from '../kit/admission-harness.js';
import { platform, selected, bundle as stored } from '../kit/builders.js';
import { createFakeKube, type FakeKube } from '../kit/fake-kube.js';
import { judgeText } from '../kit/judge-text.js';
import { reconcileHarness } from '../kit/reconcile-harness.js';
import { REFERRING_SPEC } from '../kit/referring-spec.js';

const CA = (await issueAuthority(Date.UTC(2026, 0, 1))).certificate;
/** Stands in every Secret of these specs; nobody may repeat it. */
const SECRET_TEXT = 'hunter2-hunter2';
const OPERATOR = platform.namespace;
const DOCKER = 'kubernetes.io/dockerconfigjson';

type Kube = Pick<FakeKube, 'seed' | 'vanish'>;

const ops = (name: string): ObjectRef => ({ namespace: 'ops', name });
const production = (name: string): ObjectRef => ({ namespace: 'production', name });
const secret = (kube: Kube, ref: ObjectRef, data: Readonly<Record<string, string>>, type = 'Opaque'): void => {
  const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  kube.seed(SECRETS, { metadata: ref, type, data: Object.fromEntries(encoded) });
};
const object = (kube: Kube, type: ResourceType, metadata: KubeObject['metadata'], rest: object = {}): void => {
  kube.seed(type, { metadata, ...rest });
};
const dockerConfig = (host: string): string =>
  JSON.stringify({ auths: { [host]: { username: 'acme', password: SECRET_TEXT } } });

/** All that {@link REFERRING_SPEC} refers to, as it should be. */
const furnish = (kube: Kube): void => {
  object(kube, NAMESPACES, { name: 'production', annotations: { 'werf.io/accept-bundles-from': 'shops, ops' } });
  object(kube, NAMESPACES, { name: OPERATOR, annotations: { 'werf.io/accept-bundles-from': '*' } });
  object(kube, SERVICEACCOUNTS, production('werf-converge'));
  secret(kube, ops('creds'), { '.dockerconfigjson': dockerConfig('ghcr.io') }, DOCKER);
  secret(kube, ops('ca'), { 'ca.crt': CA });
  secret(kube, ops('werf-key'), { key: SECRET_TEXT });
  object(kube, CONFIGMAPS, ops('app-config'), { data: { 'values.yaml': 'app: {replicas: 2}\n' } });
  secret(kube, production('app-keys'), { 'values.yaml': `db: {password: ${SECRET_TEXT}}\n` });
};

const converge = (change: WerfBundleSpec['converge']): WerfBundleSpec => ({
  ...REFERRING_SPEC,
  converge: { ...REFERRING_SPEC.converge, ...change },
});
const PLAIN: WerfBundleSpec = { registry: { url: 'ghcr.io/acme/app', versionConstraint: '1.x' } };

/** A fault, and how it is told: the same sentence, by webhook and command line behind `denied`, by the controller behind `told`. */
interface Told {
  readonly denied: string;
  readonly reason: string;
  readonly told: string;
  readonly text: string;
}

interface Row {
  /** What is judged: the file of `api/references/` that does it; `values` are judged in `api/values/`. */
  readonly of: Reference['use'] | 'operators-own' | 'release' | 'all';
  readonly title: string;
  readonly given?: (kube: Kube) => void;
  readonly spec?: WerfBundleSpec;
  readonly certificateSecret?: string;
  readonly crossNamespace?: 'always';
  /** undefined: nothing is wrong. */
  readonly want?: Told;
}

const credentials = (field: string, name: string, text: string, told = `spec.${field}.name: `): Told => ({
  denied: `spec.${field}.name: Invalid value: "${name}": `,
  reason: 'CredentialsInvalid',
  told,
  text,
});
const absent = (field: string, text: string, reason = 'CredentialsInvalid', told = `spec.${field}: `): Told => ({
  denied: `spec.${field}: Not found: `,
  reason,
  told,
  text,
});
/** The controller tells of the spec as the webhook does. */
const refused = (start: string, text: string): Told => ({
  denied: start,
  reason: 'SpecInvalid',
  told: start,
  text,
});
const target = (
  start: string,
  text: string,
  reason = 'NamespaceUnavailable',
  told = 'spec.converge.targetNamespace: ',
) => ({
  denied: `spec.converge.targetNamespace: ${start}: `,
  reason,
  told,
  text,
});

const closed = (kube: Kube): void => object(kube, NAMESPACES, { name: 'production', annotations: {} });
const operatorsOwn = (what: string): string =>
  `${what} in namespace ${OPERATOR} is the operator's own, which no bundle may use`;

const ROWS: readonly Row[] = [
  { of: 'all', title: 'all is as it should be' },
  {
    of: 'registry-secret',
    title: 'no registry Secret',
    given: (kube) => kube.vanish(SECRETS, ops('creds')),
    want: absent('registry.secretRef.name', 'Secret creds does not exist in namespace ops'),
  },
  {
    of: 'registry-secret',
    title: 'a registry Secret of another type',
    given: (kube) => secret(kube, ops('creds'), { '.dockerconfigjson': SECRET_TEXT }),
    want: credentials(
      'registry.secretRef',
      'creds',
      `Secret creds in namespace ops is of type Opaque; ${DOCKER} is needed`,
    ),
  },
  {
    of: 'registry-secret',
    title: 'a registry Secret that is no JSON',
    given: (kube) => secret(kube, ops('creds'), { '.dockerconfigjson': SECRET_TEXT }, DOCKER),
    want: credentials(
      'registry.secretRef',
      'creds',
      'Secret creds in namespace ops is no docker config: it is no JSON object',
    ),
  },
  {
    of: 'registry-secret',
    title: 'a registry Secret for another host can be used',
    given: (kube) => secret(kube, ops('creds'), { '.dockerconfigjson': dockerConfig('quay.io') }, DOCKER),
  },
  {
    of: 'ca-secret',
    title: 'no CA Secret',
    given: (kube) => kube.vanish(SECRETS, ops('ca')),
    want: absent('registry.caSecretRef.name', 'Secret ca does not exist in namespace ops'),
  },
  {
    of: 'ca-secret',
    title: 'a CA under another key',
    given: (kube) => secret(kube, ops('ca'), { 'tls.crt': CA }),
    want: credentials('registry.caSecretRef', 'ca', 'Secret ca in namespace ops has no key ca.crt'),
  },
  {
    of: 'ca-secret',
    title: 'a CA that is no certificate',
    given: (kube) => secret(kube, ops('ca'), { 'ca.crt': SECRET_TEXT }),
    want: credentials('registry.caSecretRef', 'ca', 'Secret ca in namespace ops has no PEM certificate under ca.crt'),
  },
  {
    of: 'werf-key',
    title: 'no Secret with werf\u2019s key',
    given: (kube) => kube.vanish(SECRETS, ops('werf-key')),
    want: absent(
      'converge.werfSecretKeyRef.name',
      'Secret werf-key does not exist in namespace ops',
      'CredentialsInvalid',
      'spec.converge.werfSecretKeyRef: ',
    ),
  },
  {
    of: 'werf-key',
    title: 'a key of werf that is empty',
    given: (kube) => secret(kube, ops('werf-key'), { key: ' \n' }),
    want: credentials(
      'converge.werfSecretKeyRef',
      'werf-key',
      'Secret werf-key in namespace ops has no key key, or it is empty',
      'spec.converge.werfSecretKeyRef: ',
    ),
  },
  {
    of: 'service-account',
    title: 'no ServiceAccount',
    given: (kube) => kube.vanish(SERVICEACCOUNTS, production('werf-converge')),
    want: absent(
      'converge.serviceAccountName',
      'ServiceAccount werf-converge does not exist in namespace production',
      'ServiceAccountMissing',
      '',
    ),
  },
  {
    of: 'target-namespace',
    title: 'no target namespace',
    given: (kube) => kube.vanish(NAMESPACES, { name: 'production' }),
    want: target('Not found', 'namespace production does not exist'),
  },
  {
    of: 'target-namespace',
    title: 'a target namespace that is going',
    given: (kube) => {
      const annotations = { 'werf.io/accept-bundles-from': '*' };
      object(kube, NAMESPACES, { name: 'production', annotations }, { status: { phase: 'Terminating' } });
    },
    want: target('Invalid value: "production"', 'namespace production is being deleted'),
  },
  {
    of: 'target-namespace',
    title: 'a target namespace that does not consent',
    given: closed,
    want: target(
      'Forbidden',
      'namespace production does not accept bundles from namespace ops; if it accepts others, add this one to its annotation, else: kubectl annotate namespace production werf.io/accept-bundles-from=ops',
      'ConsentMissing',
      '',
    ),
  },
  {
    of: 'target-namespace',
    title: 'a target namespace that need not consent',
    given: closed,
    crossNamespace: 'always',
  },
  {
    of: 'values',
    title: 'no source of values',
    given: (kube) => kube.vanish(CONFIGMAPS, ops('app-config')),
    want: {
      denied: 'spec.converge.valuesFrom[0].configMapRef.name: Not found: ',
      reason: 'ValuesInvalid',
      told: '',
      text: "configMap 'app-config' not found in namespaces 'ops' or 'production'",
    },
  },
  {
    of: 'values',
    title: 'a source of values that may be missing',
    spec: converge({ valuesFrom: [{ configMapRef: { name: 'nowhere' }, optional: true }] }),
  },
  {
    of: 'values',
    title: 'a source of values that is looked for in the target namespace only',
    spec: converge({ valuesFrom: [{ configMapRef: { name: 'app-config' }, from: 'Target' }] }),
    want: {
      denied: 'spec.converge.valuesFrom[0].configMapRef.name: Not found: ',
      reason: 'ValuesInvalid',
      told: '',
      text: "failed to get ConfigMap 'app-config' from namespace 'production'",
    },
  },
  {
    of: 'values',
    title: "a source of values that is looked for in the bundle's namespace only",
    spec: converge({ valuesFrom: [{ secretRef: { name: 'app-keys' }, from: 'Bundle' }] }),
    want: {
      denied: 'spec.converge.valuesFrom[0].secretRef.name: Not found: ',
      reason: 'ValuesInvalid',
      told: '',
      text: "failed to get Secret 'app-keys' from namespace 'ops'",
    },
  },
  {
    of: 'values',
    title: 'sources of values that are where they are looked for',
    spec: converge({
      valuesFrom: [
        { configMapRef: { name: 'app-config' }, from: 'Bundle' },
        { secretRef: { name: 'app-keys' }, from: 'Target' },
      ],
    }),
  },
  {
    of: 'values',
    title: 'a source of values without the key',
    spec: converge({ valuesFrom: [{ configMapRef: { name: 'app-config' }, key: 'prod.yaml' }] }),
    want: {
      denied: 'spec.converge.valuesFrom[0].configMapRef.name: Invalid value: "app-config": ',
      reason: 'ValuesInvalid',
      told: '',
      text: 'ConfigMap ops/app-config has no key "prod.yaml"; it has "values.yaml"',
    },
  },
  {
    of: 'values',
    title: 'a source of values that is no YAML, of which only the place is told',
    given: (kube) => secret(kube, production('app-keys'), { 'values.yaml': `a: 1\nb: ${SECRET_TEXT}: d\n` }),
    want: {
      denied: 'spec.converge.valuesFrom[1].secretRef.name: Invalid value: "app-keys": ',
      reason: 'ValuesInvalid',
      told: '',
      text: 'key "values.yaml" of Secret production/app-keys is no YAML: line 2, column 4',
    },
  },
  {
    of: 'operators-own',
    title: 'an account of the operator',
    given: (kube) => object(kube, SERVICEACCOUNTS, { namespace: OPERATOR, name: 'werfbundle-controller' }),
    spec: { ...PLAIN, converge: { targetNamespace: OPERATOR, serviceAccountName: 'werfbundle-controller' } },
    want: refused(
      'spec.converge.serviceAccountName: Forbidden: ',
      operatorsOwn('ServiceAccount werfbundle-controller'),
    ),
  },
  {
    of: 'operators-own',
    title: 'the webhook\u2019s certificates, by the name that a flag gives them',
    given: (kube) => {
      object(kube, SERVICEACCOUNTS, { namespace: OPERATOR, name: 'default' });
      secret(kube, { namespace: OPERATOR, name: 'my-certificates' }, { 'tls.key': SECRET_TEXT });
    },
    spec: {
      ...PLAIN,
      converge: {
        targetNamespace: OPERATOR,
        serviceAccountName: 'default',
        valuesFrom: [{ secretRef: { name: 'my-certificates' } }],
      },
    },
    certificateSecret: 'my-certificates',
    want: refused('spec.converge.valuesFrom[0].secretRef.name: Forbidden: ', operatorsOwn('Secret my-certificates')),
  },
  {
    of: 'release',
    title: 'the release of an older bundle',
    given: (kube) =>
      kube.seed(WERFBUNDLES, {
        ...stored(undefined, { spec: { converge: { releaseName: 'shop' } } }),
        metadata: { ...ops('first'), uid: 'first', creationTimestamp: '2026-01-01T00:00:00Z' },
      }),
    spec: { ...PLAIN, converge: { releaseName: 'shop' } },
    want: refused(
      'spec.converge.releaseName: Invalid value: "shop": ',
      'release "shop" in namespace "ops" belongs to the older WerfBundle ops/first; a releaseName of its own is needed',
    ),
  },
];

const flagsOf = ({ certificateSecret, crossNamespace }: Row): readonly string[] => [
  '--authorize=off',
  ...(certificateSecret === undefined ? [] : [`--certificate-secret=${certificateSecret}`]),
  ...(crossNamespace === undefined ? [] : [`--cross-namespace=${crossNamespace}`]),
];

const created = ({ spec = REFERRING_SPEC }: Row): WerfBundle => ({
  apiVersion: 'werf.io/v1alpha1',
  kind: 'WerfBundle',
  metadata: ops('my-app'),
  spec,
});

const seed = (kube: Kube, { given }: Row): void => {
  furnish(kube);
  given?.(kube);
};

const byWebhook = async (row: Row): Promise<readonly string[]> => {
  const harness = createAdmissionHarness({ flags: flagsOf(row) });
  seed(harness.kube, row);
  return (await harness.ask({ object: created(row) })).problems;
};

const byCommandLine = async (row: Row): Promise<readonly string[]> => {
  const kube = createFakeKube();
  seed(kube, row);
  const requester = { username: 'jane', uid: '', groups: [], extra: {} };
  const results = await judgeText('f', JSON.stringify(created(row)), {
    config: configOf(flagsOf(row)),
    sourceOf: (objects) => clusterSource({ client: kube, requester, authorize: 'off', objects }),
  });
  return results.flatMap(({ problems }) =>
    problems.filter(({ severity }) => severity === 'error').map(({ field, message }) => `${field}: ${message}`),
  );
};

/** As somebody types them. */
const configOf = (flags: readonly string[]) => {
  const options = validateOptions()
    .exitOverride()
    .parse(['--cluster', ...flags], { from: 'user' });
  const settings = settingsFrom(options.opts());
  if (settings.kind !== 'ok') throw new Error(settings.lines.join('; '));
  return settings.config;
};

/** What the status says after a tag was found. */
const byController = async (row: Row): Promise<readonly (string | undefined)[]> => {
  const { spec = REFERRING_SPEC, certificateSecret, crossNamespace } = row;
  const metadata = { creationTimestamp: '2026-11-23T09:00:00Z' };
  const wished = {
    ...(certificateSecret !== undefined && { policy: { ...platform.policy, certificateSecret } }),
    ...(crossNamespace !== undefined && { crossNamespace }),
  };
  const harness = reconcileHarness(stored(undefined, { spec, metadata }), undefined, wished);
  seed(harness.kube, row);
  await harness.run();
  harness.deliver(selected());
  const { status } = await harness.run();
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'False' ? [ready.reason, status.lastErrorMessage] : [];
};

t.test('what a bundle refers to is judged alike by webhook, command line and controller', async (t) => {
  for (const row of ROWS) {
    const { title, want } = row;
    const [webhook, commandLine, controller] = [
      await byWebhook(row),
      await byCommandLine(row),
      await byController(row),
    ];
    const denied = want === undefined ? [] : [want.denied + want.text];
    t.strictSame(webhook, denied, `${title}: the webhook`);
    t.strictSame(commandLine, denied, `${title}: the command line`);
    t.strictSame(
      controller,
      want === undefined ? [] : [want.reason, want.told + want.text],
      `${title}: the controller`,
    );
    t.notMatch(
      JSON.stringify([webhook, commandLine, controller]),
      SECRET_TEXT,
      `${title}: nothing of a Secret is told`,
    );
  }
});
