import t from 'tap';
import { Screen } from '../../playground/screen/screen.js';
import { isHeader } from '../../playground/screen/table.js';

/** What is on a screen of so many columns. */
const shown = (columns: number, show: (screen: Screen) => void): readonly string[] => {
  let text = '';
  const write = (part: string) => {
    text += part;
  };
  show(new Screen(write, () => columns));
  return text.replace(/\n$/, '').split('\n');
};

t.test('what is longer than a line is broken between words', async (t) => {
  const said = 'the registry is at 127.0.0.1:5000 and open to all';
  t.strictSame(
    shown(40, (screen) => screen.say(said)),
    ['- the registry is at 127.0.0.1:5000 and', '  open to all'],
  );
  t.strictSame(
    shown(Number.POSITIVE_INFINITY, (screen) => screen.say(said)),
    [`- ${said}`],
    'a file has lines of any length',
  );
  t.strictSame(
    shown(30, (screen) => screen.kept('see /tmp/a-folder-with-a-very-long-name/file for more')),
    ['✓ see', '  /tmp/a-folder-with-a-very-long-name/file', '  for more'],
    'a word is never broken',
  );
  t.strictSame(
    shown(30, (screen) => screen.heading('A registry that goes away, and is back')),
    ['', '== A registry that goes away,', '   and is back'],
  );
  t.strictSame(
    shown(30, (screen) =>
      screen.output(
        'The bundle is invalid:\n* spec.a: a unit is missing, say 15m\n    deep is deep, very deep, so deep',
      ),
    ),
    [
      '  The bundle is invalid:',
      '  * spec.a: a unit is missing,',
      '    say 15m',
      '      deep is deep, very deep,',
      '        so deep',
    ],
    'what follows a beginning stands deeper',
  );
});

t.test('a command is broken as a shell reads it on', async (t) => {
  const words = ['kubectl', 'patch', 'wb', 'shop', '-n', 'demo', '-p', '{"a": "it\'s"}'];
  t.strictSame(
    shown(33, (screen) => screen.command(words)),
    ['$ kubectl patch wb shop -n demo \\', `    -p '{"a": "it'\\''s"}'`],
  );
  t.strictSame(
    shown(30, (screen) => screen.toPaste(['export', 'A=b', 'PATH=/tmp/bin:$PATH', 'C=d'])),
    ['    export A=b \\', '      PATH=/tmp/bin:$PATH C=d'],
    'what is for a shell stays as it is',
  );
});

/** A table as kubectl prints it. */
const HEADER = 'NAME     PHASE    TAG      SUSPENDED   MESSAGE                                                  AGE';
const HUNGRY = 'hungry   Failed                        pod failed with OOMKilled: memory limit 256Mi; set it to   3s';
const SHOP = 'shop     Synced   v1.0.0               deployed v1.0.0                                            12s';

t.test('a table that is too wide has its texts broken in their column', async (t) => {
  t.strictSame(
    shown(80, (screen) => screen.output(`${HEADER}\n${HUNGRY}\n${SHOP}\n\nNAME   DATA\na      1\n`)),
    [
      '  NAME     PHASE    TAG      SUSPENDED   MESSAGE                             AGE',
      '  hungry   Failed                        pod failed with OOMKilled: memory   3s',
      '                                         limit 256Mi; set it to',
      '  shop     Synced   v1.0.0               deployed v1.0.0                     12s',
      '  ',
      '  NAME   DATA',
      '  a      1',
    ],
  );
  t.strictSame(
    shown(64, (screen) => screen.output(`${HEADER}\n${HUNGRY}`)),
    [
      '  NAME     PHASE    TAG      SUSPENDED   MESSAGE             AGE',
      '  hungry   Failed                                            3s',
      '      pod failed with OOMKilled: memory limit 256Mi; set it to',
    ],
    'or below their row, if the column is too narrow',
  );
  t.strictSame(
    shown(120, (screen) => screen.output(`${HEADER}\n${HUNGRY}`)),
    [`  ${HEADER}`, `  ${HUNGRY}`],
    'and is left alone where there is room',
  );
});

t.test('a table whose rows come one by one grows as they need it', async (t) => {
  const rows = [
    'NAME   PHASE     TAG   SUSPENDED   MESSAGE   AGE',
    'shop   Syncing                     deploying v1.0.0 (NewTag), which takes a while as it seems   0s',
    'shop   Synced    v1.0.0               deployed v1.0.0 to namespace demo                                1s',
  ];
  t.strictSame(
    shown(72, (screen) => {
      const follow = screen.following();
      for (const row of rows) follow(row);
    }),
    [
      '  NAME   PHASE     TAG   SUSPENDED   MESSAGE   AGE',
      '  shop   Syncing                     deploying v1.0.0 (NewTag),      0s',
      '                                     which takes a while as it',
      '                                     seems',
      '  shop   Synced    v1.0.0               deployed v1.0.0 to           1s',
      '                                        namespace demo',
    ],
  );
  t.strictSame(
    shown(Number.POSITIVE_INFINITY, (screen) => {
      const follow = screen.following();
      for (const row of rows) follow(row);
    }),
    rows.map((row) => `  ${row}`),
    'in a file it is as kubectl prints it',
  );
});

t.test('a cell that is wider than its column moves what follows, by however little', async (t) => {
  const rows = [
    'NAME   READY   SUSPENDED   PHASE    TAG      AGE   MESSAGE',
    'shop   True                Synced   v1.0.0   6s    deployed v1.0.0',
    'shop   Unknown               Syncing   v1.0.0   9s    deploying v1.1.0 (NewTag)',
    'shop   True                  Synced    v1.1.0   10s   deployed v1.1.0',
    'shop   Unknown               Syncing   v1.10.0-rc   100s   deploying v1.10.0-rc',
  ];
  t.strictSame(
    shown(200, (screen) => {
      const follow = screen.following();
      for (const row of rows) follow(row);
    }),
    rows.map((row) => `  ${row}`),
    'it is laid out as kubectl does it',
  );
});

t.test('a table is known by its header', async (t) => {
  for (const line of ['NAME   DATA   AGE', 'LAST SEEN   TYPE', 'NAME     READY   UP-TO-DATE   AGE '])
    t.ok(isHeader(line), line);
  for (const line of ['NAME', 'NAME and more', 'Warning: x   y', '', 'a   b']) t.notOk(isHeader(line), line);
});
