import t from 'tap';
import { startAdmissionFixture } from '../kit/admission-fixture.js';
import { eventually } from '../kit/eventually.js';
import { startAttack } from '../kit/slow-caller.js';

const fixture = await startAdmissionFixture(t);
const { must, as } = fixture;
const DEVELOPER = 'team-a/developer';

await must(['create', 'namespace', 'team-a']);
await must(['create', 'serviceaccount', 'developer', '-n', 'team-a']);
await must([
  'create',
  'rolebinding',
  'developer',
  '-n',
  'team-a',
  '--clusterrole=edit',
  '--serviceaccount=team-a:developer',
]);
const webhook = await fixture.startWebhook();

const bundle = (name: string, values: object): string =>
  JSON.stringify({
    apiVersion: 'werf.io/v1alpha1',
    kind: 'WerfBundle',
    metadata: { namespace: 'team-a', name },
    spec: { registry: { url: 'ghcr.io/acme/app', tag: 'v1.0.0' }, converge: { values } },
  });
const apply = (name: string, values: object) => as(DEVELOPER, ['apply', '-f', '-'], bundle(name, values));
const health = async (path: string): Promise<number> =>
  (await fetch(`http://127.0.0.1:${webhook.healthPort}${path}`)).status;

/** As many lines of values as make 90 KB. */
const large = Object.fromEntries(Array.from({ length: 900 }, (_, at) => [`key-${at}`, 'x'.repeat(90)]));

t.test(
  'while callers trickle, and announce bodies that never come, a developer goes on applying bundles',
  async (t) => {
    // Rights of a role are aggregated by a controller.
    const first = await eventually(
      () => apply('before', {}),
      ({ code }) => code === 0,
    );
    t.equal(first.code, 0, first.stderr);
    const attack = await startAttack(webhook.port);
    t.teardown(() => attack.stop());
    // Longer than each attacker lasts, so that all phases of the attack are met.
    for (let round = 0; attack.givenUp() < 500 || round < 4; round += 1) {
      const small = await apply(`small-${round}`, { round });
      t.equal(small.code, 0, `round ${round}: ${small.stdout}${small.stderr}`);
      const applied = await apply('large', { ...large, round });
      t.equal(applied.code, 0, `round ${round}, 90 KB of values: ${applied.stdout}${applied.stderr}`);
      t.strictSame([await health('/healthz'), await health('/readyz')], [200, 200], 'its probes succeed');
    }
    await attack.stop();
    const refusals = /^werfbundle_webhook_refusals_total\{reason="slow-body"\} (\d+)$/m.exec(
      await webhook.metrics(),
    )?.[1];
    t.ok(Number(refusals) > 200, `${refusals} were given up for their slow bodies`);
    const lines = webhook.log.filter(({ message }) => message === 'callers refused');
    t.ok(lines.length >= 1 && lines.length <= 10, `${lines.length} lines tell of it`);
    t.strictSame(
      webhook.log.filter(({ message }) => String(message).startsWith('webhook not ready')),
      [],
      'and it was ready all the time',
    );
  },
);
