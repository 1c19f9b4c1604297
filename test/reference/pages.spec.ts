import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import * as annotations from '../../api/annotations.js';
import { REASONS } from '../../api/reasons.js';
import { COMMANDS } from '../../cli/commands.js';
import { referencePages } from '../../reference/pages.js';

const ROOT = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const made = async () =>
  referencePages(parse(read('manifests/crd/werfbundles.werf.io.yaml'), { merge: true }) as never);

/** First cells of the rows below a heading, without backticks. */
const namesBelow = (text: string, heading: string): readonly string[] => {
  const part = text.split(/^## /m).find((other) => other.startsWith(`${heading}\n`)) ?? '';
  return [...part.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = '']) => name);
};

t.test('the pages of the reference are those that the code makes now', async (t) => {
  const pages = await made();
  const there = readdirSync(join(ROOT, 'docs/reference')).map((file) => `docs/reference/${file}`);
  t.strictSame(Object.fromEntries(there.map((file) => [file, read(file)])), pages);
});

t.test('a field that the CRD does not describe is refused', async (t) => {
  const root = { properties: { spec: { properties: { tag: { type: 'string' } } }, status: {} } };
  const crd = { spec: { versions: [{ schema: { openAPIV3Schema: root } }] } };
  await t.rejects(referencePages(crd), { message: 'the CRD has no description of spec.tag' });
});

t.test('each annotation that a bundle is asked something by is in the reference', async (t) => {
  const names = Object.values<string>(annotations).filter((name) => !name.endsWith('/'));
  const listed = namesBelow((await made())['docs/reference/annotations.md'] ?? '', 'Annotations that you write');
  t.strictSame(
    names.filter((name) => !listed.includes(name)),
    [],
  );
});

t.test('each command has a heading, each reason a row', async (t) => {
  const pages = await made();
  const headings = [...(pages['docs/reference/commands.md'] ?? '').matchAll(/^## (\S+)$/gm)].map(([, name]) => name);
  t.strictSame(headings, Object.keys(COMMANDS));
  t.strictSame(namesBelow(pages['docs/reference/reasons.md'] ?? '', 'Reasons, and what to do'), Object.keys(REASONS));
});

t.test('each flag has its variable and its default', async (t) => {
  const flags = (await made())['docs/reference/flags.md'] ?? '';
  t.match(flags, /^\| `--workers` \| `WERFBUNDLE_WORKERS` \| integer, 1 to 256 \| `8` \| How many bundles/m);
  t.match(flags, /^\| `--once` \| `true`, `false` \| `false` \| Shows everything once/m);
});

t.test('a metric has its type, and the values that its labels have from the start', async (t) => {
  t.match(
    (await made())['docs/reference/metrics.md'],
    /^\| `werfbundle_jobs_total` \| counter \| `result`: `Succeeded`, `Failed`, `Lost`, `Refused` \| \S/m,
  );
});
