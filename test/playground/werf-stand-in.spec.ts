import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { mock } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import t from 'tap';
import type { ConfigMap, Secret } from '../../api/objects.js';
import { issueAuthority, issueLeaf } from '../../certs/issue.js';
import { LOCKS, lockAnnotation, lockRelease } from '../../playground/werf-stand-in/release-lock.js';
import { releaseOf } from '../../playground/werf-stand-in/release-record.js';
import { FIRST_LINE, run } from '../../playground/werf-stand-in/run.js';

/** A tar archive with one file. */
const tar = (path: string, text: string): Buffer => {
  const header = Buffer.alloc(512);
  header.write(path, 0);
  header.write(`${Buffer.byteLength(text).toString(8).padStart(11, '0')}\0`, 124);
  header.write('0', 156);
  header.write('ustar\0', 257);
  return Buffer.concat([
    header,
    Buffer.from(text.padEnd(Math.ceil(text.length / 512) * 512, '\0')),
    Buffer.alloc(1024),
  ]);
};

const digestOf = (bytes: Buffer | string): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

interface Tag {
  readonly manifest: string;
  readonly layer: Buffer;
}

const bundleTag = (chart: string, config = 'application/vnd.cncf.helm.config.v1+json'): Tag => {
  const layer = gzipSync(tar('app/Chart.yaml', chart));
  const layers = [{ mediaType: 'application/tar+gzip', digest: digestOf(layer) }];
  return { manifest: JSON.stringify({ schemaVersion: 2, config: { mediaType: config }, layers }), layer };
};

const chart = (version: string, behaviour = '') =>
  `apiVersion: v2\nname: app\nversion: ${version}\nannotations:\n  playground.werf.io/behaviour: "${behaviour}"\n`;

const tags: Readonly<Record<string, Tag>> = {
  '1.0.0': bundleTag(chart('1.0.0')),
  '1.1.0': bundleTag(chart('1.1.0')),
  fails: bundleTag(chart('1.2.0', 'slow: 0, fail')),
  prints: bundleTag(chart('1.3.0', 'print-values')),
  wrong: bundleTag(chart('1.4.0', 'explode')),
  half: bundleTag(chart('1.5.0', 'half, slow-plan: 0')),
  unplanned: bundleTag(chart('1.6.0', 'fail-plan')),
  image: bundleTag(chart('1'), 'application/vnd.oci.image.config.v1+json'),
};

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
};

const BASIC = `Basic ${Buffer.from('me:secret').toString('base64')}`;

/** A registry that hands out its repository `basic/app` for Basic, `bearer/app` for a token that Basic buys, `open/app` to all. */
const registry = createServer((request, response) => {
  const { headers } = request;
  const url = new URL(request.url ?? '', 'http://registry');
  const origin = `http://${headers.host}`;
  const answer = (status: number, body: string | Buffer = '', more: Record<string, string> = {}) =>
    response.writeHead(status, more).end(body);
  if (url.pathname === '/token') {
    const scope = url.searchParams.get('scope');
    return headers.authorization === BASIC && scope === 'repository:bearer/app:pull'
      ? answer(200, JSON.stringify({ token: 't' }))
      : answer(401);
  }
  const [, access, kind, what = ''] = /^\/v2\/(\w+)\/app\/(manifests|blobs)\/(.+)$/.exec(url.pathname) ?? [];
  const wanted = { basic: BASIC, bearer: 'Bearer t' }[access ?? ''];
  const challenge = { basic: 'Basic realm="r"', bearer: `Bearer realm="${origin}/token",service="s"` }[access ?? ''];
  if (wanted !== headers.authorization) return answer(401, '', { 'www-authenticate': challenge ?? '' });
  if (kind === 'manifests') return tags[what] === undefined ? answer(404) : answer(200, tags[what].manifest);
  const tag = Object.values(tags).find(({ layer }) => digestOf(layer) === what);
  if (!url.searchParams.has('moved')) return answer(307, '', { location: `${url.pathname}?moved` });
  return tag === undefined ? answer(404) : answer(200, tag.layer);
});

/** An apiserver that knows Secrets and ConfigMaps, and forbids everything in namespace `closed`. */
const secrets = new Map<string, Secret>();
const configMaps = new Map<string, ConfigMap>();

/** What a merge patch sets to null goes. */
const withoutNulls = (texts: Readonly<Record<string, string | null>>) =>
  Object.fromEntries(Object.entries(texts).flatMap(([key, text]) => (text === null ? [] : [[key, text]])));

const serve = (method: string, url: URL, body: Partial<Secret>, type = ''): { status: number; json: object } => {
  const itself = /^\/api\/v1\/namespaces\/([^/]+)$/.exec(url.pathname)?.[1];
  if (itself !== undefined && itself !== 'closed') return { status: itself === 'gone' ? 404 : 200, json: {} };
  const path = /^\/api\/v1\/namespaces\/([^/]+)\/(secrets|configmaps)\/?(.*)$/.exec(url.pathname);
  const [, namespace = itself, kind = 'namespaces', name = ''] = path ?? [];
  if (namespace === 'closed') {
    return {
      status: 403,
      json: { message: `${kind} is forbidden: User "system:serviceaccount:closed:default" cannot` },
    };
  }
  const objects: Map<string, ConfigMap | Secret> = kind === 'secrets' ? secrets : configMaps;
  if (method === 'GET' && name === '') {
    const wanted = (url.searchParams.get('labelSelector') ?? '').split(',').map((each) => each.split('='));
    const fits = (secret: Secret) => wanted.every(([key = '', value]) => secret.metadata.labels?.[key] === value);
    return { status: 200, json: { items: [...secrets.values()].filter(fits) } };
  }
  const key = name || (body.metadata?.name ?? '');
  if (method === 'POST') objects.set(key, body as Secret);
  const applies = type === 'application/apply-patch+yaml';
  if (applies && url.searchParams.has('dryRun')) return { status: 200, json: body };
  if (applies && !objects.has(key)) objects.set(key, body as Secret);
  const known = objects.get(key);
  if (known === undefined) return { status: 404, json: {} };
  if (method === 'PATCH') {
    const { labels = {}, annotations = {} } = body.metadata ?? {};
    const metadata = {
      ...known.metadata,
      labels: { ...known.metadata.labels, ...labels },
      annotations: withoutNulls({ ...known.metadata.annotations, ...annotations }),
    };
    objects.set(key, { ...known, ...body, data: { ...known.data, ...body.data }, metadata });
  }
  if (method === 'DELETE') objects.delete(key);
  return { status: 200, json: known };
};

t.test('a release is applied, planned and dismissed in the words of werf', async (t) => {
  const port = await listen(registry);
  const authority = await issueAuthority(Date.now());
  const leaf = await issueLeaf(authority, ['127.0.0.1'], Date.now());
  const apiserver = createTlsServer({ key: leaf.key, cert: leaf.certificate }, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}') as Partial<Secret>;
    const known = request.headers.authorization === 'Bearer sa-token';
    const answer = known
      ? serve(
          request.method ?? '',
          new URL(request.url ?? '', 'https://apiserver'),
          body,
          request.headers['content-type'],
        )
      : { status: 401, json: { message: 'Unauthorized' } };
    response.writeHead(answer.status).end(JSON.stringify(answer.json));
  });
  const apiserverPort = await listen(apiserver);
  const dir = t.testdir({
    docker: {
      'config.json': JSON.stringify({ auths: { [`127.0.0.1:${port}`]: { username: 'me', password: 'secret' } } }),
    },
    'values.yaml': 'a: 1\ndeep: {x: 1, y: [1, 2]}\n',
    'secret.yaml': 'password: hunter22\ndeep: {x: 2}\n',
    'broken.yaml': 'hunter22: [',
  });
  mkdirSync(join(dir, 'account'));
  writeFileSync(join(dir, 'account', 'token'), 'sa-token\n');
  writeFileSync(join(dir, 'account', 'ca.crt'), authority.certificate);
  const environment = {
    HOME: dir,
    DOCKER_CONFIG: join(dir, 'docker'),
    PLAYGROUND_SERVICE_ACCOUNT: join(dir, 'account'),
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: String(apiserverPort),
  };
  let now = new Date(0);
  const werf = async (words: string, more: Readonly<Record<string, string>> = {}) => {
    const lines: string[] = [];
    const code = await run(words.split(' '), {
      environment: { ...environment, ...more },
      print: (line) => lines.push(line),
      printError: (line) => lines.push(line),
      now: () => now,
      onTermination: () => () => {},
    });
    t.equal(lines.shift(), FIRST_LINE);
    return { code, lines };
  };
  const repo = (access: string) => `--repo 127.0.0.1:${port}/${access}/app`;
  const pulled = (access: string, tag: string) =>
    `Pulled bundle 127.0.0.1:${port}/${access}/app:${tag} (${digestOf(tags[tag]?.manifest ?? '')})`;
  const target = '--release my-app --namespace prod';
  const x = 'release "my-app" (namespace: "prod")';
  const planning = 'Planning release install "my-app" (namespace: "prod")';
  const executing = 'execute release install plan: wait for operations completion: execute operation';
  const user = 'User "system:serviceaccount:closed:default"';
  const kindsOf = (resource: string) => (resource.startsWith('ConfigMap') ? 'configmaps' : 'namespaces');
  const status = () => [...secrets].map(([name, { metadata }]) => `${name} ${metadata.labels?.['status']}`);

  t.same(await werf(`bundle plan ${repo('open')} --tag 1.0.0 ${target} --exit-code`), {
    code: 2,
    lines: [
      pulled('open', '1.0.0'),
      'Planning release install "my-app" (namespace: "prod")',
      ...[
        '',
        '\u250c Create ConfigMap/werf-stand-in-my-app',
        '\u2502 + chart: app',
        '\u2502 + version: 1.0.0',
        '\u2502 + tag: 1.0.0',
      ],
      `\u2502 + digest: ${digestOf(tags['1.0.0']?.manifest ?? '')}`,
      ...[
        '\u2514 Create ConfigMap/werf-stand-in-my-app',
        '',
        `Planned changes summary for ${x}:`,
        '- create: 1 resources',
        '',
      ],
      'Error: resource changes planned',
    ],
  });
  const first = `${repo('basic')} --tag 1.0.0 ${target} --values ${dir}/values.yaml --values ${dir}/secret.yaml --set-string a=x`;
  t.same(await werf(`bundle apply ${first}`), {
    code: 0,
    lines: [
      ...[pulled('basic', '1.0.0'), `Start ${x}`, 'Values given (keys only): a, deep.x, deep.y, password'],
      '\u250c Completed operations',
      ...['\u2502 Create: ConfigMap/werf-stand-in-my-app', '\u2514 Completed operations', '', `Succeeded ${x}`],
    ],
  });
  const recorded = secrets.get('sh.helm.release.v1.my-app.v1');
  t.same(
    [recorded?.type, recorded?.metadata],
    [
      'helm.sh/release.v1',
      {
        name: 'sh.helm.release.v1.my-app.v1',
        namespace: 'prod',
        labels: { owner: 'helm', name: 'my-app', status: 'deployed', version: '1' },
        annotations: {},
      },
    ],
    'the release is recorded as helm does it',
  );
  t.same(recorded && releaseOf(recorded), {
    name: 'my-app',
    namespace: 'prod',
    version: 1,
    status: 'deployed',
    tag: '1.0.0',
    chart: { name: 'app', version: '1.0.0' },
    digest: digestOf(tags['1.0.0']?.manifest ?? ''),
    values: { a: 'x', deep: { x: 2, y: [1, 2] }, password: 'hunter22' },
    deployedAt: '1970-01-01T00:00:00.000Z',
  });
  t.same(
    (await werf(`bundle apply ${first}`)).lines.at(-1),
    `Skipped ${x}: cluster resources already as desired`,
    'the same again is skipped',
  );
  t.same(await werf(`bundle plan ${first} --exit-code`), {
    code: 0,
    lines: [pulled('basic', '1.0.0'), planning, `No changes planned for ${x}`],
  });
  t.same(
    await werf(`bundle plan ${first} --set-string a=y --exit-code`),
    {
      code: 3,
      lines: [
        ...[pulled('basic', '1.0.0'), planning],
        `No resource changes planned, but still must install ${x} because the release values changed`,
        'Error: no resource changes planned, but still must install release',
      ],
    },
    'other values leave the object as it is',
  );
  const upgrade = await werf(`bundle plan ${repo('open')} --tag 1.1.0 ${target}`);
  t.match(
    [upgrade.code, upgrade.lines.slice(3)],
    [
      0,
      [
        '\u250c Update ConfigMap/werf-stand-in-my-app',
        '\u2502 - version: 1.0.0',
        '\u2502 - tag: 1.0.0',
        /^\u2502 - digest/,
      ],
    ],
    'without --exit-code a plan is no failure',
  );

  const object = configMaps.get('werf-stand-in-my-app');
  if (object === undefined) throw new Error('the stand-in deployed nothing');
  configMaps.set('werf-stand-in-my-app', { ...object, data: { ...object.data, tag: '9', more: 'of another' } });
  const drifted = await werf(`bundle plan ${first} --exit-code`);
  t.same(
    [drifted.code, drifted.lines.slice(3, 7)],
    [
      2,
      [
        '\u250c Update ConfigMap/werf-stand-in-my-app',
        '\u2502 - tag: 9',
        '\u2502 + tag: 1.0.0',
        '\u2514 Update ConfigMap/werf-stand-in-my-app',
      ],
    ],
    'what somebody changed is found',
  );
  t.same((await werf(`bundle apply ${first}`)).lines.at(-1), `Succeeded ${x}`);
  t.same(
    configMaps.get('werf-stand-in-my-app')?.data,
    { ...object.data, more: 'of another' },
    'and mended; what they added stays',
  );
  configMaps.delete('werf-stand-in-my-app');
  t.equal((await werf(`bundle plan ${first} --exit-code`)).code, 2, 'so is what somebody deleted');
  await werf(`bundle apply ${first}`);
  t.same(configMaps.get('werf-stand-in-my-app')?.data, object.data);
  t.same(status().slice(-1), ['sh.helm.release.v1.my-app.v3 deployed']);
  secrets.clear();
  t.equal((await werf(`bundle plan ${first} --exit-code`)).code, 3, 'a release without a record has to be recorded');
  await werf(`bundle apply ${first}`);

  t.equal((await werf(`bundle apply ${repo('bearer')} --tag 1.1.0 ${target}`)).code, 0, 'a token is fetched');
  t.same(status(), ['sh.helm.release.v1.my-app.v1 superseded', 'sh.helm.release.v1.my-app.v2 deployed']);
  t.same(await werf(`bundle apply ${repo('open')} --tag fails ${target}`), {
    code: 1,
    lines: [
      pulled('open', 'fails'),
      `Start ${x}`,
      'Waiting for resources to become ready (0s)',
      'deploy/backend: container backend: waiting: CrashLoopBackOff',
      `Error: release install: failed ${x}: ${executing}: track resource readiness: resource "Deployment/backend" failed: the chart asked for it`,
    ],
  });
  t.same(status().at(-1), 'sh.helm.release.v1.my-app.v3 failed');
  t.same(
    await werf(
      `bundle apply ${repo('open')} --tag prints ${target} --values ${dir}/secret.yaml --releases-history-max 2`,
    ),
    {
      code: 0,
      lines: [
        ...[
          pulled('open', 'prints'),
          `Start ${x}`,
          'Values given (keys only): password, deep.x',
          'password: hunter22',
          'deep:',
          '  x: 2',
          '\u250c Completed operations',
        ],
        ...['\u2502 Update: ConfigMap/werf-stand-in-my-app', '\u2514 Completed operations', '', `Succeeded ${x}`],
      ],
    },
  );
  t.same(
    status(),
    ['sh.helm.release.v1.my-app.v3 failed', 'sh.helm.release.v1.my-app.v4 deployed'],
    'no more than --releases-history-max versions are kept',
  );
  const failures = [
    { given: `${repo('open')} --tag none`, want: `pull bundle: 127.0.0.1:${port}/open/app:none: not found` },
    {
      given: `${repo('open')} --tag image`,
      want:
        `pull bundle: 127.0.0.1:${port}/open/app:image: it is no bundle: config media type ` +
        'application/vnd.oci.image.config.v1+json, not application/vnd.cncf.helm.config.v1+json',
    },
    {
      given: `${repo('basic')} --tag 1.0.0 --docker-config ${dir}/none`,
      want: `pull bundle: 127.0.0.1:${port}/basic/app:1.0.0: unexpected status code 401`,
    },
    {
      given: `${repo('open')} --tag 1.0.0 --values ${dir}/broken.yaml`,
      want: `release install: render chart: values: failed to parse ${dir}/broken.yaml: it is no YAML`,
    },
    {
      given: `${repo('open')} --tag wrong`,
      want:
        'release install: playground.werf.io/behaviour: "explode" is none of oom, fail, template, hook, unready, print-values, half, fail-plan, ' +
        'memory: MEBIBYTES, slow: SECONDS, slow-plan: SECONDS, plan-deletes: KIND/NAME, fail-if: VALUE',
    },
    {
      given: `${repo('open')} --tag 1.0.0 --namespace closed`,
      want:
        "release install: create release namespace: can't apply ConfigMap for locking, and can't apply release namespace (in case " +
        'ConfigMap apply error caused by non-existent namespace): 2 errors occurred:' +
        ['ConfigMap/werf-synchronization', 'Namespace/closed']
          .map(
            (resource) =>
              `\n  * server-side dry-run apply resource "${resource}": server-side apply: ${kindsOf(resource)} is forbidden: ${user} cannot`,
          )
          .join(''),
    },
  ];
  for (const { given, want } of failures) {
    const { code, lines } = await werf(`bundle apply ${target} ${given}`);
    t.same([code, lines.at(-1)], [1, `Error: ${want}`], want);
  }
  const unplanned = await werf(`bundle plan ${target} ${repo('open')} --tag unplanned --exit-code`);
  t.same(
    [unplanned.code, unplanned.lines.at(-1)],
    [1, 'Error: release plan install: build resource infos: the chart asked for it'],
  );
  t.equal((await werf(`bundle apply ${repo('open')} --tag half ${target}`)).code, 0);
  t.equal((await werf(`bundle plan ${repo('open')} --tag half ${target} --exit-code`)).code, 2, 'it does not take');
  t.same(await werf(`dismiss ${target}`), { code: 0, lines: [`Delete ${x}`, `Uninstalled ${x}`] });
  t.same([status(), [...configMaps.keys()]], [[], [LOCKS]]);
  t.same(await werf(`dismiss ${target}`), {
    code: 0,
    lines: [`Delete ${x}`, `Skipped ${x} uninstall: no release found`],
  });
  t.same(await werf('dismiss --release my-app --namespace gone'), {
    code: 0,
    lines: ['Skipped release "my-app" uninstall: no release namespace "gone" found'],
  });
  t.same(
    await werf('dismiss --release my-app --namespace closed'),
    {
      code: 1,
      lines: [
        'Error: release uninstall: check release namespace existence: get release namespace: get resource "Namespace/closed": ' +
          `namespaces is forbidden: ${user} cannot`,
      ],
    },
    'without get on namespaces nothing is uninstalled',
  );

  const locks = (annotations: Readonly<Record<string, string>>) =>
    configMaps.set(LOCKS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'prod', name: LOCKS, annotations },
    });
  const lockUntil = (expiresAt: string) =>
    locks({ [lockAnnotation('my-app')]: JSON.stringify({ id: 'another', expiresAt }) });
  lockUntil('1970-01-01T00:00:01.000Z');
  const waiting = werf(`dismiss ${target}`);
  t.equal(
    await Promise.race([waiting, sleep(600, 'waits')]),
    'waits',
    'a release that another Job changes is waited for',
  );
  locks({});
  t.same((await waiting).lines, [
    ...[`Delete ${x}`, 'Waiting for locked "release/my-app"', `Skipped ${x} uninstall: no release found`],
  ]);
  lockUntil('1969-12-31T23:59:59.000Z');
  const dismissed = await werf(`dismiss ${target}`);
  t.same(
    dismissed.lines,
    [`Delete ${x}`, `Skipped ${x} uninstall: no release found`],
    'a killed Job does not wedge later ones',
  );
  t.same(configMaps.get(LOCKS)?.metadata.annotations, {}, 'and what is held is given back');
  t.same(await werf('version'), { code: 0, lines: ['v3.2.0-stand-in'] });
  t.same(await werf('version', { PLAYGROUND_IMAGE: 'werf:2.77.1' }), { code: 0, lines: ['v2.77.1-stand-in'] });
  t.same(
    await werf(`bundle plan ${target} --repo r/a`, { PLAYGROUND_IMAGE: 'werf:2.52.0' }),
    { code: 1, lines: ['Error: unknown command "plan" for "werf bundle"'] },
    'which came with 2.53',
  );

  const file = join(dir, 'plan.gz');
  const WERF_SECRET_KEY = 'f00dfeed'.repeat(8);
  const plan = (tag: string, more: Readonly<Record<string, string>> = { WERF_SECRET_KEY }) =>
    werf(
      `bundle plan ${repo('open')} --tag ${tag} ${target} --values ${dir}/secret.yaml --exit-code --save-plan=${file}`,
      more,
    );
  const use = (more: Readonly<Record<string, string>> = { WERF_SECRET_KEY }) =>
    werf(`bundle apply --use-plan=${file} --releases-history-max 5`, more);
  const saved = () => JSON.parse(gunzipSync(readFileSync(file)).toString()) as Readonly<Record<string, unknown>>;
  t.equal((await plan('1.0.0', {})).code, 2);
  t.match(
    saved(),
    { encrypted: false, release: { name: 'my-app', namespace: 'prod', revision: 1 }, dataRaw: /hunter22/ },
    'without a key the values stand in a saved plan',
  );
  t.equal((await plan('1.0.0')).code, 2);
  t.match(saved(), { encrypted: true, dataRaw: /^1000[0-9a-f]+$/ }, 'with one it is encrypted');
  t.equal(
    (await use({})).lines.at(-1),
    `Error: release install: read plan artifact from ${file}: artifact is encrypted but no secret key provided`,
  );
  t.match(
    (await use({ WERF_SECRET_KEY: 'ab'.repeat(16) })).lines.at(-1),
    'decrypt artifact data: decryption failed: check encryption key and data',
  );
  t.same(await use(), {
    code: 0,
    lines: [
      `Using ${file} plan artifact`,
      `Start ${x}`,
      '\u250c Completed operations',
      ...['\u2502 Create: ConfigMap/werf-stand-in-my-app', '\u2514 Completed operations', '', `Succeeded ${x}`],
    ],
  });
  t.same(status(), ['sh.helm.release.v1.my-app.v1 deployed'], 'release and namespace are those of the plan');
  t.equal(
    (await use()).lines.at(-1),
    'Error: release install: plan artifact release revision mismatch: expected 1, got 2',
    'a plan is used once',
  );
  await plan('1.1.0');
  now = new Date(7_201_000);
  t.equal(
    (await use()).lines.at(-1),
    'Error: release install: validate plan artifact: plan artifact expired: was valid for 2h0m0s until 1970-01-01T02:00:00Z',
  );
  t.equal((await use({ WERF_SECRET_KEY, WERF_PLAN_LIFETIME: '3h' })).code, 0);
  for (const command of ['plan --save-plan', 'apply --use-plan'])
    t.match(
      (await werf(`bundle ${command} ${file}`, { PLAYGROUND_IMAGE: 'werf:2.77.1' })).lines,
      [`Error: unknown flag: ${command.split(' ')[1]}`],
      'which came with 3',
    );
});

t.test('a lock is renewed, and released by its holder', async (t) => {
  t.teardown(() => mock.timers.reset());
  mock.timers.enable({ apis: ['setInterval'] });
  configMaps.clear();
  let now = 0;
  const cluster = {
    ask: async <T>(method: string, path: string, body: object = {}) => {
      const { status, json } = serve(method, new URL(path, 'https://apiserver'), body);
      return status === 404 ? undefined : (json as T);
    },
  };
  const unlock = await lockRelease({
    cluster,
    release: 'my-app',
    namespace: 'prod',
    now: () => new Date(now),
    onWait: () => t.fail('nobody else has it'),
  });
  const holder = () => JSON.parse(configMaps.get(LOCKS)?.metadata.annotations?.[lockAnnotation('my-app')] ?? 'null');
  t.equal(holder()?.expiresAt, '1970-01-01T00:00:10.000Z');
  now = 3_000;
  mock.timers.tick(3_000);
  await sleep(10);
  t.equal(holder()?.expiresAt, '1970-01-01T00:00:13.000Z');
  const another = JSON.stringify({ id: 'another', expiresAt: '1970-01-01T00:01:00.000Z' });
  configMaps.set(LOCKS, {
    metadata: { name: LOCKS, annotations: { [lockAnnotation('my-app')]: another } },
  } as ConfigMap);
  mock.timers.tick(3_000);
  await unlock();
  t.same(holder(), JSON.parse(another), 'one that was lost is another\u2019s');
});
