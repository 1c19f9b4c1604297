import t from 'tap';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { BundleEvent } from '../../controller/decide/decision.js';
import { Memory } from '../../controller/reconcile/memory.js';
import { withoutToldOfRepository } from '../../controller/reconcile/repository-events.js';
import { bundle } from '../kit/builders.js';

const NO_ETAG: BundleEvent = { type: 'Normal', reason: 'ETagUnsupported', message: 'no ETags' };
const DEPLOYED: BundleEvent = { type: 'Normal', reason: 'Deployed', message: 'deployed v1.0.0' };

const bundleOf = (name: string, url: string, lastETag?: string): StoredBundle => {
  const { metadata, ...rest } = bundle(lastETag === undefined ? {} : { lastETag });
  return { ...rest, metadata: { ...metadata, name, uid: name }, spec: { registry: { url } } };
};

/** The reasons that are told for these bundles, one after another, each with both events. */
const toldFor = (bundles: readonly StoredBundle[], all: readonly StoredBundle[] = bundles): readonly string[] => {
  const memory = new Memory();
  const lister = { bundles: () => all } as unknown as Parameters<typeof withoutToldOfRepository>[0]['lister'];
  return bundles.flatMap((each) =>
    withoutToldOfRepository({ lister, memory }, each, [DEPLOYED, NO_ETAG]).map(
      ({ reason }) => `${each.metadata.name} ${reason}`,
    ),
  );
};

t.test('that a repository gives no ETags is told for one of its bundles', (t) => {
  const app = 'ghcr.io/acme/app';
  const [a, b] = [bundleOf('a', app), bundleOf('b', `oci://${app}`)];
  const other = bundleOf('c', 'ghcr.io/acme/other');
  t.strictSame(
    toldFor([a, b, other]),
    ['a Deployed', 'a ETagUnsupported', 'b Deployed', 'c Deployed', 'c ETagUnsupported'],
    'and of another repository again',
  );
  const old = bundleOf('old', app, 'tags-sha256:1');
  t.strictSame(toldFor([a], [a, old]), ['a Deployed'], 'nor after a restart, if a bundle was polled before');
  t.strictSame(toldFor([old], [old]), ['old Deployed', 'old ETagUnsupported'], 'a bundle is no other than itself');
  t.end();
});
