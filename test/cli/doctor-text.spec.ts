import t from 'tap';
import { wholeSeconds } from '../../api/timestamp.js';
import { examine } from '../../cli/diagnosis/examine.js';
import { DOCTOR_CHECKS } from '../../cli/doctor/checks.js';
import type { Observation } from '../../cli/doctor/observation.js';
import { diagnosisText } from '../../cli/doctor/report.js';
import { commandWords, wrappedCommand } from '../../cli/output/wrap-command.js';
import { DIGEST_A, iso, NOW } from '../kit/builders.js';
import { asked, condition, failing, pollsFail, seen, stalled, TAGS } from '../kit/doctor-observation.js';
import { createFakeTerminal } from '../kit/fake-terminal.js';

// What doctor prints for people: no word twice, and none broken.

const textOf = (given: Observation, columns?: number): string =>
  diagnosisText(
    { bundle: given.bundle, checks: examine(DOCTOR_CHECKS, given) },
    createFakeTerminal({ ...(columns !== undefined && { columns }) }),
  );

const GONE =
  'error polling registry: 404 not found (registry.example/acme/app, without credentials: if it is private, kubectl create secret docker-registry NAME -n ops --docker-server=registry.example --docker-username=USER --docker-password=PASSWORD, and name it in spec.registry.secretRef)';
const LOST = seen(
  { registry: failing('not-found', '404 not found') },
  {
    status: {
      consecutiveFailures: 2,
      lastErrorMessage: GONE,
      nextAttemptTime: iso(60_000),
      conditions: [
        condition('Ready', 'False', 'PollFailed', `${GONE} (failure 2 of 6, next try after 1m)`),
        condition('RegistryReachable', 'False', 'PollFailed', GONE),
      ],
    },
  },
);

t.test('what one check has told, others only point at', async (t) => {
  const rows: readonly { title: string; given: Observation; says: string; once: string }[] = [
    {
      title: 'failed polls, in the words of the registry',
      given: LOST,
      says: `2 in a row have failed: see "Repository" above; the next one is at ${wholeSeconds(NOW + 60_000)}`,
      once: GONE,
    },
    { title: 'what holds the bundle up', given: LOST, says: 'Ready: see "Repository" above', once: GONE },
    { title: 'tags', given: LOST, says: 'Tags: they could not be read: see "Repository" above', once: GONE },
    {
      title: 'no more polls',
      given: seen({ registry: failing('not-found', '404 not found') }, { status: pollsFail(GONE, 6) }),
      says: '6 polls in a row have failed, and there are no more: see "Repository" above',
      once: GONE,
    },
    {
      title: 'what keeps an answer back',
      given: seen({ registry: { kind: 'not-asked', why: 'nobody asked' } }, { status: { conditions: [] } }),
      says: 'Choice of the tag: see "Registry" above',
      once: 'nobody asked',
    },
    {
      title: 'a Job that has failed',
      given: seen({}, { status: stalled('DeployFailed', 'pod failed with OOMKilled: memory limit 1Gi') }),
      says: 'Job: see "Memory of the Job" above',
      once: 'OOMKilled',
    },
    {
      title: 'what only the controller may see',
      given: seen({}, { status: stalled('SpecInvalid', 'release "a" belongs to another') }),
      says: 'Ready: SpecInvalid: see "Spec" above',
      once: 'release "a" belongs to another',
    },
  ];
  for (const { title, given, says, once } of rows) {
    const text = textOf(given);
    t.equal(text.split(once).length, 2, `${title}: once`);
    t.ok(
      text.split('\n').some((line) => line.includes(says)),
      `${title}: ${says}\n${text}`,
    );
    t.notMatch(text, /see "[^"]*" above.*may follow from/, title);
  }
});

t.test('whether a registry gives ETags is told where its tags were read, and is nothing that is wrong', async (t) => {
  const without = asked({
    outcome: { kind: 'selected', tag: 'v1.0.0', digest: DIGEST_A, tags: { ...TAGS, etagSupported: false } },
  });
  const unasked = { kind: 'not-asked', why: 'it was not asked from here (--no-registry)' } as const;
  const url = 'registry.example/acme/app';
  const none = 'ETag support not detected, as of most registries: each poll fetches the whole list of tags, every';
  const more = `kubectl patch wb my-app -n ops --type merge -p '{"spec":{"registry":{"pollInterval":"30m"}}}'`;
  const rows: readonly { title: string; given: Observation; says: string; verdict?: string; commands?: string[] }[] = [
    { title: 'they are given', given: seen(), says: 'what has not changed is not sent again' },
    { title: 'they are not', given: seen({ registry: without }), says: `${none} 15m` },
    {
      title: 'they are not, and it is asked often',
      given: seen({ registry: without }, { spec: { registry: { url, versionConstraint: '*', pollInterval: '5m' } } }),
      says: `${none} 5m; a longer interval spares the registry`,
      commands: [more],
    },
    {
      title: 'one tag is asked for',
      given: seen({}, { spec: { registry: { url, tag: 'v1.0.0' } } }),
      says: 'none are needed: a tag is named, and no list of tags is fetched',
    },
    {
      title: 'the repository cannot be read, whatever the status says of earlier polls',
      given: seen({ registry: failing('not-found', '404 not found') }, { status: { lastETag: '"1"' } }),
      verdict: 'not-checked',
      says: 'they could not be read: see "Repository" above',
    },
    {
      title: 'it was not asked from here, and the last poll succeeded',
      given: seen({ registry: unasked }, { status: { lastETag: 'tags-sha256:1' } }),
      says: `${none} 15m`,
    },
    {
      title: 'it was not asked from here, and polls fail',
      given: seen({ registry: unasked }, { status: { ...pollsFail('no such host', 2), lastETag: '"1"' } }),
      verdict: 'not-checked',
      says: 'they could not be read: see "Registry" above',
    },
    {
      title: 'it was not asked, and never polled',
      given: seen({ registry: unasked }, { status: { conditions: [] } }),
      verdict: 'not-checked',
      says: 'see "Registry" above',
    },
  ];
  for (const { title, given, says, verdict = 'ok', commands = [] } of rows) {
    const etag = examine(DOCTOR_CHECKS, given).find(({ id }) => id === 'etag');
    t.strictSame([etag?.verdict, etag?.found, etag?.commands], [verdict, says, commands], title);
  }
});

t.test('what is well says no more than is known', async (t) => {
  const found = (given: Observation, id: string) => examine(DOCTOR_CHECKS, given).find((check) => check.id === id);
  const none = { lastJobName: undefined, lastJobStatus: undefined, lastAppliedTag: undefined } as never;
  const blocked = seen({}, { status: { ...stalled('ServiceAccountMissing', 'x'), ...(none as object) } });
  t.match(found(blocked, 'memory'), { verdict: 'ok', found: '1Gi; there was no Job yet' });
  t.match(found(seen(), 'memory'), { verdict: 'ok', found: '1Gi has been enough' });
  t.match(found(blocked, 'choice'), { found: 'v1.0.0 of 2 is wanted; nothing is deployed yet', commands: [] });
  const free = seen({}, { status: { ...(none as object), conditions: [] } });
  t.match(found(free, 'choice'), { found: /: the controller deploys it after its next poll, or at once by$/ });
});

t.test('rights that were given since the Job failed are not asked for again', async (t) => {
  const given = seen({}, { status: stalled('DeployFailed', 'the Job runs as x, which lacks this right') });
  const found = examine(DOCTOR_CHECKS, given).find(({ id }) => id === 'rights');
  t.match(found, { verdict: 'failed', found: /may do all that werf itself does now: try again; what the chart needs/ });
  t.match(found?.commands, [/reconcile-requested-at/]);
});

t.test('another message than that of the cause is told, and from what it may follow', async (t) => {
  const status = pollsFail('error polling registry: 401 unauthorized', 2);
  const text = textOf(seen({ registry: failing('not-found', '404 not found') }, { status }));
  t.match(
    text,
    /^not checked +Polls: 2 in a row have failed: error polling registry: 401 unauthorized; .* \(this may follow from "Repository": mend that first\)$/m,
  );
});

t.test('on a terminal lines are broken between words, and commands so that a shell reads them on', async (t) => {
  const lines = textOf(LOST, 80).split('\n');
  t.strictSame(
    lines.filter((line) => line.length > 80),
    [],
  );
  t.strictSame(lines.slice(0, 4), [
    'FAILED       Repository: error polling registry: 404 not found',
    '             (registry.example/acme/app, without credentials: if it is private,',
    '             kubectl create secret docker-registry NAME -n ops',
    '             --docker-server=registry.example --docker-username=USER',
  ]);
  const kept = textOf(LOST).split('\n')[0] ?? '';
  t.ok(kept.includes(GONE), 'a file has lines of any length');
});

t.test('a command is broken where a shell reads on, and never within quotes', async (t) => {
  const command = `kubectl patch wb shop -n demo --type merge -p '{"a": "b c"}' | tee "x y".txt`;
  t.strictSame(commandWords(command), [
    'kubectl',
    'patch',
    'wb',
    'shop',
    '-n',
    'demo',
    '--type',
    'merge',
    '-p',
    `'{"a": "b c"}'`,
    '|',
    'tee',
    '"x y".txt',
  ]);
  t.strictSame(wrappedCommand(commandWords(command), 40, '    '), [
    '    kubectl patch wb shop -n demo \\',
    `      --type merge -p '{"a": "b c"}' | \\`,
    '      tee "x y".txt',
  ]);
  t.strictSame(commandWords(`echo it's "odd`), ['echo', `it's "odd`], 'what no shell would take stays whole');
});
