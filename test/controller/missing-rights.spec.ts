import t from 'tap';
import type { Job } from '../../api/objects.js';
import { projectJob } from '../../controller/cache/projections.js';
import type { FailedJob } from '../../controller/deploy/job-result.js';
import { withRightsAdvice } from '../../controller/deploy/missing-rights.js';
import { bundle, deployment, job, NOW, observation, PROOF } from '../kit/builders.js';
import { decided } from '../kit/decided.js';
import { present, runningStatus } from '../kit/deciding-statuses.js';

const failed = (message: string, reason: FailedJob['reason'] = 'ExitCode'): FailedJob => ({
  kind: 'failed',
  reason,
  message,
  finishedAt: NOW,
});

const jobAs = (serviceAccountName: string | undefined): Job =>
  projectJob(
    job(bundle({}, { spec: { converge: { ...(serviceAccountName !== undefined && { serviceAccountName }) } } })),
    PROOF,
  );

const user = (account: string, rest = 'cannot patch resource "configmaps" in API group "" in the namespace "ops"') =>
  `configmaps "x" is forbidden: User "system:serviceaccount:${account}" ${rest}`;

const NAMED =
  '; the Job runs as ServiceAccount werf of namespace ops (spec.converge.serviceAccountName), which lacks this right: ' +
  'grant it by a Role and a RoleBinding there, or name another ServiceAccount';
const UNNAMED =
  '; the Job runs as ServiceAccount default of namespace ops, which lacks this right: ' +
  'set spec.converge.serviceAccountName to one with the rights that the chart needs';

t.test('a failure for lack of rights says which ServiceAccount lacks them, and what to do', (t) => {
  const rows: readonly {
    title: string;
    account?: string;
    errorLine?: string;
    tail?: string;
    reason?: FailedJob['reason'];
    want: string;
  }[] = [
    { title: 'in werf’s error', account: 'werf', errorLine: user('ops:werf'), want: NAMED },
    { title: 'if the bundle names none', errorLine: user('ops:default'), want: UNNAMED },
    {
      title: 'one of several errors',
      account: 'werf',
      errorLine: `release install: 2 errors occurred: * no such kind * ${user('ops:werf')}`,
      want: NAMED,
    },
    {
      title: 'rights that the chart hands on, and the ServiceAccount does not have',
      account: 'werf',
      errorLine:
        'roles.rbac.authorization.k8s.io "r" is forbidden: user "system:serviceaccount:ops:werf" (groups=["a" "b"]) is ' +
        'attempting to grant RBAC permissions not currently held: {APIGroups:[""]}',
      want: NAMED,
    },
    {
      title: 'quoted in JSON',
      account: 'werf',
      errorLine: `{"message":"${user('ops:werf').replaceAll('"', '\\"')}"}`,
      want: NAMED,
    },
    {
      title: 'where the log has no error of werf’s',
      account: 'werf',
      tail: `begin\n${user('ops:werf')}\n`,
      want: NAMED,
    },
    {
      title: 'over several lines',
      account: 'werf',
      tail: `${user('ops:werf').replace('cannot', '\n  cannot')}\n`,
      want: NAMED,
    },
    {
      title: 'where the error has lost its middle',
      account: 'werf',
      errorLine: 'release install: 9 … errors',
      tail: user('ops:werf'),
      want: NAMED,
    },
    { title: 'not of another name', account: 'werf', errorLine: user('ops:evil'), want: '' },
    { title: 'nor of another namespace', account: 'werf', errorLine: user('prod:werf'), want: '' },
    { title: 'nor of a longer name', account: 'werf', errorLine: user('ops:werf-2'), want: '' },
    { title: 'nor of a user', account: 'werf', errorLine: 'x is forbidden: User "jane" cannot patch', want: '' },
    {
      title: 'nor of another cause',
      account: 'werf',
      errorLine: 'context deadline exceeded',
      tail: user('ops:werf'),
      want: '',
    },
    {
      title: 'nor of what is no lack of rights',
      account: 'werf',
      errorLine: 'pods "x" is forbidden: exceeded quota',
      want: '',
    },
    { title: 'nor of a timeout', account: 'werf', errorLine: user('ops:werf'), reason: 'Timeout', want: '' },
    { title: 'nothing is known', account: 'werf', want: '' },
  ];
  for (const { title, account, errorLine, tail, reason, want } of rows) {
    const given = failed('pod failed with exit code 1', reason);
    t.equal(
      withRightsAdvice(given, { errorLine, tail }, jobAs(account)).message,
      `pod failed with exit code 1${want}`,
      title,
    );
  }
  t.end();
});

t.test('the advice is never cut: a long error loses its middle', (t) => {
  const long = `${'a'.repeat(900)} ${user('ops:werf')}`;
  const { message } = withRightsAdvice(failed(long), { errorLine: long }, jobAs('werf'));
  t.ok(message.length <= 1_024, `${message.length} characters`);
  t.ok(message.endsWith(NAMED));
  t.end();
});

t.test('who lacks the right is told by the Job, whatever the spec names by now', (t) => {
  const spec = { converge: { serviceAccountName: 'newer' } };
  const { log: _, ...there } = present(runningStatus, { exitCode: 1 });
  const line = user('ops:werf');
  const seen = observation(bundle(runningStatus, { spec }), {
    job: {
      ...there,
      job: {
        ...job(
          bundle({}, { spec: { converge: { serviceAccountName: 'werf' } } }),
          runningStatus.deployment ?? deployment(),
        ),
      },
      log: { kind: 'read', tail: '', errorLine: line },
    },
  });
  t.equal(decided(seen).status.lastErrorMessage, `pod failed with exit code 1: ${line}${NAMED}`);
  t.end();
});
