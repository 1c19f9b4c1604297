import t from 'tap';
import type { Job, NewObject, Secret, Stored } from '../../api/objects.js';
import type { KubeClient, ResourceType } from '../../kube/client.js';
import { JOBS, NAMESPACES, SECRETS, WERFBUNDLES } from '../../kube/resources.js';
import { createFakeKube } from '../kit/fake-kube.js';

const REF = { namespace: 'ops', name: 'app' };
const { signal } = new AbortController();

/** Never called: the compiler is what is tried. Each line that is expected to be wrong fails the build when it is right. */
const compiled = async (client: KubeClient, job: NewObject<Job>, secret: Secret): Promise<void> => {
  const found: Stored<Job> | undefined = await client.get(JOBS, REF, signal);
  const identity: readonly string[] = found === undefined ? [] : [found.metadata.namespace, found.metadata.uid];
  const version: string | undefined = (await client.get(NAMESPACES, REF, signal))?.metadata.resourceVersion;
  void [identity, version];
  await client.create(JOBS, job, signal);
  // @ts-expect-error a Secret is no Job
  await client.get<Stored<Job>>(SECRETS, REF, signal);
  // @ts-expect-error nor is what is read of Secrets
  const wrong: Stored<Job> | undefined = await client.get(SECRETS, REF, signal);
  // @ts-expect-error nor an item of their list
  const items: readonly Stored<Job>[] = (await client.list(SECRETS, {}, signal)).items;
  // @ts-expect-error nor what is sent
  await client.create(JOBS, secret, signal);
  // @ts-expect-error what replaces an object says which version it replaces
  await client.replace(SECRETS, secret, signal);
  // @ts-expect-error the types of two kinds do not pass for each other
  const jobs: ResourceType<Stored<Job>> = SECRETS;
  // @ts-expect-error a namespace has no namespace
  const none: string | undefined = (await client.get(NAMESPACES, REF, signal))?.metadata.namespace.length;
  void [wrong, items, jobs, none];
};

t.test('what is read of a kind has its type, and the identity that the apiserver gave it', async (t) => {
  const client = createFakeKube();
  const made = await client.create(SECRETS, { metadata: REF, data: { a: 'YQ==' } }, signal);
  const read = await client.get(SECRETS, REF, signal);
  t.same(read?.data, { a: 'YQ==' });
  t.same([read?.metadata.uid, read?.metadata.resourceVersion], [made.metadata.uid, made.metadata.resourceVersion]);
  t.equal(await client.get(WERFBUNDLES, REF, signal), undefined);
  t.type(compiled, Function, 'the wrong pairs did not compile');
});
