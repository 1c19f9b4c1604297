import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import type { Connection } from '../../kube/connect.js';
import { createKubeClient } from '../../kube/http-client.js';
import { CONFIGMAPS } from '../../kube/resources.js';

interface Answer {
  readonly status: number;
  readonly lines: readonly object[];
}

const object = (name: string) => ({ metadata: { namespace: 'ops', name, uid: name, resourceVersion: '5' } });
const added = (name: string) => ({ type: 'ADDED', object: object(name) });
const bookmark = (resourceVersion: string, annotations: object = {}) => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion, annotations } },
});
const END = bookmark('7', { 'k8s.io/initial-events-end': 'true' });
const refusal = (status: number, reason: string): Answer => ({
  status,
  lines: [{ kind: 'Status', status: 'Failure', reason, message: reason, code: status }],
});
const PAGE: Answer = { status: 200, lines: [{ metadata: { resourceVersion: '9' }, items: [object('paged')] }] };

/** What a list gives, or the code of its fault, and what was asked; `stream` is the answer to a list by watch. */
const listed = async (t: Test, stream: Answer) => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const query = new URL(request.url ?? '/', 'http://server').searchParams;
    const isStream = query.get('sendInitialEvents') === 'true';
    asked.push(isStream ? 'stream' : 'page');
    const { status, lines } = isStream ? stream : PAGE;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const connection: Connection = {
    server: new URL(`http://127.0.0.1:${port}`),
    user: { name: 'me' },
    headers: async () => ({}),
    tls: { rejectUnauthorized: true },
  };
  const client = createKubeClient(connection);
  t.teardown(async () => {
    await client.close();
    server.close();
  });
  const keep = ({ metadata }: { readonly metadata: { readonly name: string } }) => metadata.name;
  const result = await client
    .list(CONFIGMAPS, { namespace: 'ops', keep, streamed: true }, AbortSignal.timeout(30_000))
    .catch(({ code }: { readonly code: string }) => code);
  return { result, asked };
};

t.test('a streamed list has all up to the bookmark that ends it', async (t) => {
  t.same(await listed(t, { status: 200, lines: [added('a'), added('b'), END, added('later')] }), {
    result: { items: ['a', 'b'], resourceVersion: '7' },
    asked: ['stream'],
  });
  t.same(
    (await listed(t, { status: 200, lines: [added('a'), bookmark('6'), added('b'), END] })).result,
    { items: ['a', 'b'], resourceVersion: '7' },
    'another bookmark does not end it',
  );
});

t.test('where a list can not be streamed, it comes in pages', async (t) => {
  const paged = { result: { items: ['paged'], resourceVersion: '9' }, asked: ['stream', 'page'] };
  t.same(await listed(t, refusal(422, 'Invalid')), paged, 'the server has no such lists');
  t.same(await listed(t, refusal(400, 'BadRequest')), paged);
  t.same(await listed(t, refusal(403, 'Forbidden')), paged, 'the caller may list, and not watch');
});

t.test('a streamed list that breaks off is a fault, and no shorter list', async (t) => {
  t.same(await listed(t, { status: 200, lines: [added('a')] }), { result: 'unavailable', asked: ['stream'] });
  t.equal((await listed(t, refusal(401, 'Unauthorized'))).result, 'unauthorized');
  t.equal((await listed(t, refusal(503, 'ServiceUnavailable'))).result, 'unavailable');
});
