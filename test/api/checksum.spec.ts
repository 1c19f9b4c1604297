import t from 'tap';
import { type DeployRelevant, deployChecksum, madeWith } from '../../api/checksum.js';
import type { ValuesInput } from '../../api/values/resolve.js';
import { configMap, resolve, secret } from './values-inputs.js';

const SETTINGS: DeployRelevant = {
  registry: { host: 'ghcr.io', repository: 'acme/app' },
  converge: { targetNamespace: 'ops', releaseName: 'app', rollbackOnFailure: false },
};
const KEY = { id: 'k1', secret: new Uint8Array(32).fill(7) };

t.test('the checksum covers what is deployed and not how it is delivered', (t) => {
  const found =
    'app: {replicas: 3, image: "nginx:1,25", debug: false, nothing: null}\nlist: [1, two]\nempty: {}\nratio: 0.5';
  const own = 'database: {password: correct horse, port: 5432}';
  const checksum = (sources: readonly ValuesInput[]): string => {
    const got = resolve(sources, { app: { replicas: 5 }, big: 1234567 });
    return deployChecksum({ settings: SETTINGS, values: got.kind === 'resolved' && got.values, key: KEY });
  };
  const role = '"kubernetes.io/role": web';
  const first = 'k1:ce87396bd1b09e6f20c5a82b9e4c28f944d2c71e40af1b15cc6135f4c5fef6f7';
  t.equal(
    checksum([configMap('c', { 'v.yaml': `${found}\n${role}` }), secret('s', { 'v.yaml': own, token: 'a,b={c}' })]),
    first,
    'as it was when all values went by the file: to pass some as arguments deploys nothing',
  );
  t.equal(
    checksum([configMap('c', { 'v.yaml': `${role}\n${own}` }), secret('s', { 'v.yaml': found, token: 'a,b={c}' })]),
    first,
    'a value that moves from a ConfigMap into a Secret is still the same value',
  );
  const other = secret('s', { 'v.yaml': own.replace('horse', 'house'), token: 'a,b={c}' });
  t.not(checksum([configMap('c', { 'v.yaml': `${found}\n${role}` }), other]), first, "a Secret's value counts");
  t.end();
});

t.test('the checksum says whether the same would be deployed', (t) => {
  const checksum = (settings: DeployRelevant, values: unknown, key = KEY): string =>
    deployChecksum({ settings, values, key });
  const first = checksum(SETTINGS, { a: 1, b: { c: [1, null], d: 'x' } });
  t.match(first, /^k1:[0-9a-f]{64}$/);
  t.equal(
    first,
    'k1:e4f10ac13d90382a15a49a6d5aa7060bada7ab66f4d478da183c30c13e9bbc96',
    'is the same in every version: an upgrade deploys nothing',
  );
  t.equal(checksum(SETTINGS, { b: { d: 'x', c: [1, null] }, a: 1 }), first, 'the order of keys does not matter');
  const more = { ...SETTINGS.converge, cpu: '2', memory: '4Gi', timeoutMs: 1, logRetentionDays: 3, retries: 4 };
  t.equal(
    checksum({ ...SETTINGS, converge: more }, { a: 1, b: { c: [1, null], d: 'x' } }),
    first,
    'limits and times do not matter',
  );
  const values = { a: 1, b: { c: [1, null], d: 'x' } };
  const others = [
    checksum({ ...SETTINGS, registry: { host: 'ghcr.io', repository: 'acme/other' } }, values),
    checksum({ ...SETTINGS, registry: { host: 'quay.io', repository: 'acme/app' } }, values),
    ...[
      { targetNamespace: 'x' },
      { releaseName: 'x' },
      { serviceAccountName: 'x' },
      { image: 'x' },
      { environment: 'x' },
      { rollbackOnFailure: true },
    ].map((change) => checksum({ ...SETTINGS, converge: { ...SETTINGS.converge, ...change } }, values)),
    checksum(SETTINGS, { a: '1', b: { c: [1, null], d: 'x' } }),
    checksum(SETTINGS, { a: 1, b: { c: [null, 1], d: 'x' } }),
    checksum(SETTINGS, { a: 1, b: { c: [1], d: 'x' } }),
    checksum(SETTINGS, {}),
    checksum(SETTINGS, values, { id: 'k1', secret: new Uint8Array(32) }),
  ];
  t.equal(new Set([first, ...others]).size, others.length + 1, 'everything else does');
  t.equal(madeWith(first, 'k1'), true);
  t.equal(madeWith(first, 'k'), false);
  t.equal(madeWith(first, 'k2'), false);
  t.end();
});
