import { spawnSync } from 'node:child_process';
import t from 'tap';
import { manifestsIn, textAt } from '../../cli/validate/manifests.js';
import { binariesOfThisRun } from '../kit/cluster.js';

// How a file is taken apart into objects, by kubectl itself and by the command line: what kubectl refuses, or drops without a word, is
// refused; all else is read alike.

const { kubectl } = await binariesOfThisRun();
const dir = t.testdir({});

/** Names that kubectl reads of a file; undefined if it refuses it. It asks no server for that. */
const readByKubectl = (text: string): readonly string[] | undefined => {
  const args = ['annotate', '--local', '-f', '-', 'a=b', '-o', 'jsonpath={.metadata.name}{"\\n"}'];
  const { status, stdout } = spawnSync(kubectl, args, {
    input: text,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: dir },
  });
  return status === 0 ? stdout.split('\n').filter((line) => line !== '') : undefined;
};

const readHere = (text: string): readonly string[] | undefined => {
  const { objects, unreadable } = manifestsIn({ name: 'f', text, found: false });
  return unreadable.length > 0 ? undefined : objects.map((object) => textAt(object, 'metadata', 'name'));
};

const json = (name: string): string => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
const yaml = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;
const flow = (name: string): string => `{apiVersion: v1, kind: ConfigMap, metadata: {name: ${name}}}\n`;
const [a, b, c] = [json('a'), json('b'), json('c')];

/** What is read of each text; undefined: it is refused. `dropped`: kubectl applies a part of it, and says nothing of the rest. */
const rows: readonly { text: string; want: readonly string[] | undefined; dropped?: true }[] = [
  { text: a + b, want: ['a', 'b'] },
  { text: `\n${a}\n${b}\n${c}\n`, want: ['a', 'b', 'c'] },
  { text: `${a}\n---\n${b}\n`, want: ['a', 'b'] },
  { text: `---\n${a}\n---\n${b}\n`, want: ['a', 'b'] },
  { text: `${a}\n${yaml('b')}`, want: ['a', 'b'] },
  { text: `${a}\n---\n${yaml('b')}---\n${flow('c')}`, want: ['a', 'b', 'c'] },
  { text: `${a}${b}\n---\n${yaml('c')}`, want: undefined },
  { text: `${a}${b}\n${yaml('c')}`, want: undefined },
  { text: `${a}\n---\n${b}\n---\n${yaml('c')}`, want: ['a', 'b', 'c'] },
  { text: `${a},${b}`, want: undefined },
  { text: a.slice(0, -1), want: undefined },
  { text: `${a}\n---\n${b}${c}\n`, want: undefined, dropped: true },
  { text: `${yaml('a')}---\n${b}${c}\n`, want: undefined, dropped: true },
  { text: `# comment\n${a}\n${b}\n`, want: undefined, dropped: true },
  { text: `${flow('a')}${flow('b')}`, want: undefined, dropped: true },
  { text: `${yaml('a')}...\n${yaml('b')}`, want: undefined, dropped: true },
  { text: `${yaml('a')}...\n---\n${yaml('b')}`, want: ['a', 'b'] },
  { text: `--- # comment\n${yaml('a')}---\n# nothing\n---\n`, want: ['a'] },
  { text: `%YAML 1.1\n---\n${yaml('a')}`, want: undefined },
  { text: `%YAML 1.2\n---\n${yaml('a')}`, want: undefined },
  { text: `%TAG ! tag:x,2026:\n---\n${yaml('a')}`, want: undefined },
  { text: `--- ${flow('a')}`, want: undefined },
  { text: `${yaml('a')}--- !x\n${yaml('b')}`, want: undefined },
];

t.test('a file is taken apart as kubectl does it, or refused', (t) => {
  for (const { text, want, dropped } of rows) {
    t.strictSame(readHere(text), want, text);
    const byKubectl = readByKubectl(text);
    if (dropped === true) t.ok(byKubectl !== undefined && byKubectl.length > 0, `kubectl reads a part of ${text}`);
    else t.strictSame(byKubectl, want, `kubectl: ${text}`);
  }
  t.end();
});
