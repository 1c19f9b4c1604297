import t from 'tap';
import type { Secret } from '../../api/objects.js';
import { signatureOf } from '../../api/signature.js';
import { buildJob } from '../../controller/deploy/job.js';
import {
  buildSecrets,
  ownedBy,
  presentSecrets,
  redactionSecretName,
  type SecretContents,
  secretTextsOf,
} from '../../controller/deploy/secrets.js';
import { PROOF } from '../kit/builders.js';
import { DOCKER_CONFIG, FULL, NOTHING, SUPPLIES } from '../kit/job-parameters.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const secretsOf = (jobInputs: SecretContents) =>
  buildSecrets({
    bundle: FULL.bundle,
    deployment: FULL.deployment,
    operatorVersion: '0.1.0',
    targetNamespace: 'production',
    key: PROOF.key,
    jobInputs,
  });
const JOB = { namespace: 'production', name: FULL.deployment.jobName };
/** What is read back for the Job that the Secrets were made for. */
const hiddenBy = (secret: Secret | undefined) => secret && secretTextsOf(secret, JOB, PROOF.key);

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
  const content = { ...JOB, texts };
  const signature = signatureOf({ purpose: 'redaction', content }, PROOF.key);
  const secrets = secretsOf(SUPPLIES);
  t.strictSame(secrets, [
    secret('values', 'Opaque', {
      'values.yaml': base64('{"password": "hunter22"}\n'),
      'redact.json': base64(JSON.stringify({ texts, allValues: false, signature })),
    }),
    secret('docker', 'kubernetes.io/dockerconfigjson', { '.dockerconfigjson': base64(DOCKER_CONFIG) }),
    secret('key', 'Opaque', { key: base64('f00dfeed') }),
    secret('ca', 'Opaque', { 'ca.crt': base64('-----BEGIN CERTIFICATE-----\n') }),
  ]);
  t.equal(secrets[0]?.metadata.name, redactionSecretName('team-a-33333333-44444444'));
  t.strictSame(hiddenBy(secrets[0]), texts, 'what must not appear in the log can be read back');
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
    hiddenBy(large),
    ['password', password, 'visible', '1234567', '1.234567e+06'],
    'then every text of the values is hidden, keys and numbers as they are printed included',
  );
  const auth = base64('a-long-name:s3cr3t-token');
  const config = JSON.stringify({
    auths: { 'ghcr.io': { auth, email: 'me@example.com', more: [{ x: 'in-a-list' }] } },
  });
  const registry = secretsOf({ ...NOTHING, dockerConfig: config })[0];
  t.strictSame(
    hiddenBy(registry),
    [auth, 'me@example.com', 'in-a-list', 'a-long-name:s3cr3t-token', 'a-long-name', 's3cr3t-token'],
    'of a docker config all texts; the hosts are no secret, and its keys are those of any other',
  );
  const [unused] = secretsOf({ ...NOTHING, secretTexts: ['p'.repeat(1_050_000)] });
  t.strictSame(hiddenBy(unused), [], 'what no file has was given to nobody, and the log may be shown');
  const unsigned = JSON.stringify({ texts: [], allValues: false });
  for (const broken of [undefined, '', '{', '[]', '{"texts": [1]}', '{"texts": [], "allValues": true}', unsigned]) {
    const data = broken === undefined ? {} : { 'redact.json': base64(broken) };
    t.equal(hiddenBy({ metadata: JOB, data }), undefined, JSON.stringify(broken) ?? 'no list');
  }
  const odd = secretsOf({ ...NOTHING, dockerConfig: 'no JSON at all' })[0];
  t.strictSame(hiddenBy(odd), ['no JSON at all'], 'a docker config that is none is hidden line by line');
  t.end();
});

t.test('a list of what to hide is believed only as the controller wrote it, and for its own Job', (t) => {
  const password = 'p'.repeat(600_000);
  const [small] = secretsOf({ ...NOTHING, valuesFile: '{"a":"visible"}', secretTexts: ['hunter22'] });
  const [large] = secretsOf({ ...NOTHING, valuesFile: JSON.stringify({ password }), secretTexts: [password] });
  t.strictSame(hiddenBy(small), ['hunter22']);
  if (small === undefined || large === undefined) throw new Error('both have a Secret');
  const rewritten = (secret: Secret, key: string, change: (text: string) => string): Secret => {
    const text = Buffer.from(secret.data?.[key] ?? '', 'base64').toString();
    return { ...secret, data: { ...secret.data, [key]: base64(change(text)) } };
  };
  const withoutTexts = (text: string) => JSON.stringify({ ...JSON.parse(text), texts: [] });
  t.equal(hiddenBy(rewritten(small, 'redact.json', withoutTexts)), undefined, 'emptied');
  t.equal(hiddenBy(rewritten(large, 'values.yaml', () => '{}')), undefined, 'the values that it speaks of are others');
  const named = (name: string) => secretTextsOf(small, { ...JOB, name }, PROOF.key);
  t.strictSame([named(JOB.name), named('another')], [['hunter22'], undefined], 'copied from another Job');
  const key = { id: PROOF.key.id, secret: Buffer.alloc(32, 1) };
  t.equal(secretTextsOf(small, JOB, key), undefined, 'made with another key');
  t.end();
});
