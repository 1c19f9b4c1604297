import t from 'tap';
import { buildJob } from '../../controller/deploy/job.js';
import {
  buildSecrets,
  ownedBy,
  presentSecrets,
  redactionSecretName,
  type SecretContents,
  secretTextsOf,
} from '../../controller/deploy/secrets.js';
import { DOCKER_CONFIG, FULL, NOTHING, SUPPLIES } from '../kit/job-parameters.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const secretsOf = (jobInputs: SecretContents) =>
  buildSecrets({
    bundle: FULL.bundle,
    deployment: FULL.deployment,
    operatorVersion: '0.1.0',
    targetNamespace: 'production',
    jobInputs,
  });

t.test('a Job has immutable Secrets of its own, labelled as it is', (t) => {
  const job = buildJob(FULL);
  const secret = (name: string, type: string, data: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: `team-a-33333333-44444444-${name}`,
      namespace: 'production',
      labels: { ...job.metadata.labels, 'werf.io/job': 'team-a-33333333-44444444' },
      annotations: job.metadata.annotations,
    },
    type,
    immutable: true,
    data,
  });
  const texts = [
    'hunter22',
    base64('robot:s3cr3t-token'),
    'identity-1',
    'robot:s3cr3t-token',
    's3cr3t-token',
    'f00dfeed',
  ];
  const secrets = secretsOf(SUPPLIES);
  t.strictSame(secrets, [
    secret('values', 'Opaque', {
      'values.yaml': base64('{"password": "hunter22"}\n'),
      'redact.json': base64(JSON.stringify({ texts, allValues: false })),
    }),
    secret('docker', 'kubernetes.io/dockerconfigjson', { '.dockerconfigjson': base64(DOCKER_CONFIG) }),
    secret('key', 'Opaque', { key: base64('f00dfeed') }),
    secret('ca', 'Opaque', { 'ca.crt': base64('-----BEGIN CERTIFICATE-----\n') }),
  ]);
  t.equal(secrets[0]?.metadata.name, redactionSecretName('team-a-33333333-44444444'));
  t.strictSame(secrets[0] && secretTextsOf(secrets[0]), texts, 'what must not appear in the log can be read back');
  t.strictSame(secretsOf(NOTHING), [], 'none is made when there is nothing to put in');
  const onlyKey = secretsOf({ ...NOTHING, werfSecretKey: 'f00dfeed' });
  t.strictSame(
    onlyKey.map(({ metadata, data }) => [metadata.name, Object.keys(data ?? {})]),
    [
      ['team-a-33333333-44444444-values', ['redact.json']],
      ['team-a-33333333-44444444-key', ['key']],
    ],
    'without values there is still what must not appear in the log',
  );
  t.strictSame(presentSecrets({ ...NOTHING, werfSecretKey: 'f00dfeed' }), {
    values: false,
    dockerConfig: false,
    key: true,
    ca: false,
  });
  const patch = {
    metadata: {
      ownerReferences: [
        { apiVersion: 'batch/v1', kind: 'Job', name: 'a', uid: 'u', controller: true, blockOwnerDeletion: false },
      ],
    },
  };
  t.strictSame(ownedBy({ metadata: { namespace: 'ops', name: 'a', uid: 'u', resourceVersion: '1' } }), patch);
  t.end();
});

t.test('Secrets stay below what an apiserver takes, and an unreadable list hides the whole log', (t) => {
  const password = 'p'.repeat(600_000);
  const values = { password, other: ['visible', 1234567] };
  const [large] = secretsOf({ ...NOTHING, valuesFile: JSON.stringify(values), secretTexts: [password, 'hidden1'] });
  const size = Object.values(large?.data ?? {}).reduce((sum, text) => sum + Buffer.from(text, 'base64').length, 0);
  t.ok(size < 1_048_576, `${size} bytes`);
  t.strictSame(
    large && secretTextsOf(large),
    ['password', password, 'visible', '1234567', '1.234567e+06'],
    'then every text of the values is hidden, keys and numbers as they are printed included',
  );
  const auth = base64('a-long-name:s3cr3t-token');
  const config = JSON.stringify({
    auths: { 'ghcr.io': { auth, email: 'me@example.com', more: [{ x: 'in-a-list' }] } },
  });
  const registry = secretsOf({ ...NOTHING, dockerConfig: config })[0];
  t.strictSame(
    registry && secretTextsOf(registry),
    [auth, 'me@example.com', 'in-a-list', 'a-long-name:s3cr3t-token', 'a-long-name', 's3cr3t-token'],
    'of a docker config all texts; the hosts are no secret, and its keys are those of any other',
  );
  const [unused] = secretsOf({ ...NOTHING, secretTexts: ['p'.repeat(1_050_000)] });
  t.strictSame(unused && secretTextsOf(unused), [], 'what no file has was given to nobody, and the log may be shown');
  t.strictSame(secretTextsOf({ metadata: { namespace: 'ops', name: 'a' } }), [], 'no list: nothing was secret');
  for (const broken of ['', '{', '[]', '{"texts": [1]}', '{"texts": [], "allValues": true}']) {
    t.strictSame(
      secretTextsOf({ metadata: { namespace: 'ops', name: 'a' }, data: { 'redact.json': base64(broken) } }),
      undefined,
      JSON.stringify(broken),
    );
  }
  const odd = secretsOf({ ...NOTHING, dockerConfig: 'no JSON at all' })[0];
  t.strictSame(odd && secretTextsOf(odd), ['no JSON at all'], 'a docker config that is none is hidden line by line');
  t.end();
});
