import t from 'tap';
import type { AccessQuestion, Job, NewObject, Secret, Stored } from '../../api/objects.js';
import type { KubeClient, ResourceType } from '../../kube/client.js';
import {
  ACCOUNT_TOKEN,
  JOBS,
  NAMESPACES,
  POD_BINDING,
  SECRETS,
  SUBJECT_ACCESS_REVIEWS,
  WERFBUNDLES,
} from '../../kube/resources.js';
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

/** The same of what is only asked, or created beneath an object. */
const compiledToo = async (client: KubeClient, question: AccessQuestion): Promise<void> => {
  const allowed: boolean | undefined = (await client.ask(SUBJECT_ACCESS_REVIEWS, question, signal))?.allowed;
  const made = await client.createSubresource(ACCOUNT_TOKEN, REF, { spec: { audiences: ['a'] } }, signal);
  const token: string = made.status.token;
  const binding = { metadata: { name: 'a', uid: 'u' }, target: { apiVersion: 'v1', kind: 'Node', name: 'n' } };
  await client.createSubresource(POD_BINDING, REF, binding, signal);
  // @ts-expect-error a question says of whom it is
  await client.ask(SUBJECT_ACCESS_REVIEWS, { resourceAttributes: question.resourceAttributes }, signal);
  // @ts-expect-error its answer has no token
  const wrong = (await client.ask(SUBJECT_ACCESS_REVIEWS, question, signal))?.token;
  // @ts-expect-error what is stored is not asked
  await client.ask(SECRETS, question, signal);
  // @ts-expect-error nor is what is asked stored
  await client.get(SUBJECT_ACCESS_REVIEWS, REF, signal);
  // @ts-expect-error a token is not asked for by a binding
  await client.createSubresource(ACCOUNT_TOKEN, REF, { metadata: { name: 'a', uid: 'u' } }, signal);
  // @ts-expect-error nor is its answer what the caller would like
  const number: number = (await client.createSubresource(ACCOUNT_TOKEN, REF, { spec: {} }, signal)).status.token;
  // @ts-expect-error and the answer to a binding is nothing to be read
  await client.createSubresource(POD_BINDING, REF, binding, signal).then(({ status }) => status);
  void [allowed, token, wrong, number];
};

t.test('what is read of a kind has its type, and the identity that the apiserver gave it', async (t) => {
  const client = createFakeKube();
  const made = await client.create(SECRETS, { metadata: REF, data: { a: 'YQ==' } }, signal);
  const read = await client.get(SECRETS, REF, signal);
  t.same(read?.data, { a: 'YQ==' });
  t.same([read?.metadata.uid, read?.metadata.resourceVersion], [made.metadata.uid, made.metadata.resourceVersion]);
  t.equal(await client.get(WERFBUNDLES, REF, signal), undefined);
  for (const each of [compiled, compiledToo]) t.type(each, Function, 'the wrong pairs did not compile');
});
