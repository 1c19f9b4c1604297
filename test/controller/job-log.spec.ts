import t from 'tap';
import { LOG_TAIL_BYTES, lastErrorLine, logTail, plainLog } from '../../controller/deploy/log-tail.js';
import { type PlanFinding, planFinding } from '../../controller/deploy/plan-summary.js';
import { redact } from '../../controller/deploy/redact.js';

t.test('of a log its end is kept: whole lines of plain text, at most 5,120 bytes', (t) => {
  const lines = Array.from({ length: 2_000 }, (_, n) => `line ${n} ✓`);
  const tail = logTail(`${lines.join('\n')}\n`);
  t.ok(
    Buffer.byteLength(tail) <= LOG_TAIL_BYTES && Buffer.byteLength(tail) > LOG_TAIL_BYTES - 20,
    `${Buffer.byteLength(tail)} bytes`,
  );
  t.match(tail, /^line \d+ ✓\n/, 'begins with a line');
  t.ok(tail.endsWith('line 1999 ✓'), 'ends with the last');
  const exact = `${'a'.repeat(10)}\n${'b'.repeat(LOG_TAIL_BYTES)}`;
  t.equal(logTail(exact), 'b'.repeat(LOG_TAIL_BYTES), 'a line that just fits is whole');
  t.equal(
    logTail(`x${'é'.repeat(LOG_TAIL_BYTES)}`),
    'é'.repeat(LOG_TAIL_BYTES / 2),
    'of a longer one its end, no character cut',
  );
  t.equal(logTail(`${'é'.repeat(LOG_TAIL_BYTES)}x`), `${'é'.repeat(LOG_TAIL_BYTES / 2 - 1)}x`);
  t.equal(logTail(''), '');
  t.equal(
    plainLog('\u001b[31mred\u001b[0m \u001b]0;title\u0007x\r\ny\u0000\tz\r\n 1%\r 50%\r100%\nlast\r'),
    'red x\ny\tz\n100%\nlast',
    'nothing for terminals',
  );
  t.end();
});

t.test("werf's last error is found, with its cause, and told in one line", (t) => {
  const template = 'Error: release install: render chart: template: error rendering chart templates: render: ';
  const forbidden = (verb: string) =>
    `server-side dry-run apply resource "ConfigMap/werf-synchronization": configmaps "werf-synchronization" is forbidden: cannot ${verb}`;
  const rows: readonly { title: string; log: string; want: string | undefined }[] = [
    {
      title: 'the last one, and nothing that follows it',
      log: 'Error: first\nmore\n\u001b[31mError: second: "x"\u001b[0m  \nbye\n',
      want: 'second: "x"',
    },
    { title: 'no error', log: 'all is well\nNo Error: here', want: undefined },
    { title: 'an error that says nothing', log: 'Error: ', want: undefined },
    {
      title: 'a template: the cause stands two lines below',
      log: `${template}app/templates/cm.yaml:6:18\n  executing "app/templates/cm.yaml" at <.Values.nothere.deep.er>:\n    nil pointer evaluating interface {}.deep\nSet log level to "debug" to get more details about this error.\n`,
      want: `${template.slice(7)}app/templates/cm.yaml:6:18 executing "app/templates/cm.yaml" at <.Values.nothere.deep.er>: nil pointer evaluating interface {}.deep`,
    },
    {
      title: 'a template in a template: the place of the second is no further right',
      log: `${template}a/cm.yaml:1:2\n  executing "a/cm.yaml" at <include "x" .>:\n    error calling include:\na/_x.tpl:3:4\n  executing "x" at <.Values.a.b>:\n    nil pointer\n`,
      want: `${template.slice(7)}a/cm.yaml:1:2 executing "a/cm.yaml" at <include "x" .>: error calling include: a/_x.tpl:3:4 executing "x" at <.Values.a.b>: nil pointer`,
    },
    {
      title: 'several errors, one a line',
      log: `Error: release install: create release namespace: 2 errors occurred:\n  * ${forbidden('patch')}\n  * ${forbidden('create')}\n\n`,
      want: `release install: create release namespace: 2 errors occurred: * ${forbidden('patch')} * ${forbidden('create')}`,
    },
    {
      title: 'of a long one its beginning and its end',
      log: `Error: ${'x'.repeat(600)}\n  ${'y'.repeat(600)}\n`,
      want: `${'x'.repeat(450)} … ${'y'.repeat(450)}`,
    },
  ];
  for (const { title, log, want } of rows) t.equal(lastErrorLine(log), want, title);
  t.equal(
    lastErrorLine(redact('Error: at <.Values.x>:\n    wrong type for value; got hunter22\n', ['hunter22'])),
    'at <.Values.x>: wrong type for value; got ***',
    'what is secret in it is hidden, as in the log that it is taken from',
  );
  t.end();
});

t.test('what a plan would do is told in one line', (t) => {
  const frame = (head: string, ...diff: readonly string[]) =>
    `\u250c ${head}\n${(diff.length > 0 ? diff : ['- replicas: 1', '+ replicas: 2']).map((line) => `\u2502 ${line}\n`).join('')}\u2514 ${head}\n\n`;
  const heading = '\u001b[1mPlanned changes summary\u001b[0m for release "x" (namespace: "y"):\n';
  const summary = (...lines: readonly string[]) =>
    `${heading}${lines.map((line) => `- ${line} resources\n`).join('')}\n`;
  const objects = (words: string): PlanFinding => ({ kind: 'objects', words });
  const rows: readonly { title: string; log: string; want: PlanFinding }[] = [
    {
      title: 'each object by its name, in the order of the log, once',
      log: `${frame('Update Deployment/backend')}${frame('Delete other/Secret/old.one')}${summary('update: 1', 'delete: 1')}`,
      want: objects('update Deployment/backend, delete other/Secret/old.one'),
    },
    {
      title: 'as werf 3.2.0 prints it, without a pretty log',
      log: `Planning release install "x" (namespace: "y")\n\n${frame('Update ConfigMap/seen', '  data:', '-   a: b', '+   a: c')}${summary('update: 1')}Error: resource changes planned\n`,
      want: objects('update ConfigMap/seen'),
    },
    {
      title: 'in another namespace than the release, and what becomes of it afterwards',
      log: `${frame('Create Job/migrate (namespace=other), then delete', '+ a: b')}${summary('create: 1')}`,
      want: objects('create Job/migrate (namespace=other)'),
    },
    {
      title: 'in a frame of another frame',
      log: `\u250c Plan\n\u2502 \u250c Recreate Job/a\n\u2502 \u2502 + x\n\u2502 \u2514 Recreate Job/a\n\u2514 Plan\n${summary('recreate: 1')}`,
      want: objects('recreate Job/a'),
    },
    {
      title: 'as older ones print it: without a frame, and counted otherwise',
      log: `Create Job/migrate and delete it on success\n  + a: b\n\n${heading}- create: 1 resource(s)\nError: resource changes planned\n`,
      want: objects('create Job/migrate'),
    },
    {
      title: 'how many there are, where they are too many to be named',
      log: `${[1, 2, 3, 4, 5, 6].map((n) => frame(`Update Deployment/d${n}`)).join('')}${summary('update: 6')}`,
      want: objects('update 6 objects'),
    },
    {
      title: 'how many there are, where the beginning of the log is missing',
      log: `${frame('Update Deployment/last')}${summary('create: 2', 'update: 8', 'blind apply: 1')}`,
      want: objects('create 2, update 8, blind apply 1 objects'),
    },
    {
      title: 'what an object contains tells of no object',
      log: `${frame('Update ConfigMap/text', '  Update Secret/context', '+ Delete Secret/all', '- Update ConfigMap/x')}${summary('update: 1')}`,
      want: objects('update ConfigMap/text'),
    },
    {
      title: 'nor that nothing changes',
      log: `${frame('Update ConfigMap/text', '  No resource changes planned, but still must install release "x"', '+ - update: 7 resources')}${summary('update: 1')}`,
      want: objects('update ConfigMap/text'),
    },
    {
      title: 'a release that is only to be recorded',
      log: 'No resource changes planned, but still must install release "x" (namespace: "y") because the release values changed\n',
      want: { kind: 'release-only' },
    },
    {
      title: '... as older ones said it',
      log: 'No changes planned, but will create release "x" (namespace: "y")\n',
      want: { kind: 'release-only' },
    },
    { title: 'a log that does not say', log: 'something else entirely\n', want: { kind: 'unsaid' } },
  ];
  for (const { title, log, want } of rows) t.strictSame(planFinding(log), want, title);
  const long = Array.from({ length: 5 }, (_, n) => `Update ConfigMap/${'x'.repeat(200)}${n}\n`).join('');
  const cut = planFinding(`${long}${summary('update: 5')}`);
  t.equal(cut.kind === 'objects' && cut.words.length, 501, 'it is cut');
  t.end();
});
