import type { AdmissionRequest } from '../../admission/admission-request.js';
import { annotationValues } from '../../admission/annotation-values.js';
import { decodeBundle } from '../../admission/decode.js';
import { specRules } from '../../admission/judge-spec.js';
import { mutate } from '../../admission/mutate.js';
import { createPolicyCheck } from '../../admission/policy.js';
import { type Finding, weigh } from '../../admission/references/finding.js';
import type { ParseValues } from '../../admission/references/ports.js';
import { createReferencesJudge, strictnessFor } from '../../admission/references/references-check.js';
import { validate } from '../../admission/validate.js';
import { judgeValues } from '../../admission/values/judge-values.js';
import { checkable } from '../../admission/values/limits.js';
import type { Check, Findings, Verdict } from '../../admission/verdict.js';
import { withDefaults } from '../../api/defaults.js';
import type { ValuesProblem } from '../../api/values/problem.js';
import type { ResolveInput } from '../../api/values/resolve.js';
import { API_VERSION, GROUP, KIND, PLURAL, VERSION } from '../../api/werfbundle.js';
import type { Clock } from '../../process/ports.js';
import type { Config } from '../../webhook/config.js';
import { type BundleManifest, bundleOf } from './bundle-manifest.js';
import { textAt } from './manifests.js';
import type { BundleView, ObjectSource } from './object-source.js';

/** What the webhook finds, and what could not be checked. */
export interface Admission extends Findings {
  /** References whose objects could not be found out. */
  readonly open: readonly Extract<Finding, { kind: 'missing' | 'unchecked' }>[];
  /** Problems of values with the source that they come from. */
  readonly values: readonly ValuesProblem[];
  /** The values that were judged, with what was found of their sources; undefined if it did not come to that. */
  readonly given: ResolveInput | undefined;
  /** Why it could not be found out which bundles claim which release. */
  readonly releasesFault: string | undefined;
}

export interface AdmissionDeps {
  readonly source: ObjectSource;
  readonly config: Config;
  readonly clock: Clock;
}

/** Time for the look-ups of one bundle, milliseconds; a person has more patience than an apiserver. */
const WITHIN_MS = 30_000;

/** Judges a bundle by the webhook's own code, /mutate first and then /validate, as if somebody created it now. */
export const admit = async (deps: AdmissionDeps, bundle: BundleManifest): Promise<Admission> => {
  const view = await deps.source.viewOf(bundle);
  const request = requestFor(deps.source, bundle);
  const open: Admission['open'][number][] = [];
  const values: ValuesProblem[] = [];
  const given: ResolveInput[] = [];
  const checks = checksFor({ ...deps, view, open, values, given });
  const time = new AbortController();
  const first = await mutate(request, { checks, now: deps.clock.now() }, time);
  const verdict = first.kind === 'allow' ? await validate(defaulted(request), { checks }, time) : first;
  return { ...findingsOf(verdict), open, values, given: given.at(-1), releasesFault: view.releasesFault() };
};

/** The admission request, as the apiserver would make it. */
const requestFor = (source: ObjectSource, bundle: BundleManifest): AdmissionRequest => {
  const request = {
    kind: { group: GROUP, version: VERSION, kind: KIND },
    resource: { group: GROUP, version: VERSION, resource: PLURAL },
    name: textAt(bundle, 'metadata', 'name'),
    namespace: bundle.namespace,
    operation: 'CREATE',
    userInfo: source.requester,
    object: bundleOf(bundle),
  };
  const decoded = decodeBundle({ kind: 'review', uid: '', request });
  if (decoded.kind !== 'request') throw new Error(`the webhook does not take a ${API_VERSION} ${KIND}`);
  return { ...decoded.request, withinMs: WITHIN_MS };
};

const defaulted = (request: AdmissionRequest): AdmissionRequest => ({
  ...request,
  object: { ...request.object, spec: withDefaults(request.object.spec) },
});

const findingsOf = (verdict: Verdict): Findings =>
  verdict.kind === 'allow' || verdict.kind === 'deny'
    ? { problems: verdict.kind === 'deny' ? verdict.problems : [], warnings: verdict.warnings }
    : { problems: [], warnings: [] };

type ChecksDeps = AdmissionDeps & {
  readonly view: BundleView;
  readonly open: Admission['open'][number][];
  readonly values: ValuesProblem[];
  readonly given: ResolveInput[];
};

const checksFor = ({ source, config, clock, view, open, values, given }: ChecksDeps): readonly Check[] => {
  const settings = { ...config, authorize: source.authorize, operator: config };
  const references = createReferencesJudge({
    client: view.client,
    clock,
    metrics: { lookedUp: () => {} },
    releases: view.releases,
    parseValues: parsingValues(values, given),
    settings,
  });
  const isOpen = (finding: Finding): finding is Admission['open'][number] =>
    finding.kind === 'unchecked' || (finding.kind === 'missing' && source.unknown !== undefined);
  const known: Check = async (request, time) => {
    const found = await references(request, time);
    open.push(...found.filter(isOpen));
    return weigh(
      found.filter((finding) => !isOpen(finding)),
      strictnessFor(settings, request),
    );
  };
  const { stored } = view;
  // Checks the fields that must not change in a stored bundle; everything else is judged as if it were new.
  const fixed: Check = (request) =>
    stored === undefined ? { problems: [], warnings: [] } : specRules({ ...request, oldObject: stored });
  return [specRules, annotationValues, fixed, known, createPolicyCheck(config)];
};

/** Parses values as the webhook does, but on this thread, since nobody else waits. Keeps the problems, which have positions. */
const parsingValues =
  (collected: ValuesProblem[], asked: ResolveInput[]): ParseValues =>
  async (given) => {
    asked.push(given);
    const { question, warnings } = checkable(given);
    const findings = judgeValues(question);
    collected.push(...findings.problems);
    return { kind: 'judged', problems: findings.problems, warnings: [...warnings, ...findings.warnings] };
  };
