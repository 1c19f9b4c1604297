import t from 'tap';
import type { WerfBundleSpec } from '../../api/werfbundle.js';
import { judge } from '../../controller/observe/judge.js';
import { bundle } from '../kit/builders.js';

const OPERATOR = 'k8s-werf-operator-go-system';
const registry = { url: 'registry.example/acme/app', tag: 'v1' };

t.test('the controller asks again what admission asks of a spec', async (t) => {
  const open = {
    namespace: OPERATOR,
    policy: { allowedRegistries: [], allowedImages: [], certificateSecret: 'my-certificates' },
  };
  const strict = {
    ...open,
    policy: { ...open.policy, allowedRegistries: ['ghcr.io/acme'], allowedImages: ['registry.example/werf'] },
  };
  const at = (namespace: string, spec: Partial<WerfBundleSpec>) =>
    bundle({}, { spec: { registry, ...spec }, metadata: { namespace } });
  const own = (field: string, kind: string, name: string) =>
    `${field}: Forbidden: ${kind} ${name} in namespace ${OPERATOR} is the operator's own, which no bundle may use`;
  const rows = [
    { title: 'what breaks no rule is valid', given: at('ops', {}), platform: open, want: [] },
    {
      title: 'a registry that the platform does not allow is refused',
      given: at('ops', { converge: { image: 'docker.io/werf:1' } }),
      platform: strict,
      want: [
        'spec.registry.url: Forbidden: the platform allows no bundles from registry.example/acme/app, only from ghcr.io/acme',
        'spec.converge.image: Forbidden: the platform does not allow the image docker.io/werf:1, only registry.example/werf',
      ],
    },
    {
      title: 'the key of the webhook\u2019s certificates is nobody\u2019s values',
      given: at(OPERATOR, { converge: { valuesFrom: [{ secretRef: { name: 'werfbundle-webhook-certificates' } }] } }),
      platform: open,
      want: [own('spec.converge.valuesFrom[0].secretRef.name', 'Secret', 'werfbundle-webhook-certificates')],
    },
    {
      title: 'nor is it where a flag gave its Secret another name',
      given: at(OPERATOR, { converge: { werfSecretKeyRef: { name: 'my-certificates' } } }),
      platform: open,
      want: [own('spec.converge.werfSecretKeyRef.name', 'Secret', 'my-certificates')],
    },
    {
      title: 'neither from another namespace that deploys into the operator\u2019s',
      given: at('ops', {
        converge: {
          targetNamespace: OPERATOR,
          serviceAccountName: 'werfbundle-controller',
          valuesFrom: [{ secretRef: { name: 'werfbundle-checksum-key' } }],
        },
      }),
      platform: open,
      want: [
        own('spec.converge.serviceAccountName', 'ServiceAccount', 'werfbundle-controller'),
        own('spec.converge.valuesFrom[0].secretRef.name', 'Secret', 'werfbundle-checksum-key'),
      ],
    },
    {
      title: 'a Secret of the same name elsewhere is just a Secret',
      given: at('ops', { converge: { valuesFrom: [{ secretRef: { name: 'werfbundle-checksum-key' } }] } }),
      platform: open,
      want: [],
    },
  ];
  for (const { title, given, platform, want } of rows) {
    const judged = judge(given, platform);
    const got = judged.kind === 'valid' ? [] : judged.problems.map(({ field, message }) => `${field}: ${message}`);
    t.strictSame(got, want, title);
  }
});
