import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { wholeSeconds } from '../../api/timestamp.js';
import { examine } from '../../cli/diagnosis/examine.js';
import { known } from '../../cli/diagnosis/known.js';
import { DOCTOR_CHECKS } from '../../cli/doctor/checks.js';
import type { Observation } from '../../cli/doctor/observation.js';
import { SECTIONS } from '../../cli/doctor/sections.js';
import { CHECKSUM, DIGEST_A, DIGEST_B, iso, job, NOW, pod, reachable } from '../kit/builders.js';
import {
  ACCEPTED,
  asked,
  condition,
  ELSEWHERE,
  failing,
  NO_RIGHT,
  namespace,
  pollsFail,
  secretFault,
  seen,
  source,
  stalled,
  TAGS,
} from '../kit/doctor-observation.js';
import { BAD_VALUES, heldValuesStatus } from '../kit/held-values.js';
import { plan } from '../kit/plan-statuses.js';

type Bad = readonly [id: string, verdict: string, found: string | RegExp, commands: readonly (string | RegExp)[]];
const AGAIN = 'kubectl annotate wb my-app -n ops --overwrite werf.io/reconcile-requested-at="$(date)"';
const patch = (text: string) => `kubectl patch wb my-app -n ops --type merge -p '${text}'`;
const LOGIN =
  'kubectl create secret docker-registry creds -n ops --docker-server=registry.example --docker-username=USER --docker-password=PASSWORD';

/** v1.1.0 has failed, and v1.0.0 is deployed again. */
const returned = stalled('Returned', 'v1.1.0 failed, and v1.0.0 is deployed again; it failed with: the Job failed', {
  holds: [
    {
      tag: 'v1.1.0',
      digest: DIGEST_B,
      checksum: CHECKSUM,
      number: 2,
      since: iso(0),
      message: 'the Job failed',
      good: { tag: 'v1.0.0', digest: DIGEST_A, checksum: CHECKSUM },
    },
  ],
});

const RETURN = { converge: { onFailure: 'Return', values: { bad: true } } } as const;

const ROWS: readonly { readonly title: string; readonly given: Observation; readonly want: readonly Bad[] }[] = [
  { title: 'nothing is wrong', given: seen(), want: [] },
  {
    title: 'nobody may be asked anything',
    given: seen({
      operator: {
        namespace: 'operator',
        namespaceExists: NO_RIGHT,
        leases: NO_RIGHT,
        webhook: { kind: 'unknown', why: 'no right' },
        deployments: NO_RIGHT,
      },
      registry: { kind: 'not-asked', why: 'no right' },
      target: NO_RIGHT,
      account: NO_RIGHT,
      missingRights: NO_RIGHT,
      sources: [source({ foundIn: NO_RIGHT })],
      job: { kind: 'unknown', why: 'no right' },
    }),
    want: [],
  },
  {
    title: 'no controller has seen the spec',
    given: seen({}, { status: { observedGeneration: 0 } }),
    want: [
      [
        'controller',
        'failed',
        'no controller has looked at generation 1 of the spec: it does not work, or this bundle is not among those that it takes care of',
        ['kubectl get pods -n operator -l control-plane=controller-manager'],
      ],
    ],
  },
  {
    title:
      'the operator is looked for in a namespace that does not exist, and the controller has not seen the spec either',
    given: seen(
      {
        operator: { ...seen().operator, namespaceExists: known(false), leases: known([]), deployments: known([]) },
      },
      { status: { observedGeneration: 0 } },
    ),
    want: [
      [
        'operator-namespace',
        'failed',
        'operator does not exist: give the one in which webhook and controller run, or no --operator-namespace',
        ['kubectl get deployments --all-namespaces -l app.kubernetes.io/part-of=werfbundle'],
      ],
    ],
  },
  {
    title: 'the operator is looked for where it is',
    given: seen({ operator: { ...seen().operator, namespaceExists: known(true) } }),
    want: [],
  },
  {
    title: 'the spec breaks a rule, which the controller says as well',
    given: seen(
      {},
      {
        spec: { registry: { url: 'registry.example/acme/app', versionConstraint: 'x.y' } },
        status: stalled('SpecInvalid', 'spec.registry.versionConstraint: Invalid value'),
      },
    ),
    want: [
      [
        'spec',
        'failed',
        /^spec\.registry\.versionConstraint: Invalid value: "x\.y"/,
        ['kubectl edit wb my-app -n ops'],
      ],
    ],
  },
  {
    title: 'only the controller knows what is wrong with the spec',
    given: seen({}, { status: stalled('SpecInvalid', 'release "a" belongs to another') }),
    want: [['spec', 'failed', 'release "a" belongs to another', ['kubectl edit wb my-app -n ops']]],
  },
  {
    title: 'suspended',
    given: seen({}, { spec: { suspend: true } }),
    want: [
      ['suspended', 'warning', 'it is suspended: nothing is polled or deployed', ['werfbundle resume my-app -n ops']],
    ],
  },
  {
    title: 'the registry does not answer here, and the controller has not said that it does',
    given: seen({ registry: failing('timeout', 'context deadline exceeded') }, { status: { conditions: [] } }),
    want: [
      [
        'registry',
        'failed',
        'error polling registry: context deadline exceeded (registry.example/acme/app), asked from here',
        [],
      ],
    ],
  },
  {
    title: 'the registry does not answer here, but it answers the controller',
    given: seen({ registry: failing('timeout', 'context deadline exceeded') }),
    want: [['registry', 'warning', /which may be another network: the controller's last poll has succeeded$/, []]],
  },
  {
    title: 'a broken registry is no matter of networks',
    given: seen({ registry: failing('server-error', '503 service unavailable') }),
    want: [['registry', 'failed', /503 service unavailable/, []]],
  },
  {
    title: 'six polls have failed, and why is mended neither',
    given: seen(
      { registry: failing('not-found', '404 not found') },
      { status: pollsFail('error polling registry: 404 not found (x)', 6) },
    ),
    want: [['repository', 'failed', /404 not found/, ['kubectl edit wb my-app -n ops']]],
  },
  {
    title: 'the repository has a similar name',
    given: seen({ registry: failing('not-found', '404 not found', ['registry.example/acme/apps']) }),
    want: [
      [
        'repository',
        'failed',
        /, asked from here\. There is registry\.example\/acme\/apps: if that is meant, as follows; if the url is right, publish/,
        [patch('{"spec":{"registry":{"url":"registry.example/acme/apps"}}}')],
      ],
    ],
  },
  {
    title: 'several repositories have a similar name: which one the command takes is said',
    given: seen({ registry: failing('not-found', '404 not found', ['r.example/apps', 'r.example/apt']) }),
    want: [
      [
        'repository',
        'failed',
        /\. There is r\.example\/apps, r\.example\/apt: if r\.example\/apps is meant, as follows; if the url/,
        [patch('{"spec":{"registry":{"url":"r.example/apps"}}}')],
      ],
    ],
  },
  {
    title: 'six polls have failed, and why is mended',
    given: seen({}, { status: pollsFail('error polling registry: 404 not found (x)', 6) }),
    want: [
      [
        'polling-stopped',
        'failed',
        '6 polls in a row have failed, and there are no more: error polling registry: 404 not found (x)',
        [AGAIN],
      ],
    ],
  },
  {
    title: 'two polls have failed, and why is mended',
    given: seen({}, { status: pollsFail('error polling registry: 404 not found (x)', 2) }),
    want: [
      [
        'polls',
        'warning',
        `2 in a row have failed: error polling registry: 404 not found (x); the next one is at ${wholeSeconds(NOW + 60_000)}`,
        [AGAIN],
      ],
    ],
  },
  ...(
    [
      ['401 unauthorized', 'credentials', [/^kubectl create secret/, /^kubectl patch/]],
      ['403 forbidden', 'credentials', [/^kubectl create secret/, /^kubectl patch/]],
      ['404 not found', 'repository', [/^kubectl edit wb/]],
      ['429 too many requests', 'rate-limit', [/^kubectl patch/]],
      ['no such host', 'registry', []],
    ] as const
  ).map(([words, id, commands]) => ({
    title: `what nobody could ask from here, the controller's words tell: ${words}`,
    given: seen(
      { registry: { kind: 'not-asked', why: 'it was not asked' } },
      { status: pollsFail(`error polling registry: ${words} (x)`, 2) },
    ),
    want: [
      [id, 'failed', new RegExp(`^error polling registry: ${words} \\(x\\), says the controller`), commands],
    ] as readonly Bad[],
  })),
  {
    title: 'the Secret with the credentials is missing',
    given: seen({
      access: secretFault('absent', 'Secret creds does not exist in namespace ops'),
      registry: { kind: 'not-asked', why: 'a Secret' },
    }),
    want: [['credentials', 'failed', 'Secret creds does not exist in namespace ops', [LOGIN]]],
  },
  {
    title: 'it has another type, which can\u2019t be changed',
    given: seen({ access: secretFault('unusable', 'it is of type Opaque') }),
    want: [['credentials', 'failed', 'it is of type Opaque', ['kubectl delete secret creds -n ops', LOGIN]]],
  },
  {
    title: 'a repository without a Secret wants a login',
    given: seen({ registry: failing('unauthorized', '401 unauthorized') }),
    want: [
      [
        'credentials',
        'failed',
        /^error polling registry: 401 unauthorized \(registry\.example\/acme\/app, without credentials: if it is private, /,
        [
          LOGIN.replace('creds', 'registry-creds'),
          patch('{"spec":{"registry":{"secretRef":{"name":"registry-creds"}}}}'),
        ],
      ],
    ],
  },
  {
    title: 'the registry wants fewer requests',
    given: seen({ registry: failing('rate-limited', '429 too many requests') }),
    want: [['rate-limit', 'failed', /429/, [patch('{"spec":{"registry":{"pollInterval":"30m"}}}')]]],
  },
  {
    title: 'a repository without tags',
    given: seen({
      registry: asked({
        tags: [],
        outcome: { kind: 'nothing-to-deploy', reason: 'NoMatchingTag', message: 'none', tags: TAGS },
      }),
    }),
    want: [['tags', 'failed', 'the repository has no tags', []]],
  },
  {
    title: 'a constraint that no tag satisfies',
    given: seen({
      registry: asked({ outcome: { kind: 'nothing-to-deploy', reason: 'NoMatchingTag', message: 'none', tags: TAGS } }),
    }),
    want: [['choice', 'failed', 'none', [patch('{"spec":{"registry":{"versionConstraint":">=1.0.0"}}}')]]],
  },
  {
    title: 'a tag that does not exist',
    given: seen(
      {
        registry: asked({
          outcome: { kind: 'nothing-to-deploy', reason: 'NoMatchingTag', message: 'none', tags: TAGS },
        }),
      },
      { spec: { registry: { url: 'registry.example/acme/app', tag: 'v9' } } },
    ),
    want: [['choice', 'failed', 'none', [patch('{"spec":{"registry":{"tag":"v1.0.0"}}}')]]],
  },
  {
    title: 'tags that are no bundles',
    given: seen({
      registry: asked({ outcome: { kind: 'nothing-to-deploy', reason: 'NotABundle', message: 'none is', tags: TAGS } }),
    }),
    want: [['choice', 'failed', 'none is', []]],
  },
  {
    title: 'text order hides the highest version',
    given: seen(
      {
        registry: asked({
          tags: ['v1.9.0', 'v1.10.0'],
          outcome: { kind: 'selected', tag: 'v1.9.0', digest: DIGEST_A, tags: TAGS },
        }),
      },
      { spec: { registry: { url: 'registry.example/acme/app' } } },
    ),
    want: [
      [
        'choice',
        'warning',
        'v1.9.0 is deployed, not v1.10.0: without versionConstraint tags compare as text',
        [patch('{"spec":{"registry":{"versionConstraint":">=0.0.0"}}}')],
      ],
    ],
  },
  {
    title: 'a lower version is held back',
    given: seen(
      {},
      { status: { conditions: [condition('Ready', 'True', 'DowngradeHeld', 'v0.9.0 is lower'), reachable] } },
    ),
    want: [
      [
        'choice',
        'warning',
        'v0.9.0 is lower',
        ['kubectl annotate wb my-app -n ops --overwrite werf.io/allow-downgrade=true'],
      ],
    ],
  },
  {
    title: 'no target namespace: what it is to hold is not looked for',
    given: seen({ target: known(undefined), account: known(false) }, { spec: { converge: ELSEWHERE } }),
    want: [
      ['target-namespace', 'failed', 'namespace production does not exist', ['kubectl create namespace production']],
    ],
  },
  {
    title: 'it is being deleted',
    given: seen(
      { target: namespace({ 'werf.io/accept-bundles-from': '*' }, 'Terminating'), account: known(true) },
      { spec: { converge: ELSEWHERE } },
    ),
    want: [['target-namespace', 'failed', 'namespace production is being deleted', []]],
  },
  {
    title: 'it accepts others, which are not forgotten',
    given: seen(
      { target: namespace({ 'werf.io/accept-bundles-from': 'shops' }), account: known(true) },
      { spec: { converge: ELSEWHERE }, status: stalled('ConsentMissing', 'no consent') },
    ),
    want: [
      [
        'consent',
        'failed',
        'namespace production does not accept bundles from namespace ops',
        ['kubectl annotate namespace production --overwrite werf.io/accept-bundles-from=shops,ops'],
      ],
    ],
  },
  {
    title: 'no ServiceAccount',
    given: seen(
      { target: ACCEPTED, account: known(false), missingRights: known(['get secrets']) },
      { spec: { converge: ELSEWHERE }, status: stalled('ServiceAccountMissing', 'missing') },
    ),
    want: [
      [
        'service-account',
        'failed',
        'ServiceAccount deployer does not exist in namespace production',
        [
          'werfbundle init --rights --target production --service-account deployer | kubectl create -f -',
          'kubectl create serviceaccount deployer -n production',
        ],
      ],
    ],
  },
  {
    title: 'who may not look for it is told what the controller says',
    given: seen(
      { target: ACCEPTED, account: NO_RIGHT },
      { spec: { converge: ELSEWHERE }, status: stalled('ServiceAccountMissing', 'it does not exist') },
    ),
    want: [['service-account', 'failed', 'it does not exist, says the controller', []]],
  },
  {
    title: 'rights that werf needs are missing',
    given: seen({ missingRights: known(['get secrets', 'list secrets']) }),
    want: [
      [
        'rights',
        'failed',
        'ServiceAccount default may not get, list secrets in namespace ops, which werf needs. Every Pod of the namespace may run as default: give the Job a ServiceAccount of its own',
        [
          'kubectl create serviceaccount werf-converge -n ops',
          'werfbundle init --rights --target ops --service-account werf-converge | kubectl create -f -',
          patch('{"spec":{"converge":{"serviceAccountName":"werf-converge"}}}'),
        ],
      ],
    ],
  },
  {
    title: 'a source of values is missing',
    given: seen({ sources: [source({ foundIn: known(undefined) })] }, { status: stalled('ValuesInvalid', 'missing') }),
    want: [
      [
        'values[0]',
        'failed',
        "failed to get ConfigMap 'app-config' from namespace 'ops'",
        ["kubectl create configmap app-config -n ops --from-literal='values.yaml={}'"],
      ],
    ],
  },
  {
    title: 'a source of values does not parse',
    given: seen({ sources: [source({ faults: ['line 1'] })] }, { status: stalled('ValuesInvalid', 'line 1') }),
    want: [['contents[0]', 'failed', 'line 1', ['kubectl edit configmap app-config -n ops']]],
  },
  {
    title: 'a source of values hides another one',
    given: seen(
      { sources: [source({ shadowed: 'production' })], target: ACCEPTED, account: known(true) },
      { spec: { converge: { ...ELSEWHERE, valuesFrom: [{ configMapRef: { name: 'app-config' } }] } } },
    ),
    want: [
      [
        'contents[0]',
        'warning',
        /^that of namespace ops is used, and the one of namespace production is not/,
        [patch('{"spec":{"converge":{"valuesFrom":[{"configMapRef":{"name":"app-config"},"from":"Bundle"}]}}}')],
      ],
    ],
  },
  {
    title: 'out of memory',
    given: seen(
      {},
      { status: stalled('DeployFailed', 'pod failed with OOMKilled: memory limit 1Gi', { lastJobStatus: 'Failed' }) },
    ),
    want: [
      [
        'memory',
        'failed',
        'pod failed with OOMKilled: memory limit 1Gi',
        [patch('{"spec":{"converge":{"resourceLimits":{"memory":"2Gi"}}}}')],
      ],
    ],
  },
  {
    title: 'an exit code',
    given: seen(
      {},
      { status: stalled('DeployFailed', 'pod failed with exit code 1: no', { lastJobStatus: 'Failed' }) },
    ),
    want: [
      [
        'job',
        'failed',
        'pod failed with exit code 1: no',
        [/^kubectl logs -n ops -l job-name=\S+ -c werf --tail=200$/, AGAIN],
      ],
    ],
  },
  ...[
    'release install: render chart: template: error rendering chart templates: executing "app/templates/cm.yaml" at <.Values.a.b>: nil pointer evaluating interface {}.b',
    'release install: YAML parse error on app/templates/cm.yaml: error converting YAML to JSON: yaml: line 3',
    "app: values don't meet the specifications of the schema(s) in the following chart(s)",
  ].map((error) => ({
    title: `a fault of the chart: ${error}`,
    given: seen(
      {},
      { status: stalled('DeployFailed', `pod failed with exit code 1: ${error}`, { lastJobStatus: 'Failed' }) },
    ),
    want: [
      [
        'job',
        'failed',
        `pod failed with exit code 1: ${error}. That is a fault of the chart or its values: mend it and publish the chart again; the same chart fails again`,
        [/^kubectl logs/, AGAIN],
      ],
    ] as readonly Bad[],
  })),
  {
    title: 'a Job that is tried again by itself',
    given: seen(
      {},
      {
        status: stalled('JobLost', 'it is gone', {
          phase: 'Syncing',
          nextAttemptTime: iso(30_000),
          lastJobStatus: 'Failed',
        }),
      },
    ),
    want: [
      ['job', 'warning', `it is gone; it is tried again at ${wholeSeconds(NOW + 30_000)}`, [/^kubectl logs/, AGAIN]],
    ],
  },
  {
    title: 'a timeout',
    given: seen(
      {},
      { status: stalled('DeployFailed', 'pod failed with DeadlineExceeded: not done', { lastJobStatus: 'Failed' }) },
    ),
    want: [['job', 'failed', /DeadlineExceeded/, [patch('{"spec":{"converge":{"timeout":"1h"}}}')]]],
  },
  {
    title: 'rights that the chart needs are missing',
    given: seen(
      { missingRights: NO_RIGHT },
      {
        status: stalled('DeployFailed', 'pod failed: the Job runs as x, which lacks this right', {
          lastJobStatus: 'Failed',
        }),
      },
    ),
    want: [
      [
        'rights',
        'failed',
        /which lacks this right/,
        [/^kubectl create serviceaccount /, /^werfbundle init /, /^kubectl patch/, AGAIN],
      ],
    ],
  },
  ...(
    [
      ['ImagePullBackOff', 'no such image', 'failed', /^kubectl get events -n ops/],
      ['FailedCreate', 'the Pod is forbidden: exceeded quota: q', 'failed', 'kubectl describe resourcequota -n ops'],
      ['Unschedulable', '0/3 nodes', 'failed', 'kubectl describe pod my-app-pod -n ops'],
      [
        'Suspended',
        'it is suspended',
        'warning',
        /^kubectl patch job \S+ -n ops --type merge -p '\{"spec":\{"suspend":false\}\}'$/,
      ],
    ] as const
  ).map(([reason, message, verdict, command]) => {
    const given = seen({}, { status: { activeJobName: 'j' } });
    const made = job(given.bundle);
    return {
      title: `a Pod that does not start: ${reason}`,
      given: {
        ...given,
        job: { kind: 'present', job: made, pod: pod(), result: { kind: 'waiting', reason, message } } as const,
      },
      want: [['pod', verdict, new RegExp(`^${reason}: ${message}`), [command]]] as readonly Bad[],
    };
  }),
  {
    title: 'a log that was not captured',
    given: seen({}, { status: { lastJobLogs: '' } }),
    want: [['log', 'warning', /^status\.lastJobLogs is empty/, [/^kubectl logs -n ops -l job-name=/]]],
  },
  {
    title: 'drift',
    given: seen(
      {},
      {
        status: {
          conditions: [
            condition('Ready', 'True', 'Deployed', 'x'),
            condition('Drifted', 'True', 'Drifted', 'it differs'),
          ],
        },
      },
    ),
    want: [
      [
        'drift',
        'warning',
        'it differs',
        ['kubectl annotate wb my-app -n ops --overwrite werf.io/deploy-requested-at="$(date)"'],
      ],
    ],
  },
  {
    title: 'what no other check knows of is not passed over',
    given: seen({}, { status: stalled('RightsMissing', 'the controller lacks a right') }),
    want: [['ready', 'failed', 'RightsMissing: the controller lacks a right', ['kubectl apply -k manifests/rbac']]],
  },
  {
    title: 'the schema of the chart refuses the values',
    given: seen({}, { status: stalled('ValuesRefused', 'tag v1.1.0 is not deployed: the schema refuses') }),
    want: [['chart-schema', 'failed', 'tag v1.1.0 is not deployed: the schema refuses', []]],
  },
  {
    title: 'a person has rolled back',
    given: seen(
      { registry: asked({ tags: [] }) },
      {
        metadata: { annotations: { 'werf.io/rollback-to': 'v1.0.0' } },
        status: {
          rollbackTo: 'v1.0.0',
          conditions: [...(seen().bundle.status?.conditions ?? []), condition('Held', 'True', 'RolledBack', 'held')],
        },
      },
    ),
    want: [
      [
        'rollback',
        'warning',
        `a person has rolled back to v1.0.0, by annotation werf.io/rollback-to, since ${wholeSeconds(NOW)}: it is deployed whatever the spec asks for, which is versionConstraint ">=1.0.0" now; to go on by the spec:`,
        ['werfbundle release-hold my-app -n ops'],
      ],
    ],
  },
  {
    title: 'a person has rolled back to a tag that is gone: the spec is not changed for it',
    given: seen(
      {
        registry: asked({
          outcome: {
            kind: 'nothing-to-deploy',
            reason: 'NoMatchingTag',
            message: 'tag "v0.1.0" does not exist',
            tags: TAGS,
          },
        }),
      },
      { metadata: { annotations: { 'werf.io/rollback-to': 'v0.1.0' } } },
    ),
    want: [
      [
        'rollback',
        'warning',
        /^a person has rolled back to v0\.1\.0, by annotation werf\.io\/rollback-to: /,
        ['werfbundle release-hold my-app -n ops'],
      ],
      [
        'choice',
        'failed',
        'tag "v0.1.0" does not exist; annotation werf.io/rollback-to names it',
        ['werfbundle release-hold my-app -n ops'],
      ],
    ],
  },
  {
    title: 'what failed was returned from, and is held',
    given: seen({}, { status: returned }),
    want: [
      [
        'hold',
        'failed',
        `the controller holds v1.1.0 (${DIGEST_B.slice(0, 19)}) since ${wholeSeconds(NOW)}, until the registry offers another digest, or a person lets it go; v1.0.0 is deployed in its place. It failed with: the Job failed; to let it go, which tries it again:`,
        ['werfbundle release-hold my-app -n ops'],
      ],
    ],
  },
  {
    title: 'what failed is being returned from',
    given: seen(
      {},
      {
        status: {
          holds: returned.holds ?? [],
          conditions: [
            condition('Ready', 'Unknown', 'Deploying', 'deploying v1.0.0'),
            condition('Held', 'True', 'Returning', 'v1.1.0 is held'),
            reachable,
          ],
        },
      },
    ),
    want: [
      [
        'hold',
        'warning',
        /^the controller holds v1\.1\.0 \(sha256:\w+\) since \S+, until .*; the return to v1\.0\.0 is not done\. It failed with: the Job failed; /,
        ['werfbundle release-hold my-app -n ops'],
      ],
    ],
  },
  {
    title: 'values are held: they are named, and by which sources they are mended',
    given: seen(
      { sources: [source({}), source({ reference: { ...source({}).reference, kind: 'Secret', name: 'database' } })] },
      { spec: RETURN, status: stalled('Returned', 'v1.0.0 failed', heldValuesStatus(DIGEST_A)) },
    ),
    want: [
      [
        'hold',
        'failed',
        `the controller holds the present values, or the present spec, of v1.0.0 since ${wholeSeconds(NOW)}, until they change, or a person lets them go; the values and the spec of deployment 1 are deployed in their place. They failed with: the Job failed; mend the values (spec.converge.values, ConfigMap app-config, Secret database), or the spec; only to try just the same again:`,
        ['werfbundle release-hold my-app -n ops'],
      ],
    ],
  },
  {
    title: 'values are being returned from, and there are none but the spec',
    given: seen(
      {},
      {
        spec: { converge: { onFailure: 'Return' } },
        status: {
          ...heldValuesStatus(DIGEST_A),
          conditions: [
            condition('Ready', 'Unknown', 'Deploying', 'deploying v1.0.0'),
            condition('Held', 'True', 'Returning', 'held'),
            reachable,
          ],
        },
      },
    ),
    want: [
      [
        'hold',
        'warning',
        /; the return to those of deployment 1 is not done\. They failed with: the Job failed; mend the spec; only to try just the same again:$/,
        ['werfbundle release-hold my-app -n ops'],
      ],
    ],
  },
  {
    title: 'values that are held are not the present ones',
    given: seen({}, { spec: RETURN, status: { ...heldValuesStatus(DIGEST_A), presentChecksum: CHECKSUM } }),
    want: [],
  },
  {
    title: 'a digest is held, and the present values with it',
    given: seen(
      {},
      {
        spec: RETURN,
        status: {
          ...returned,
          presentChecksum: BAD_VALUES,
          holds: (returned.holds ?? []).map((one) => ({ ...one, checksum: BAD_VALUES })),
        },
      },
    ),
    want: [
      [
        'hold',
        'failed',
        /^the controller holds v1\.1\.0 \(sha256:\w+\), with the present values and the present spec, since .*; v1\.0\.0, with the values and the spec of an earlier deployment, is deployed in its place\. /,
        ['werfbundle release-hold my-app -n ops'],
      ],
    ],
  },
  {
    title: 'what is held is not what the registry offers now',
    given: seen({}, { status: { holds: returned.holds ?? [] } }),
    want: [],
  },
  {
    title: 'a deletion waits for an approval, which is for a person to decide',
    given: seen(
      {},
      {
        status: {
          ...stalled('ApprovalAwaited', 'v1.1.0 would delete 1 object'),
          plan: plan({ hash: '0123456789abcdef' }),
        },
      },
    ),
    want: [['approval', 'warning', 'v1.1.0 would delete 1 object', ['werfbundle approve my-app -n ops']]],
  },
  {
    title: 'the webhook does not answer',
    given: seen({ operator: { ...seen().operator, webhook: { kind: 'unreachable', why: 'connection refused' } } }),
    want: [
      [
        'webhook',
        'failed',
        'no bundle can be created or changed: the apiserver gets no answer: connection refused',
        [/^kubectl get pods,endpoints -n operator /, /^kubectl rollout restart deployment\/my-webhook -n operator$/],
      ],
    ],
  },
];

const SPECIAL = /[.*+?^${}()|[\]\\]/g;
const exactly = (want: string | RegExp): RegExp =>
  typeof want === 'string' ? new RegExp(`^${want.replace(SPECIAL, '\\$&')}$`) : want;

t.test('of what is broken one check tells, with the command that mends it, and no other one complains', async (t) => {
  for (const { title, given, want } of ROWS) {
    const bad = examine(DOCTOR_CHECKS, given).filter(({ verdict }) => verdict === 'failed' || verdict === 'warning');
    t.strictSame(
      bad.map(({ id, verdict }) => [id, verdict]),
      want.map(([id, verdict]) => [id, verdict]),
      title,
    );
    for (const [at, [, , found, commands]] of want.entries()) {
      t.match(bad[at]?.found, exactly(found), title);
      t.equal(bad[at]?.commands.length, commands.length, title);
      for (const [place, command] of commands.entries()) t.match(bad[at]?.commands[place], exactly(command), title);
    }
  }
});

t.test('what follows from a failure is not called one, and points at it', async (t) => {
  const given = seen(
    { registry: failing('not-found', '404 not found') },
    { status: pollsFail('error polling registry: 404', 6) },
  );
  const stopped = examine(DOCTOR_CHECKS, given).find(({ id }) => id === 'polling-stopped');
  t.strictSame(stopped, {
    id: 'polling-stopped',
    title: 'Stop of polls',
    section: SECTIONS.stopped,
    verdict: 'not-checked',
    found: '6 polls in a row have failed, and there are no more: see "Repository" above',
    commands: [],
  });
});

t.test('each issue of the guide has a check, and each check a section of the guide', async (t) => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/troubleshooting.md'), 'utf8');
  const guide = text.replace(/^( *)```[\s\S]*?^\1```$/gm, '');
  const anchorOf = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-');
  const anchorsIn = (part: string) =>
    [...part.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => `docs/troubleshooting.md#${anchorOf(heading)}`);
  const issues = anchorsIn((/^## Common issues\n([\s\S]*?)^## /m.exec(guide)?.[1] ?? '').replace(/^#### .*$/gm, ''));
  t.ok(issues.length > 10, 'there are some');
  const named = DOCTOR_CHECKS.map(({ section }) => section);
  t.strictSame(
    issues.filter((issue) => !named.includes(issue as (typeof named)[number])),
    [],
  );
  t.strictSame(
    named.filter((section) => !anchorsIn(guide).includes(section)),
    [],
  );
  const ids = DOCTOR_CHECKS.map(({ id }) => id);
  t.strictSame(ids, [...new Set(ids)], 'each has an id of its own');
  const causes = DOCTOR_CHECKS.flatMap(({ causes: all = [] }) => (all === '*' ? [] : all));
  t.strictSame(
    causes.filter((cause) => !ids.includes(cause)),
    [],
    'and names others by theirs',
  );
});
