import type { Test } from 'tap';
import { unpackChart } from '../../api/chart/unpack.js';
import type { RegistryCredential } from '../../api/docker-config.js';
import type { BundleArchives, Registry, RegistryTarget } from '../../registry/port.js';

/** A registry that the contract is tried on. */
interface RegistrySubject {
  /** The client under test, allowed to speak to `host`. */
  readonly client: Registry & BundleArchives;
  /** Speaks plain HTTP. */
  readonly host: string;
  /** undefined: everybody may read. */
  readonly credential?: Extract<RegistryCredential, { kind: 'basic' }>;
  /** Publishes something new, a bundle of a chart `app`; an existing tag is moved. @returns its digest */
  publish(repository: string, tag: string, content: 'bundle' | 'image'): Promise<string>;
}

/** What the controller relies on, of whatever registry. */
export const registryContract = async (t: Test, subject: RegistrySubject): Promise<void> => {
  const { client, host, credential, publish } = subject;
  const { signal } = new AbortController();
  const target: RegistryTarget = {
    host,
    repository: 'acme/app',
    insecure: true,
    ...(credential !== undefined && { credential }),
  };
  const bundle = await publish('acme/app', 'v1.0.0', 'bundle');
  const image = await publish('acme/app', 'v1.0.0-image', 'image');
  const many = Array.from({ length: 25 }, (_, index) => `v2.${index}.0`);
  for (const tag of many) await publish('acme/many', tag, 'bundle');

  t.test('lists all tags of a repository', async (t) => {
    const list = await client.listTags(target, signal);
    t.strictSame(list.kind === 'tags' && list.tags.toSorted(), ['v1.0.0', 'v1.0.0-image']);
    const all = await client.listTags({ ...target, repository: 'acme/many' }, signal);
    t.strictSame(all.kind === 'tags' && all.tags.toSorted(), many.toSorted(), 'on however many pages');
  });

  t.test('tells bundles from images, with their digests, however often it is asked', async (t) => {
    for (let turn = 0; turn < 2; turn += 1) {
      t.strictSame(await client.readManifest(target, 'v1.0.0', signal), {
        kind: 'manifest',
        digest: bundle,
        bundle: true,
      });
      const other = await client.readManifest(target, 'v1.0.0-image', signal);
      t.strictSame(other, { kind: 'manifest', digest: image, bundle: false });
    }
  });

  t.test('sees that a tag was moved', async (t) => {
    const before = await publish('acme/moving', 'v1', 'bundle');
    const moving = { ...target, repository: 'acme/moving' };
    t.strictSame(await client.readManifest(moving, 'v1', signal), { kind: 'manifest', digest: before, bundle: true });
    const after = await publish('acme/moving', 'v1', 'image');
    t.not(after, before);
    t.strictSame(await client.readManifest(moving, 'v1', signal), { kind: 'manifest', digest: after, bundle: false });
  });

  t.test('gives the chart of a bundle by the digest, also when its tag has moved on', async (t) => {
    const pulled = { ...target, repository: 'acme/pulled' };
    const digest = await publish('acme/pulled', 'v1', 'bundle');
    await publish('acme/pulled', 'v1', 'bundle');
    const archive = await client.readArchive(pulled, digest, signal);
    const unpacked = archive.kind === 'archive' ? unpackChart(archive.bytes) : undefined;
    const chart = unpacked?.kind === 'files' ? unpacked.files.get('Chart.yaml')?.toString() : undefined;
    t.match(chart, /name: "?app/);
    const none = `sha256:${'00'.repeat(32)}`;
    t.strictSame(await client.readArchive(pulled, none, signal), { kind: 'absent' });
    t.strictSame(await client.readArchive(target, image, signal), { kind: 'unusable', why: 'it is no bundle' });
  });

  t.test('tells an absent tag from a failure, and an absent repository is one', async (t) => {
    t.strictSame(await client.readManifest(target, 'v9', signal), { kind: 'absent' });
    t.strictSame(await client.listTags({ ...target, repository: 'acme/none' }, signal), {
      kind: 'failed',
      code: 'not-found',
      message: '404 not found',
      ...(credential !== undefined && { credentialSent: true }),
    });
  });

  t.test('rejects when, and only when, it is aborted', async (t) => {
    await t.rejects(client.listTags(target, AbortSignal.abort(new Error('stopped'))), { message: 'stopped' });
    await t.rejects(client.readManifest(target, 'v1.0.0', AbortSignal.abort(new Error('stopped'))), {
      message: 'stopped',
    });
    await t.rejects(client.readArchive(target, bundle, AbortSignal.abort(new Error('stopped'))), {
      message: 'stopped',
    });
  });

  if (credential === undefined) return;
  t.test('says 401 unauthorized where a credential is missing or wrong', async (t) => {
    const refused = { kind: 'failed', code: 'unauthorized', message: '401 unauthorized' };
    const { credential: _, ...anonymous } = target;
    // A token server of its own is named as `host`.
    t.match(await client.listTags(anonymous, signal), refused);
    t.match(await client.readManifest(anonymous, 'v1.0.0', signal), refused);
    t.match(await client.readArchive(anonymous, bundle, signal), refused);
    const wrong = { ...target, credential: { kind: 'basic', username: credential.username, password: 'no' } } as const;
    const inVain = { ...refused, credentialSent: true };
    t.match(await client.listTags(wrong, signal), inVain);
    t.match(await client.readManifest(wrong, 'v1.0.0', signal), inVain);
    t.match(await client.readArchive(wrong, bundle, signal), inVain);
    t.match(await client.listTags(target, signal), { kind: 'tags' }, 'and others are not held responsible');
  });
};
