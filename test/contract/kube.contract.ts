import type { Test } from 'tap';
import type { ConfigMap, KubeObject, ObjectRef, Stored } from '../../api/objects.js';
import type { WerfBundle } from '../../api/werfbundle.js';
import { type KubeClient, KubeError, type ListOptions, type ResourceType, type WatchEvent } from '../../kube/client.js';
import { CONFIGMAPS, PODS, SECRETS, WERFBUNDLES } from '../../kube/resources.js';

/** A client and a namespace that exists, is empty, and belongs to this suite alone. */
interface ContractSubject {
  readonly client: KubeClient;
  readonly namespace: string;
}

type Row = readonly [title: string, check: (t: Test, subject: ContractSubject) => Promise<void>];

/** Long enough for a busy machine; every call of the suite ends at once. */
const signal = AbortSignal.timeout(120_000);

/** What every {@link KubeClient} does; run on the fake and on the real apiserver. */
export const kubeContract = async (t: Test, makeClient: () => Promise<ContractSubject>): Promise<void> => {
  const subject = await makeClient();
  for (const [title, check] of [...reads, ...writes, ...fields, ...statuses, ...deletions, ...lists, ...watches]) {
    await t.test(title, async (t) => check(t, subject));
  }
};

const reads: readonly Row[] = [
  [
    'what is not there is undefined, not an error',
    async (t, { client, namespace }) => {
      t.equal(await client.get(CONFIGMAPS, { namespace, name: 'nothing' }, signal), undefined);
      t.equal(await client.podLog({ namespace, name: 'nothing' }, { container: 'c' }, signal), undefined);
      const following = client.followPodLog({ namespace, name: 'nothing' }, { container: 'c' }, signal);
      for await (const bytes of following) t.fail(`a log of nothing: ${bytes}`);
    },
  ],
  [
    'the version is told as the server writes it',
    async (t, { client }) => {
      t.match(await client.serverVersion(signal), { gitVersion: /^v1\.\d+\.\d+/ });
    },
  ],
  [
    'a kind is served or not, whether or not it may be read',
    async (t, { client }) => {
      t.equal(await client.serves(CONFIGMAPS, signal), true);
      t.equal(await client.serves({ ...CONFIGMAPS, group: 'none.example', plural: 'nothings' }, signal), false);
      t.equal(await client.serves({ ...CONFIGMAPS, plural: 'nothings' }, signal), false);
    },
  ],
  [
    'an aborted call ends with the code aborted',
    async (t, { client, namespace }) => {
      const aborted = AbortSignal.abort();
      const code = await codeOf(client.get(CONFIGMAPS, { namespace, name: 'nothing' }, aborted));
      t.equal(code, 'aborted');
    },
  ],
];

const fields: readonly Row[] = [
  [
    'who has written the fields of an object is told by its managedFields alone',
    async (t, { client, namespace }) => {
      const ref = { namespace, name: 'managed' };
      t.equal(await client.managedFields(CONFIGMAPS, ref, signal), undefined);
      await client.create(CONFIGMAPS, configMap(ref, { a: '1' }), signal);
      t.match(await client.managedFields(CONFIGMAPS, ref, signal), [
        { manager: /^werfbundle/, operation: 'Update', fieldsV1: { 'f:data': { 'f:a': {} } } },
      ]);
    },
  ],
  [
    'a dry run of a patch answers as the patch would, and stores nothing',
    async (t, { client, namespace }) => {
      const ref = { namespace, name: 'dry' };
      const made = await client.create(CONFIGMAPS, configMap(ref, { a: '1' }), signal);
      const { resourceVersion } = made.metadata;
      const patch = { metadata: { resourceVersion }, data: { a: '2' } };
      const tried = await client.mergePatch(CONFIGMAPS, ref, patch, { dryRun: true }, signal);
      t.same(tried.data, { a: '2' });
      t.same(await client.get(CONFIGMAPS, ref, signal), made);
      const stale = { metadata: { resourceVersion: '1' }, data: { a: '2' } };
      t.equal(await codeOf(client.mergePatch(CONFIGMAPS, ref, stale, { dryRun: true }, signal)), 'conflict');
    },
  ],
];

const writes: readonly Row[] = [
  [
    'a created object comes back as the server has it, and is read the same, without managedFields',
    async (t, { client, namespace }) => {
      const created = await client.create(CONFIGMAPS, configMap({ namespace, name: 'made' }, { a: '1' }), signal);
      t.match(created, { apiVersion: 'v1', kind: 'ConfigMap', data: { a: '1' } });
      t.match(created.metadata, { uid: /.{36}/, resourceVersion: /^\d+$/, creationTimestamp: /Z$/ });
      t.notOk('managedFields' in created.metadata);
      t.same(await client.get(CONFIGMAPS, { namespace, name: 'made' }, signal), created);
    },
  ],
  [
    'what is created for a trial only comes back as it would be stored, and is not there',
    async (t, { client, namespace }) => {
      const ref = { namespace, name: 'tried' };
      const object = configMap(ref, { a: '1' });
      const tried = await client.dryRunCreate(CONFIGMAPS, object, signal);
      t.match(tried, { apiVersion: 'v1', kind: 'ConfigMap', data: { a: '1' }, metadata: { ...ref, uid: /.{36}/ } });
      t.equal(await client.get(CONFIGMAPS, ref, signal), undefined);
      await client.create(CONFIGMAPS, object, signal);
      t.equal(
        await codeOf(client.dryRunCreate(CONFIGMAPS, object, signal)),
        'already-exists',
        'it is judged as always',
      );
    },
  ],
  [
    'a second object of the same name is already there, which is no conflict',
    async (t, { client, namespace }) => {
      const object = configMap({ namespace, name: 'made' }, {});
      t.equal(await codeOf(client.create(CONFIGMAPS, object, signal)), 'already-exists');
    },
  ],
  [
    'generateName gets an ending',
    async (t, { client, namespace }) => {
      const created = await client.create(CONFIGMAPS, { metadata: { namespace, generateName: 'gen-' } }, signal);
      t.match(created.metadata.name, /^gen-[a-z0-9]{5}$/);
    },
  ],
  [
    'a replacement needs the version that is there; one without a change is no write',
    async (t, { client, namespace }) => {
      const first = await client.create(CONFIGMAPS, configMap({ namespace, name: 'replaced' }, { a: '1' }), signal);
      const second = await client.replace(CONFIGMAPS, { ...first, data: { a: '2' } }, signal);
      t.not(second.metadata.resourceVersion, first.metadata.resourceVersion);
      t.equal(await codeOf(client.replace(CONFIGMAPS, { ...first, data: { a: '3' } }, signal)), 'conflict');
      t.same(await client.replace(CONFIGMAPS, second, signal), second);
      const absent = { ...second, metadata: { ...second.metadata, name: 'nothing' } };
      t.equal(await codeOf(client.replace(CONFIGMAPS, absent, signal)), 'not-found');
    },
  ],
  [
    'a custom resource is not replaced without a version',
    async (t, { client, namespace }) => {
      const made = await client.create(WERFBUNDLES, bundle({ namespace, name: 'versionless' }), signal);
      const { resourceVersion: _, ...metadata } = made.metadata;
      const versionless = { ...made, metadata } as typeof made;
      t.equal(await codeOf(client.replace(WERFBUNDLES, versionless, signal)), 'invalid');
    },
  ],
  [
    'a merge patch sets, deletes with null, replaces lists, and heeds the version and the uid in it',
    async (t, { client, namespace }) => {
      const ref = { namespace, name: 'patched' };
      const patch = (body: object) => client.mergePatch(CONFIGMAPS, ref, body, {}, signal);
      t.equal(await codeOf(patch({ data: { a: '1' } })), 'not-found');
      const made = await client.create(CONFIGMAPS, configMap(ref, { a: '1', b: '2' }), signal);
      const patched = await patch({ data: { a: null, c: '3' }, metadata: { finalizers: ['x.io/a'] } });
      t.same(patched.data, { b: '2', c: '3' });
      t.same((await patch({ metadata: { finalizers: [] } })).metadata.finalizers ?? [], []);
      const { resourceVersion } = made.metadata;
      t.equal(await codeOf(patch({ metadata: { resourceVersion }, data: { d: '4' } })), 'conflict');
      // Which of the two it is has changed between versions of Kubernetes.
      const uidCode = await codeOf(patch({ metadata: { uid: 'another' }, data: { d: '4' } }));
      t.ok(['conflict', 'invalid'].includes(uidCode), uidCode);
      const now = await patch({});
      t.equal((await patch({ data: { b: '2' } })).metadata.resourceVersion, now.metadata.resourceVersion);
    },
  ],
];

const statuses: readonly Row[] = [
  [
    'status is written through its own door only, and nothing else is',
    async (t, { client, namespace }) => {
      const ref = { namespace, name: 'status' };
      const made = await client.create(WERFBUNDLES, { ...bundle(ref), status: { phase: 'Synced' } }, signal);
      t.same(made.status, { observedGeneration: -1 });
      const patch = (body: object, options: { subresource?: 'status' }) =>
        client.mergePatch(WERFBUNDLES, ref, body, options, signal);
      const both = { spec: { suspend: true }, status: { phase: 'Failed' }, metadata: { labels: { a: 'b' } } };
      const main = await patch(both, {});
      t.match(main, { spec: { suspend: true }, status: { observedGeneration: -1 }, metadata: { labels: { a: 'b' } } });
      t.equal(main.status?.phase, undefined);
      const other = { spec: { suspend: false }, status: { phase: 'Failed' }, metadata: { labels: { a: 'c' } } };
      const status = await patch(other, { subresource: 'status' });
      t.match(status, { spec: { suspend: true }, status: { phase: 'Failed' }, metadata: { labels: { a: 'b' } } });
      const stale = { metadata: { resourceVersion: main.metadata.resourceVersion }, status: { phase: 'Synced' } };
      t.equal(await codeOf(patch(stale, { subresource: 'status' })), 'conflict');
      t.same((await client.replace(WERFBUNDLES, { ...status, status: {} }, signal)).status, status.status);
    },
  ],
  [
    'a change of the spec is a new generation; labels and status are not',
    async (t, { client, namespace }) => {
      const ref = { namespace, name: 'generation' };
      await client.create(WERFBUNDLES, bundle(ref), signal);
      const generation = async (body: object, options: { subresource?: 'status' } = {}) =>
        (await client.mergePatch(WERFBUNDLES, ref, body, options, signal)).metadata.generation;
      t.equal(await generation({ metadata: { labels: { a: 'b' } } }), 1);
      t.equal(await generation({ status: { phase: 'Failed' } }, { subresource: 'status' }), 1);
      t.equal(await generation({ spec: { suspend: true } }), 2);
    },
  ],
];

const deletions: readonly Row[] = [
  [
    'a deletion heeds its preconditions; of what is not there it says so',
    async (t, { client, namespace }) => {
      const ref = { namespace, name: 'deleted' };
      const { metadata } = await client.create(CONFIGMAPS, configMap(ref, {}), signal);
      const remove = (options: { uid?: string; resourceVersion?: string }) =>
        client.delete(CONFIGMAPS, ref, options, signal);
      t.equal(await codeOf(remove({ uid: '00000000-0000-4000-8000-00000000dead' })), 'conflict');
      t.equal(await codeOf(remove({ resourceVersion: '1' })), 'conflict');
      t.equal(await remove(metadata.uid === undefined ? {} : { uid: metadata.uid }), 'deleted');
      t.equal(await remove({}), 'absent');
    },
  ],
  [
    'a finalizer keeps a deleted object until it is taken away',
    async (t, { client, namespace }) => {
      const ref = { namespace, name: 'kept' };
      const object = configMap(ref, {});
      await client.create(
        CONFIGMAPS,
        { ...object, metadata: { ...object.metadata, finalizers: ['werf.io/test'] } },
        signal,
      );
      t.equal(await client.delete(CONFIGMAPS, ref, {}, signal), 'deleted');
      const going = await client.get(CONFIGMAPS, ref, signal);
      t.match(going?.metadata.deletionTimestamp, /Z$/);
      t.equal(await client.delete(CONFIGMAPS, ref, {}, signal), 'deleted');
      await client.mergePatch(CONFIGMAPS, ref, { metadata: { finalizers: null } }, {}, signal);
      t.equal(await client.get(CONFIGMAPS, ref, signal), undefined);
    },
  ],
];

const lists: readonly Row[] = [
  [
    'a list has kinds and selectors, sorted by name',
    async (t, { client, namespace }) => {
      const make = (name: string, labels: Record<string, string>) =>
        client.create(CONFIGMAPS, { metadata: { namespace, name, labels: { suite: 'list', ...labels } } }, signal);
      await make('list-c', { tier: 'web', only: 'c' });
      await make('list-a', { tier: 'web' });
      await make('list-b', { tier: 'db' });
      const names = async (options: ListOptions) => {
        const { items } = await client.list(CONFIGMAPS, { namespace, ...options }, signal);
        t.ok(items.every(({ kind, apiVersion }) => kind === 'ConfigMap' && apiVersion === 'v1'));
        return items.map(({ metadata }) => metadata.name);
      };
      const rows: readonly (readonly [ListOptions, readonly string[]])[] = [
        [{ labelSelector: 'suite=list' }, ['list-a', 'list-b', 'list-c']],
        [{ labelSelector: 'suite=list,tier=web' }, ['list-a', 'list-c']],
        [{ labelSelector: 'suite=list,tier!=web' }, ['list-b']],
        [{ labelSelector: 'suite=list,tier in (db, cache)' }, ['list-b']],
        [{ labelSelector: 'suite=list,tier notin (db,cache)' }, ['list-a', 'list-c']],
        [{ labelSelector: 'suite=list,only' }, ['list-c']],
        [{ labelSelector: 'suite=list,!only' }, ['list-a', 'list-b']],
        [{ fieldSelector: 'metadata.name=list-b' }, ['list-b']],
        [{ labelSelector: 'suite=none' }, []],
      ];
      for (const [options, want] of rows) t.same(await names(options), want, JSON.stringify(options));
      t.same((await client.list(SECRETS, { labelSelector: 'suite=none' }, signal)).items, []);
      const keep = ({ metadata }: KubeObject) => metadata.name;
      const kept = await client.list(CONFIGMAPS, { namespace, labelSelector: 'suite=list', keep }, signal);
      t.same(kept.items, ['list-a', 'list-b', 'list-c'], 'of each object only what the caller keeps');
      const wanted = { namespace, labelSelector: 'suite=list', keep, streamed: true } as const;
      const streamed = await client.list(CONFIGMAPS, wanted, signal);
      t.same(streamed.items.toSorted(), kept.items, 'the same one by one');
      t.ok(Number(streamed.resourceVersion) >= Number(kept.resourceVersion), 'of the same moment, or a later one');
    },
  ],
];

const watches: readonly Row[] = [
  [
    'a watch replays what came after its version, and goes on',
    async (t, { client, namespace }) => {
      const options = { namespace, labelSelector: 'suite=watch' };
      const { resourceVersion } = await client.list(CONFIGMAPS, options, signal);
      const ref = { namespace, name: 'watched' };
      const metadata = { ...ref, labels: { suite: 'watch' } };
      const made = await client.create(CONFIGMAPS, { metadata }, signal);
      const seen = take(client, { type: CONFIGMAPS, options: { ...options, resourceVersion }, count: 5 });
      const changed = await client.mergePatch(CONFIGMAPS, ref, { data: { a: '1' } }, {}, signal);
      const label = (suite: string) => ({ metadata: { labels: { suite } } });
      await client.mergePatch(CONFIGMAPS, ref, label('elsewhere'), {}, signal);
      const back = await client.mergePatch(CONFIGMAPS, ref, label('watch'), {}, signal);
      await client.delete(CONFIGMAPS, ref, {}, signal);
      const events = await seen;
      t.same(
        events.map(({ type }) => type),
        ['ADDED', 'MODIFIED', 'DELETED', 'ADDED', 'DELETED'],
        'what leaves the selector is deleted for it, what comes into it is added',
      );
      t.same(objectOf(events[0]), made);
      t.same(objectOf(events[1]), changed);
      t.same(objectOf(events[3]), back);
      t.ok(Number(objectOf(events[4])?.metadata.resourceVersion) > Number(back.metadata.resourceVersion));
    },
  ],
  [
    'a list of metadata brings nothing that the objects hold',
    async (t, { client, namespace }) => {
      const metadata = { namespace, name: 'bare-listed', labels: { suite: 'bare-list' } };
      const made = await client.create(CONFIGMAPS, { metadata, data: { a: '1' } }, signal);
      const options = { namespace, labelSelector: 'suite=bare-list', metadataOnly: true } as const;
      const { items } = await client.list(CONFIGMAPS, options, signal);
      t.same(items, [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: made.metadata }]);
    },
  ],
  [
    'a watch of metadata begins at the head of a collection, and brings nothing that the objects hold',
    async (t, { client, namespace }) => {
      const options = { namespace, labelSelector: 'suite=bare' };
      const before = { namespace, name: 'bare-before' };
      await client.create(CONFIGMAPS, { metadata: { ...before, labels: { suite: 'bare' } } }, signal);
      const resourceVersion = await client.head(CONFIGMAPS, options, signal);
      t.match(resourceVersion, /^\d+$/);
      const bare = { ...options, resourceVersion, metadataOnly: true };
      const seen = take(client, { type: CONFIGMAPS, options: bare, count: 2 });
      const metadata = { namespace, name: 'bare', labels: { suite: 'bare' } };
      const made = await client.create(CONFIGMAPS, { metadata, data: { a: '1' } }, signal);
      await client.delete(CONFIGMAPS, metadata, {}, signal);
      const events = await seen;
      t.same(
        events.map((event) => [event.type, objectOf(event)?.metadata.name]),
        [
          ['ADDED', 'bare'],
          ['DELETED', 'bare'],
        ],
        'what was there before is not told',
      );
      t.same(objectOf(events[0]), {
        kind: 'PartialObjectMetadata',
        apiVersion: 'meta.k8s.io/v1',
        metadata: made.metadata,
      });
    },
  ],
  [
    'a watch from a version that is no longer known is gone',
    async (t, { client, namespace }) => {
      const options = { namespace, resourceVersion: '1' };
      t.equal(await codeOf(take(client, { type: WERFBUNDLES, options, count: 1 })), 'gone');
    },
  ],
  [
    'an aborted watch ends with the code aborted',
    async (t, { client, namespace }) => {
      const controller = new AbortController();
      const { resourceVersion } = await client.list(PODS, { namespace }, signal);
      const watch = client.watch(PODS, { namespace, resourceVersion }, controller.signal);
      const first = watch[Symbol.asyncIterator]().next();
      setImmediate(() => controller.abort());
      t.equal(await codeOf(first), 'aborted');
    },
  ],
];

const configMap = (ref: ObjectRef, data: Readonly<Record<string, string>>): ConfigMap => ({ metadata: ref, data });

const bundle = (ref: ObjectRef): WerfBundle => ({ metadata: ref, spec: { registry: { url: 'registry.example/app' } } });

const codeOf = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
    return 'succeeded';
  } catch (error) {
    if (error instanceof KubeError) return error.code;
    throw error;
  }
};

const take = async (
  client: KubeClient,
  from: {
    readonly type: ResourceType;
    readonly options: ListOptions & { readonly resourceVersion: string };
    readonly count: number;
  },
): Promise<readonly WatchEvent<Stored>[]> => {
  const events: WatchEvent<Stored>[] = [];
  for await (const event of client.watch(from.type, from.options, signal)) {
    if (event.type !== 'BOOKMARK') events.push(event);
    if (events.length === from.count) break;
  }
  return events;
};

const objectOf = (event: WatchEvent<Stored> | undefined): KubeObject | undefined =>
  event === undefined || event.type === 'BOOKMARK' ? undefined : event.object;
