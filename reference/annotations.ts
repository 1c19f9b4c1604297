import {
  ALLOW_DOWNGRADE,
  APPROVE_PLAN,
  BEFORE_ROLLBACK,
  CONFIRM_IMPACT,
  DEPLOY_REQUESTED,
  DISMISS_REQUIRED,
  FLUX_RECONCILE_REQUESTED,
  MISSING_REFERENCES,
  RECONCILE_REQUESTED,
  REFUSED_VALUES,
  RELEASE_HOLD_REQUESTED,
  ROLLBACK_TO,
} from '../api/annotations.js';
import { FINALIZER } from '../api/finalizer.js';
import { ACCEPT_BUNDLES_FROM } from '../api/references/target-namespace.js';
import { TRACEPARENT } from '../controller/deploy/job-trace.js';
import { ANNOTATIONS, APP_NAME, LABELS, MANAGED_BY, PLAN } from '../controller/deploy/names.js';
import { code, page, table } from './markdown.js';

/** What people and tools write; a spec compares with api/annotations.ts. */
const WRITTEN: readonly (readonly [name: string, on: string, meaning: string])[] = [
  [
    RECONCILE_REQUESTED,
    'a bundle',
    'each new value asks for a look at the registry now, and another try of what failed last',
  ],
  [FLUX_RECONCILE_REQUESTED, 'a bundle', 'the same, as `flux reconcile` writes it'],
  [
    DEPLOY_REQUESTED,
    'a bundle',
    'each new value asks the registry and deploys what it offers, be it the same again (reason `Requested`); if it does not answer, what was deployed last. What is held back stays so',
  ],
  [
    ALLOW_DOWNGRADE,
    'a bundle',
    '`true`: a lower version is deployed when the deployed one is gone from the registry, once two scans agree',
  ],
  [MISSING_REFERENCES, 'a bundle', '`warn` admits it although something that it refers to does not exist yet'],
  [
    REFUSED_VALUES,
    'a bundle',
    '`warn` admits values that the deployed chart refuses by its schema; `deny` lets the values guard refuse what brings such values, which it warns of otherwise',
  ],
  [DISMISS_REQUIRED, 'a bundle', '`true`: with `deletionPolicy: Dismiss` it goes only when its release is uninstalled'],
  [
    ROLLBACK_TO,
    'a bundle',
    'written by `werfbundle rollback`: as long as it is there, this tag is wanted, whatever `spec.registry` chooses; `werfbundle release-hold` takes it away',
  ],
  [
    RELEASE_HOLD_REQUESTED,
    'a bundle',
    'written by `werfbundle release-hold`: each new value lets go what is held since it failed (`spec.converge.onFailure: Return`)',
  ],
  [
    APPROVE_PLAN,
    'a bundle',
    'the `hash` of `status.plan`: with `deletions: Hold` approves that this very plan is carried out; needs the verb `approve` on `werfbundles`',
  ],
  [
    BEFORE_ROLLBACK,
    'a bundle',
    'written by `werfbundle rollback --pin`, which reads it when it pins another tag: what chose the tag before; the controller does not look at it',
  ],
  [
    CONFIRM_IMPACT,
    'a manifest',
    'the code that `werfbundle impact`, or a refusal, prints of its content: confirms that it hits more bundles than `--max-impact`, that of the command or of the webhook',
  ],
  [ACCEPT_BUNDLES_FROM, 'a namespace', 'namespaces whose bundles may deploy here, separated by commas; `*` for all'],
];

const LABEL_MEANINGS: Readonly<Record<keyof typeof LABELS, string>> = {
  name: `always \`${APP_NAME}\``,
  instance: 'the bundle',
  managedBy: `always \`${MANAGED_BY}\``,
  bundle: 'the bundle',
  bundleNamespace: 'its namespace',
  bundleUid: 'its uid',
  job: 'on a Secret: the Job that it was made for',
  jobKind: `\`${PLAN}\` on what belongs to a check for drift, or to a plan before a deployment; a deployment's has none`,
};

const ANNOTATION_MEANINGS: Readonly<Record<keyof typeof ANNOTATIONS, string>> = {
  bundle: 'the bundle, where the label would have to cut it',
  bundleNamespace: 'its namespace, as whole',
  number: 'the number of the deployment',
  tag: 'the tag that is deployed',
  digest: "the tag's digest when that was decided",
  reason: 'why there is the deployment: `status.deployment.reason`',
  checksum: 'of the spec as far as it is deployed, and of the values; keyed',
  driftCheck: 'on what belongs to a check for drift: its number',
  plan: 'on what belongs to a plan before a deployment: its number',
  savedPlan:
    'on the Job of a plan that werf saves, and on that of a deployment which applies it: the number of the plan',
  operatorVersion: 'the version of the controller',
  secrets: 'on a Job: the names of its Secrets, separated by commas',
  signature: "on a Job's template: proof that the controller has made the Job",
};

const ABOUT = `The names that stand on objects, and who writes them. What others write into the controller's own moves nothing:
[docs/security.md](../security.md#what-others-may-write).`;

export const annotationsPage = (): string =>
  page({ title: 'Annotations, labels and finalizers', from: 'the names in the code', about: ABOUT }, [
    {
      heading: 'Annotations that you write',
      text: table(
        ['Annotation', 'On', 'Meaning'],
        WRITTEN.map(([name, on, meaning]) => [code(name), on, meaning]),
      ),
    },
    {
      heading: 'Labels of Jobs, their Pods and Secrets',
      text: `Values that are too long for a label are cut and hashed; the annotations below have them in full.

${table(
  ['Label', 'Meaning'],
  Object.entries(LABELS).map(([key, name]) => [code(name), LABEL_MEANINGS[key as keyof typeof LABELS]]),
)}`,
    },
    {
      heading: 'Annotations of Jobs, their Pods and Secrets',
      text: table(
        ['Annotation', 'Meaning'],
        [
          ...Object.entries(ANNOTATIONS).map(([key, name]) => [
            code(name),
            ANNOTATION_MEANINGS[key as keyof typeof ANNOTATIONS],
          ]),
          [code(TRACEPARENT), "on a Job's template, if there are [traces](../traces.md): its place in one"],
        ],
      ),
    },
    {
      heading: 'Finalizer',
      text: `\`${FINALIZER}\` stands on a bundle while its deletion has to wait for something:
[deletionPolicy](../configuration.md#deletionPolicy).`,
    },
  ]);
