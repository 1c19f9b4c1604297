import t from 'tap';
import { parseCommandLine } from '../../playground/werf-stand-in/command-line.js';
import { findCredential } from '../../playground/werf-stand-in/docker-config.js';
import { mergedValues } from '../../playground/werf-stand-in/release-values.js';
import { addSet } from '../../playground/werf-stand-in/strvals.js';
import type { Values } from '../../playground/werf-stand-in/values.js';

const at = (words: string) => parseCommandLine(words.split(' ').filter(Boolean), {});
const apply = 'bundle apply --repo r.example.com/app';

t.test('the command line is refused in the words of werf and cobra', async (t) => {
  const table = [
    { given: `${apply} --log-color=off --release x`, want: 'unknown flag: --log-color' },
    { given: `${apply} --release x --exit-code`, want: 'unknown flag: --exit-code' },
    { given: 'bundle plan --repo r/a --release x --timeout 5', want: 'unknown flag: --timeout' },
    { given: 'dismiss --tag 1', want: 'unknown flag: --tag' },
    { given: `${apply} -x`, want: "unknown shorthand flag: 'x' in -x" },
    { given: apply, want: 'get release name: --release=RELEASE param required' },
    { given: 'bundle apply --release x', want: 'get repo address: --repo REPO required' },
    { given: `${apply} --values`, want: 'flag needs an argument: --values' },
    { given: `${apply} surplus`, want: 'accepts 0 arg(s), received 1' },
    {
      given: `${apply} --timeout 5m`,
      want: 'invalid argument "5m" for "--timeout" flag: strconv.ParseInt: parsing "5m": invalid syntax',
    },
    {
      given: `${apply} --auto-rollback=yes`,
      want: 'invalid argument "yes" for "--auto-rollback" flag: strconv.ParseBool: parsing "yes": invalid syntax',
    },
    {
      given: `${apply} --release x --log-color-mode=never`,
      want: 'bad log color mode "never": auto, on, off are supported',
    },
    { given: 'bundle publish', want: 'unknown command "publish" for "werf bundle"' },
    { given: '--bad', want: 'unknown flag: --bad' },
    { given: 'converge', want: 'unknown command "converge" for "werf"' },
    {
      given: 'dismiss --release x',
      want: '--release specified, but not --namespace, while should be specified both or none',
    },
  ];
  for (const { given, want } of table) t.same(at(given), { kind: 'refused', message: want }, given);
});

t.test('the command line of a deploy Job is read, with defaults', async (t) => {
  const values = { json: [], set: [], setString: [], setFile: [], setLiteral: [] };
  t.same(
    at(
      `${apply} --tag 1.0 --release x --namespace y --values /a --values=/b --set-string k=v --timeout 60 --auto-rollback ` +
        '--releases-history-max 3 --log-color-mode=off --log-pretty=false --log-terminal-width=200 --docker-config /d ' +
        '--insecure-registry --no-create-namespace --env prod',
    ),
    {
      kind: 'apply',
      bundle: { repo: 'r.example.com/app', tag: '1.0', dockerConfig: '/d', insecure: true, skipTlsVerify: false },
      values: { ...values, files: ['/a', '/b'], setString: ['k=v'] },
      release: 'x',
      namespace: 'y',
      historyMax: 3,
      timeoutS: 60,
      autoRollback: true,
      planLifetimeMs: 7_200_000,
    },
  );
  const environment = { HOME: '/h', WERF_TAG: '2', WERF_SET_X: 'a=1', WERF_SET_STRING_X: 'b=2', DOCKER_CONFIG: '/c' };
  t.same(
    parseCommandLine(['bundle', 'plan', '--repo', 'r/a', '--release', 'x', '--exit-code'], environment),
    {
      kind: 'plan',
      bundle: { repo: 'r/a', tag: '2', dockerConfig: '/c', insecure: false, skipTlsVerify: false },
      values: { ...values, files: [], set: ['a=1'], setString: ['b=2'] },
      release: 'x',
      namespace: 'default',
      exitCode: true,
    },
    'variables that werf reads stand in for flags',
  );
});

/** One argument → what helm reads under --set, and under --set-string where that differs. */
const SETS: readonly { readonly given: string; readonly set: Values; readonly setString?: Values }[] = [
  { given: 'a=1', set: { a: 1 }, setString: { a: '1' } },
  { given: 'a=true,b=False', set: { a: true, b: false }, setString: { a: 'true', b: 'False' } },
  { given: 'a=null,b=NULL', set: { a: null, b: null }, setString: { a: 'null', b: 'NULL' } },
  { given: 'a=3,b=+5,c=-7', set: { a: 3, b: 5, c: -7 }, setString: { a: '3', b: '+5', c: '-7' } },
  { given: 'a=0,b=-0,c=-007', set: { a: 0, b: 0, c: -7 }, setString: { a: '0', b: '-0', c: '-007' } },
  { given: 'a=007,b=1.5,c=1e3,d=0x1f,e=1_000', set: { a: '007', b: '1.5', c: '1e3', d: '0x1f', e: '1_000' } },
  { given: 'a=9223372036854775808', set: { a: '9223372036854775808' } },
  { given: 'a=9007199254740991', set: { a: 9007199254740991 }, setString: { a: '9007199254740991' } },
  { given: 'a.b.c=x,a.d=y', set: { a: { b: { c: 'x' }, d: 'y' } } },
  { given: 'a\\.b\\,c\\=d\\[0]\\\\=x', set: { 'a.b,c=d[0]\\': 'x' } },
  { given: 'a=b\\,c=d\\\\', set: { a: 'b,c=d\\' } },
  { given: 'a=b.c[0]}', set: { a: 'b.c[0]}' } },
  { given: 'a= x ', set: { a: ' x ' } },
  { given: 'a=\n\r"\'', set: { a: '\n\r"\'' } },
  { given: 'a=x\\', set: { a: 'x' } },
  { given: 'a=', set: { a: '' } },
  { given: 'a=,b=', set: { a: '', b: '' } },
  { given: '', set: {} },
  { given: 'a=1,', set: { a: 1 }, setString: { a: '1' } },
  { given: '=1,.a=1', set: {} },
  { given: 'a=1,a=2', set: { a: 2 }, setString: { a: '2' } },
  { given: 'a.b=x,a=y', set: { a: 'y' } },
  { given: 'a={}', set: { a: [''] } },
  { given: 'a={1,x,null},b=y', set: { a: [1, 'x', null], b: 'y' }, setString: { a: ['1', 'x', 'null'], b: 'y' } },
  { given: 'a={b\\,c,d\\}}', set: { a: ['b,c', 'd}'] } },
  { given: 'a=\\{b}', set: { a: '{b}' } },
  { given: 'l[2]=x', set: { l: [null, null, 'x'] } },
  { given: 'l[0]=x,l[1]=y,l[0]=z', set: { l: ['z', 'y'] } },
  { given: 'l[0].a=x,l[0].b=y,l[1].a=z', set: { l: [{ a: 'x', b: 'y' }, { a: 'z' }] } },
  { given: 'l[1][0]=x,l[1][1]={y}', set: { l: [null, ['x', ['y']]] } },
  { given: 'l[0]=x,l[0].a=y', set: { l: [{ a: 'y' }] } },
  { given: 'l[0]', set: { l: [] } },
  { given: 'l[0]=', set: { l: [''] } },
  { given: `${'a.'.repeat(30)}a=x`, set: JSON.parse(`${'{"a":'.repeat(31)}"x"${'}'.repeat(31)}`) as Values },
  { given: '__proto__=x', set: JSON.parse('{"__proto__":"x"}') as Values },
  { given: '__proto__.x=y', set: JSON.parse('{"__proto__":{"x":"y"}}') as Values },
];

const NOT_A_MAP = (type: string) =>
  `unable to parse key: interface conversion: interface {} is ${type}, not map[string]interface {}`;

/** One argument → helm's words. */
const REFUSED_SETS: readonly (readonly [given: string, message: string])[] = [
  ['a', 'key "a" has no value'],
  ['a.b', 'key "b" has no value'],
  ['a=1,b', 'key "b" has no value'],
  ['a,b=1', 'key "a" has no value (cannot end with ,)'],
  ['a.=x', 'key map "a" has no value'],
  ['a={', "list must terminate with '}'"],
  ['a={1,2', "list must terminate with '}'"],
  ['a={1}x', 'key "x" has no value'],
  ['a=1,a.b=2', NOT_A_MAP('int64')],
  ['a=null,a.b=2', NOT_A_MAP('nil')],
  ['a=x,a.b=2', NOT_A_MAP('string')],
  ['a=true,a.b=2', NOT_A_MAP('bool')],
  ['a={1},a.b=2', NOT_A_MAP('[]interface {}')],
  [
    'a.b=1,a[0]=2',
    'unable to parse key: interface conversion: interface {} is map[string]interface {}, not []interface {}',
  ],
  ['l[0]=x,l[0][0]=y', 'unable to parse key: interface conversion: interface {} is string, not []interface {}'],
  ['l[65537]=x', 'index of 65537 is greater than maximum supported index of 65536'],
  ['l[-1]=x', 'negative -1 index not allowed'],
  ['l[x]=1', 'error parsing index: strconv.Atoi: parsing "x": invalid syntax'],
  ['l[0', 'error parsing index: EOF'],
  ['l[0]bc=1', "unexpected data at end of array index: ['b' 'c']"],
  [`${'a.'.repeat(31)}a=x`, 'value name nested level is greater than maximum supported nested level of 30'],
];

t.test('--set and --set-string mean what helm makes of them', async (t) => {
  for (const { given, set, setString = set } of SETS) {
    t.strictSame([addSet({}, given, 'set'), addSet({}, given, 'set-string')], [set, setString], JSON.stringify(given));
  }
  for (const [given, words] of REFUSED_SETS) {
    const message = `failed parsing --set data: ${words}`;
    t.throws(() => addSet({}, given, 'set'), { name: 'ValuesError', message }, given);
  }
  t.throws(() => addSet({}, 'a=9007199254740993', 'set'), { message: /the stand-in can't hold so large an integer/ });
  const before = { a: { b: [1] }, c: 'x' };
  t.strictSame(addSet(before, 'a.b[1]=2', 'set'), { a: { b: [1, 2] }, c: 'x' }, 'what was there is added to');
  t.strictSame(before, { a: { b: [1] }, c: 'x' }, '... and not changed');
});

t.test('files come before --set, and --set before --set-string', async (t) => {
  const files = [{ a: { b: 1, c: [1, 2], d: 4 }, e: null }, { a: { c: [3], d: null } }];
  t.strictSame(mergedValues(files, { set: ['a.d=x,f=1'], setString: ['f=2', 'a.b=3'] }), {
    a: { b: '3', c: [3], d: 'x' },
    e: null,
    f: '2',
  });
  const message = `failed parsing --set data: ${NOT_A_MAP('nil')}`;
  t.throws(() => mergedValues(files, { set: ['e.x=1'], setString: [] }), { message }, 'no name goes through a value');
});

t.test('a docker config entry fits its host, and a path on a boundary', async (t) => {
  const auth = (user: string) => ({ auth: Buffer.from(`${user}:p:w`).toString('base64') });
  const config = { auths: { 'https://r.example.com/v1/': auth('host'), 'r.example.com/org/app': auth('path') } };
  const user = (repository: string) => findCredential(config, 'r.example.com', repository)?.username;
  t.same([user('org/app'), user('org/app2'), user('org/app/x')], ['path', 'host', 'path']);
  t.equal(findCredential(config, 'r.example.com:5000', 'org/app'), undefined);
  t.same(findCredential(config, 'r.example.com', 'x'), { username: 'host', password: 'p:w' });
});
