import '../../certs/reflect-metadata.js';
import t from 'tap';
import type { WebhookConfiguration } from '../../api/objects.js';
import {
  type Address,
  injectedBy,
  isRight,
  readConfigurations,
  type Target,
  trustedByAll,
  writeConfiguration,
} from '../../certs/configurations.js';
import { pemOf } from '../../certs/inspect.js';
import { issueAuthority } from '../../certs/issue.js';
import { MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS } from '../../kube/resources.js';
import { createFakeKube } from '../kit/fake-kube.js';

const NOW = Date.UTC(2026, 0, 1);
const signal = new AbortController().signal;

const CLIENT = { service: { namespace: 'old', name: 'old', path: '/old' } };
const FOREIGN = { failurePolicy: 'Fail', rules: [] };
const hook = (name: string, annotations = {}): WebhookConfiguration => ({
  metadata: { name, annotations },
  webhooks: [{ name: `${name}.werf.io`, clientConfig: CLIENT, ...FOREIGN }],
});

t.test('the webhook configurations get authorities and address, and keep all else', async (t) => {
  const targets: readonly Target[] = [
    { type: MUTATING_WEBHOOKS, name: 'm', path: '/mutate' },
    { type: VALIDATING_WEBHOOKS, name: 'v', path: '/validate' },
    { type: VALIDATING_WEBHOOKS, name: 'guard', path: '/guard', optional: true },
  ];
  const kube = createFakeKube();
  kube.seed(MUTATING_WEBHOOKS, hook('m'));
  kube.seed(VALIDATING_WEBHOOKS, hook('v'));
  const webhooks = () => targets.map(({ type, name }) => kube.read(type, { name })?.webhooks?.[0]).slice(0, 2);
  const one = (await issueAuthority(NOW)).certificate.trim();
  const two = (await issueAuthority(NOW)).certificate.trim();
  const base64 = (...pems: readonly string[]) => Buffer.from(pemOf(pems)).toString('base64');
  const read = () => readConfigurations(kube, targets, signal);
  const publish = async (address: Address, authorities: readonly string[]): Promise<number> => {
    const wrong = (await read()).filter((configuration) => !isRight(configuration, { address, authorities }));
    for (const configuration of wrong) await writeConfiguration(kube, configuration, { address, authorities }, signal);
    return wrong.length;
  };

  const service: Address = { kind: 'service', namespace: 'ops', name: 'werfbundle-webhook' };
  t.equal(await publish(service, [one]), 2, 'one that is optional may be missing');
  t.same(
    webhooks(),
    ['m', 'v'].map((name, index) => ({
      name: `${name}.werf.io`,
      failurePolicy: 'Fail',
      rules: [],
      clientConfig: {
        caBundle: base64(one),
        service: { namespace: 'ops', name: 'werfbundle-webhook', path: ['/mutate', '/validate'][index], port: 443 },
      },
    })),
    'writes certificate and Service, and leaves everything else as it is',
  );
  t.equal(await publish(service, [one]), 0, 'does nothing when it is right already');
  t.equal(await publish(service, [one, two]), 2);
  t.equal(await publish(service, [two, one]), 0, 'the order makes no difference');
  t.same(trustedByAll(await read()), [one, two]);

  const own: Address = { kind: 'url', base: 'https://192.0.2.1:9443', anyPort: false };
  t.equal(await publish(own, [one]), 2);
  t.same(
    webhooks().map((webhook) => webhook?.clientConfig),
    [
      { caBundle: base64(one), url: 'https://192.0.2.1:9443/mutate' },
      { caBundle: base64(one), url: 'https://192.0.2.1:9443/validate' },
    ],
    'writes a URL in place of the Service',
  );
  t.equal(await publish({ ...own, base: 'https://192.0.2.1:1' }, [one]), 2, 'another port is another address');
  t.equal(await publish({ ...own, anyPort: true }, [one]), 0, 'unless each replica has one of its own');
  t.equal(await publish({ ...own, base: 'https://192.0.2.2:1', anyPort: true }, [one]), 2);

  kube.before({ verb: 'patch', name: 'v' }, () => kube.seed(VALIDATING_WEBHOOKS, hook('v')));
  await publish(service, [one]);
  t.same(webhooks()[1]?.clientConfig, CLIENT, 'what somebody else wrote in between is not overwritten unread');
  t.same(trustedByAll(await read()), [], 'a certificate must be in all of them');

  kube.seed(VALIDATING_WEBHOOKS, hook('v', { 'cert-manager.io/inject-ca-from': 'ops/werfbundle-webhook' }));
  await publish(service, [one]);
  t.same(webhooks()[1]?.clientConfig, {
    service: { namespace: 'ops', name: 'werfbundle-webhook', path: '/validate', port: 443 },
  });
  t.same((await read()).map(injectedBy), [undefined, 'cert-manager.io/inject-ca-from'], "cert-manager's stays its own");
  t.equal(await publish(service, [one]), 0);

  kube.vanish(VALIDATING_WEBHOOKS, { name: 'v' });
  await t.rejects(read(), {
    name: 'CertificateError',
    message: 'ValidatingWebhookConfiguration v does not exist or is empty: apply manifests/webhook first',
  });
});
