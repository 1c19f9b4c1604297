import t from 'tap';
import { checkRegistrySecret } from '../../api/references/registry-secret.js';
import type { Access } from '../../controller/decide/observation.js';
import { pollError } from '../../controller/decide/poll-error.js';
import type { RegistryFailure } from '../../registry/port.js';
import { bundle, observation } from '../kit/builders.js';

type Origin = Extract<Access, { kind: 'ready' }>['origin'];
type Failed = Omit<RegistryFailure, 'kind'>;

const secret = 'Secret regcred in namespace ops';
const unmatched = (entries: number, fitting = 0): Origin => ({ kind: 'unmatched', secret, entries, fitting });
const NONE: Origin = { kind: 'no-secret' };
const ENTRY: Origin = { kind: 'entry', secret };
const REFUSED: Failed = { code: 'unauthorized', message: '401 unauthorized' };
const ABSENT: Failed = { code: 'not-found', message: '404 not found' };

const errorOf = (failure: Failed, origin: Origin): string => {
  const seen = observation(bundle());
  const access = { ...seen.access, origin } as Access;
  return pollError({ kind: 'failed', ...failure }, { ...seen, access });
};

t.test('a failed poll tells what was asked, whether with credentials, and what to do', (t) => {
  const place = 'registry.example/acme/app';
  const make =
    'if it is private, kubectl create secret docker-registry NAME -n ops --docker-server=registry.example --docker-username=USER --docker-password=PASSWORD, and name it in spec.registry.secretRef';
  const rows: readonly { title: string; failure: Failed; origin: Origin; want: string }[] = [
    {
      title: 'no Secret',
      failure: REFUSED,
      origin: NONE,
      want: `401 unauthorized (${place}, without credentials: ${make})`,
    },
    {
      title: 'a wrong password',
      failure: { ...REFUSED, credentialSent: true },
      origin: ENTRY,
      want: `401 unauthorized (${place}, with the credentials of ${secret}: are they valid, and may they read it?)`,
    },
    {
      title: 'a wrong password, by the token server',
      failure: { ...REFUSED, credentialSent: true, host: 'auth.example' },
      origin: ENTRY,
      want: `401 unauthorized (${place}, by auth.example, with the credentials of ${secret}: are they valid, and may they read it?)`,
    },
    {
      title: 'a registry that names no way to log in',
      failure: REFUSED,
      origin: ENTRY,
      want: `401 unauthorized (${place}, the credentials of ${secret} were not asked for)`,
    },
    {
      title: 'an entry for another registry',
      failure: REFUSED,
      origin: unmatched(1),
      want: `401 unauthorized (${place}, without credentials: no entry of ${secret} fits ${place}; it has one, for another place)`,
    },
    {
      title: 'entries for other registries',
      failure: REFUSED,
      origin: unmatched(3),
      want: `401 unauthorized (${place}, without credentials: no entry of ${secret} fits ${place}; it has 3, for other places)`,
    },
    {
      title: 'an empty docker config',
      failure: REFUSED,
      origin: unmatched(0),
      want: `401 unauthorized (${place}, without credentials: no entry of ${secret} fits ${place}; it has none at all)`,
    },
    {
      title: 'an entry without credentials',
      failure: REFUSED,
      origin: unmatched(2, 1),
      want: `401 unauthorized (${place}, without credentials: the entry of ${secret} that fits ${place} holds none)`,
    },
    {
      title: 'what may be private',
      failure: ABSENT,
      origin: NONE,
      want: `404 not found (${place}, without credentials: ${make})`,
    },
    {
      title: 'what is not there',
      failure: { ...ABSENT, credentialSent: true },
      origin: ENTRY,
      want: `404 not found (${place}, with the credentials of ${secret})`,
    },
    {
      title: 'no connection: no credential plays a part in it',
      failure: { code: 'connection', message: 'connection refused' },
      origin: ENTRY,
      want: `connection refused (${place})`,
    },
    {
      title: 'no connection to the token server',
      failure: { code: 'connection', message: 'no such host', host: 'auth.example:8443' },
      origin: NONE,
      want: `no such host (${place}, by auth.example:8443)`,
    },
  ];
  for (const { title, failure, origin, want } of rows)
    t.equal(errorOf(failure, origin), `error polling registry: ${want}`, title);
  t.end();
});

t.test('of a docker config only the number of its entries is told', (t) => {
  const reference = {
    use: 'registry-secret',
    kind: 'Secret',
    field: 'spec.registry.secretRef.name',
    name: 'regcred',
    namespaces: ['ops'],
    optional: false,
    url: 'ghcr.io/acme/app',
  } as const;
  const auths = { 'canary.example': { auth: Buffer.from('canary:canary').toString('base64') } };
  const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') };
  const metadata = { name: 'regcred', namespace: 'ops', uid: 'u', resourceVersion: '1' };
  const checked = checkRegistrySecret(reference, { metadata, type: 'kubernetes.io/dockerconfigjson', data });
  t.match(checked, { value: { origin: unmatched(1) } });
  t.end();
});
