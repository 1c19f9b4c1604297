import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import { demoChart, type Fate } from '../../playground/werf/charts.js';
import { findWerf, tellWerf } from '../../playground/werf/find.js';
import { behavioursOf } from '../../playground/werf-stand-in/behaviour.js';

/** A program that says it is werf. */
const program = (file: string, text: string): string => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
};
const { signal } = new AbortController();

/** What `tuf.werf.io` would answer. */
const releaseServer = async (t: Test, files: Readonly<Record<string, string>>) => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const body = files[request.url ?? ''];
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
};

t.test('a werf that is named is used, then one on the PATH, then an earlier download, else the stand-in', async (t) => {
  const dir = t.testdir({});
  const named = program(join(dir, 'named'), 'echo v3.2.0');
  const other = program(join(dir, 'other'), 'echo v2.77.1');
  const onPath = program(join(dir, 'path', 'werf'), 'echo 3.1.0');
  const cached = program(join(dir, 'cache', 'release', 'werf-3.2.0', 'werf'), 'echo v3.2.0');
  const broken = program(join(dir, 'broken', 'werf'), 'echo "no such option" >&2; exit 1');
  const odd = program(join(dir, 'odd', 'werf'), 'echo I am a wolf');
  const all = { WERFBUNDLE_WERF: other, PATH: join(dir, 'path'), WERFBUNDLE_CACHE: join(dir, 'cache') };
  const said: string[] = [];
  const find = (env: Readonly<Record<string, string>>, given?: string) =>
    findWerf({ env, given, signal, download: false, say: (line) => said.push(line) });
  t.same(await find(all, named), { kind: 'real', program: named, version: '3.2.0', by: '--werf' });
  t.same(await find(all), { kind: 'real', program: other, version: '2.77.1', by: '$WERFBUNDLE_WERF' });
  t.same(await find({ ...all, WERFBUNDLE_WERF: '' }), { kind: 'real', program: onPath, version: '3.1.0', by: 'PATH' });
  const bad = [join(dir, 'broken'), join(dir, 'odd')].join(':');
  t.same(await find({ ...all, WERFBUNDLE_WERF: '', PATH: join(dir, 'odd') }), {
    kind: 'real',
    program: cached,
    version: '3.2.0',
    by: 'an earlier download',
  });
  t.same(said, [`${odd} is passed over: "${odd} version" says no version`], 'what is only found may be none');
  const none = await find({ PATH: bad, WERFBUNDLE_CACHE: join(dir, 'nowhere') });
  t.equal(
    tellWerf(none),
    'a stand-in, which deploys no chart: no werf is on this machine (--werf, $WERFBUNDLE_WERF, PATH)',
  );
  t.equal(tellWerf(await find(all, named)), `3.2.0 (${named}, by --werf)`);
  const mistake = (finding: Promise<unknown>) => finding.catch(({ lines }: { lines: readonly string[] }) => lines[0]);
  t.match(
    await mistake(find(all, broken)),
    `--werf: ${broken} is no werf: Command failed`,
    'what is named has to be one',
  );
  t.match(await mistake(find({ WERFBUNDLE_WERF: join(dir, 'nothing') })), /^\$WERFBUNDLE_WERF: .*ENOENT/);
});

t.test('its release is downloaded, if it is what is published', async (t) => {
  const platform = process.arch === 'arm64' ? 'linux-arm64' : 'linux-amd64';
  const path = `releases/3.2.0/${platform}/bin/werf`;
  const binary = '#!/bin/sh\necho v3.2.0\n';
  const targets = (content: string) =>
    JSON.stringify({
      signed: { targets: { [path]: { hashes: { sha512: createHash('sha512').update(content).digest('hex') } } } },
    });
  const dir = t.testdir({});
  const find = async (name: string, files: Readonly<Record<string, string>>) => {
    const { base, asked } = await releaseServer(t, files);
    const env = { PATH: '', WERFBUNDLE_CACHE: join(dir, name) };
    const release = { version: '3.2.0', base };
    const found = await findWerf({ env, signal, download: true, say: (line) => t.comment(line), release });
    return { found, asked, base };
  };
  const whole = { '/targets.json': targets(binary), [`/targets/${path}`]: binary };
  const file = (name: string) => join(dir, name, 'release', 'werf-3.2.0', 'werf');
  t.same((await find('good', whole)).found, {
    kind: 'real',
    program: file('good'),
    version: '3.2.0',
    by: 'a download',
  });
  const again = await find('good', whole);
  t.match(again, { found: { by: 'an earlier download' }, asked: [] });

  const forged = await find('forged', { ...whole, [`/targets/${path}`]: '#!/bin/sh\necho v3.2.0 # forged\n' });
  t.match(forged.found, { kind: 'stand-in', why: /is not what is published; not used$/ });
  t.same(readdirSync(dirname(file('forged'))), [], 'nothing of it is left');
  const unknown = await find('unknown', { '/targets.json': '{}' });
  t.match(unknown.found, { why: `no werf is on this machine, and ${unknown.base} publishes no hash of ${path}` });
  const absent = await find('absent', {});
  t.match(absent.found, { why: /can't be used: the server answered 404$/ });
  t.notOk(existsSync(file('absent')));
});

t.test('each chart of the playground means the same to the stand-in as its templates do to werf', (t) => {
  const fates: readonly Fate[] = ['deployed', 'template', 'hook', 'unready', 'oom'];
  for (const fate of fates) {
    const { files } = demoChart({ name: 'demo', version: '1.0.0', fate });
    const { annotations = {} } = parse(files['Chart.yaml'] ?? '') as { annotations?: Readonly<Record<string, string>> };
    const told = fate === 'oom' ? { kind: 'memory', mebibytes: 280 } : { kind: fate };
    t.same(behavioursOf(annotations), fate === 'deployed' ? [] : [told], fate);
    t.ok(Object.keys(files).filter((file) => file.startsWith('templates/')).length >= 2, 'and there are templates');
  }
  t.end();
});
