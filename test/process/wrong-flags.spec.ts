import t from 'tap';
import { type Outcome, validateCommand } from '../../cli/validate/command.js';
import { parseConfig as parseController } from '../../controller/config.js';
import { parseOptions } from '../../playground/options.js';
import { parseConfig as parseReceiver } from '../../receiver/config.js';
import { parseConfig as parseWebhook } from '../../webhook/config.js';

const problemsOf = (parsed: { readonly kind: string; readonly problems?: readonly string[] }): readonly string[] =>
  parsed.problems ?? [parsed.kind];

t.test('all wrong flags of a program are named in one run, those that no kind can tell among them', async (t) => {
  const webhookArgv = ['--nope', '--max-in-flight=x', '--advertise-url=http://h', '--allowed-images=https://x,a b'];
  t.strictSame(
    problemsOf(parseWebhook({ argv: webhookArgv, env: { WERFBUNDLE_ALLOWED_REGISTRIES: 'oci://y' } })),
    [
      '--nope: there is no such flag; --help lists them',
      '--advertise-url: "http://h" must begin with https://: webhooks are called over TLS only',
      '--max-in-flight: "x" is not a whole number from 1 to 10000',
      'WERFBUNDLE_ALLOWED_REGISTRIES: "oci://y": a pattern has no scheme; write for example "ghcr.io/acme"',
      '--allowed-images: "https://x": a pattern has no scheme; write for example "ghcr.io/acme"',
      '--allowed-images: "a b": a pattern begins with a host, for example "ghcr.io/acme" or "*.corp.example"',
    ],
    'the webhook',
  );
  const argv = [
    '--wrokers=3',
    '--watch-namespaces=A',
    '--watch-label-selector==',
    '--werf-version=latest',
    '--deny-networks=x',
  ];
  t.strictSame(
    problemsOf(parseController(argv, { HTTPS_PROXY: 'ftp://proxy' })).map((line) => line.replace(/[:;] .*/, '')),
    ['--wrokers', '--watch-namespaces', '--watch-label-selector', '--werf-version', '--deny-networks', 'HTTPS_PROXY'],
    'the controller',
  );
  t.strictSame(
    problemsOf(parseOptions(['--onec', '--kubernetes=1.29.1', '--time-scale=0'])),
    [
      '--onec: there is no such flag; did you mean --once?',
      '--kubernetes: "1.29.1" is too old: 1.30 is the oldest that serves',
      '--time-scale: "0" is not a number from 1 to 1000',
    ],
    'the playground',
  );
  const ended: Outcome[] = [];
  const words = [
    'a.yaml',
    '--nope',
    '--namespce=x',
    '-o',
    'xml',
    '--context=a',
    '-n',
    'A',
    '--allowed-images=https://x',
  ];
  await validateCommand((outcome) => ended.push(outcome), '1.2.3').parseAsync(words, { from: 'user' });
  t.strictSame(
    ended,
    [
      {
        stdout: '',
        stderr: `werfbundle: --nope: there is no such option; --help lists them
werfbundle: --namespce=x: there is no such option; did you mean --namespace?
werfbundle: --output: "xml" is none of text, json, github, sarif, junit
werfbundle: --allowed-images: "https://x": a pattern has no scheme; write for example "ghcr.io/acme"
werfbundle: --context: only with --cluster
werfbundle: --namespace: "A" is no name of a namespace
`,
        exitCode: 2,
      },
    ],
    'the command line',
  );
});

t.test('the playground names the variables that it reads in its help', (t) => {
  const parsed = parseOptions(['--help']);
  const text = parsed.kind === 'help' ? parsed.text : '';
  for (const name of [
    'KUBEBUILDER_ASSETS',
    'WERFBUNDLE_CACHE',
    'WERFBUNDLE_WERF',
    'KUBECONFIG',
    'NO_COLOR',
    'HTTPS_PROXY',
  ])
    t.match(text, new RegExp(`^ {2}${name}\n {6}\\S`, 'm'), name);
  t.end();
});

t.test('each program’s help is broken between words at the width of a terminal, and nowhere without one', async (t) => {
  const programs: Readonly<Record<string, (columns: number | undefined) => { readonly kind: string }>> = {
    webhook: (columns) => parseWebhook({ argv: ['--help'], env: {}, columns }),
    controller: (columns) => parseController(['--help'], {}, columns),
    receiver: (columns) => parseReceiver({ argv: ['--help'], env: {}, columns }),
    playground: (columns) => parseOptions(['--help'], columns),
  };
  const textOf = (parsed: { readonly kind: string; readonly text?: string }): string => parsed.text ?? parsed.kind;
  for (const [name, parse] of Object.entries(programs)) {
    const whole = textOf(parse(undefined));
    for (const columns of [60, 40]) {
      const text = textOf(parse(columns));
      const long = text.split('\n').filter((line) => [...line].length > columns && /\S \S/.test(line));
      t.strictSame(long, [], `${name}, ${columns} columns`);
      t.equal(text.replace(/\s+/g, ' '), whole.replace(/\s+/g, ' '), `${name}: the same words`);
    }
    t.equal(textOf(parse(10)), textOf(parse(40)), `${name}: no narrower than that`);
    t.match(textOf(parse(60)), /\n {6}\S.*\n {6}\S/, `${name}: what belongs to a flag stands below it`);
    t.ok(Math.max(...whole.split('\n').map((line) => line.length)) > 120, `${name}: a paragraph is a line elsewhere`);
  }
});
