import { patchCommand, reconcileCommand } from '../../api/kubectl-command.js';
import { targetNamespaceOf } from '../../api/names.js';
import {
  firstRefOf,
  referenceFor,
  referencesOf,
  type ValuesReference,
  valuesSourceOf,
} from '../../api/references/references.js';
import { ACCEPT_BUNDLES_FROM, checkTargetNamespace } from '../../api/references/target-namespace.js';
import { missingSource } from '../../api/values/problem.js';
import { accessesText } from '../diagnosis/ask-rights.js';
import { type CheckRow, failed, type Judgement, notChecked, ok, quoting, warning } from '../diagnosis/check.js';
import { wayToRights } from './grants.js';
import type { Observation, SourceView } from './observation.js';
import { SECTIONS } from './sections.js';
import { controllerSays, currentCondition, refOfBundle } from './status-words.js';

type Row = CheckRow<Observation>;

const targetFaults = (seen: Observation) => {
  const { bundle, operator } = seen;
  const reference = referenceFor(referencesOf(bundle, bundle.metadata.namespace), 'target-namespace');
  if (reference === undefined || seen.target?.kind !== 'known') return [];
  return checkTargetNamespace(reference, seen.target.value, {
    crossNamespace: 'consent',
    namespace: operator.namespace,
  });
};

const target: Row = {
  id: 'target-namespace',
  title: 'Target namespace',
  section: SECTIONS.serviceAccount,
  judge: (seen) => {
    const name = targetNamespaceOf(seen.bundle);
    if (seen.target === undefined) return ok(`${name}, the bundle's own`);
    const fault = targetFaults(seen).find(({ kind }) => kind !== 'forbidden');
    if (fault !== undefined)
      return failed(fault.text, fault.kind === 'absent' ? [`kubectl create namespace ${name}`] : []);
    if (seen.target.kind === 'known') return ok(`${name} exists`);
    return toldOr(seen, 'NamespaceUnavailable', seen.target.why);
  },
};

/** The controller's words if it waits for this; else why nobody knows. */
const toldOr = (seen: Observation, reason: Parameters<typeof controllerSays>[1][number], why: string): Judgement => {
  const told = controllerSays(seen, [reason]);
  return told === undefined ? notChecked(why) : quoting(told, failed(`${told}, says the controller`));
};

const consent: Row = {
  id: 'consent',
  title: 'Consent of the target namespace',
  section: SECTIONS.refused,
  causes: ['target-namespace'],
  judge: (seen) => {
    if (seen.target === undefined) return ok('none is needed for the own namespace');
    if (seen.target.kind === 'unknown') return toldOr(seen, 'ConsentMissing', seen.target.why);
    if (seen.target.value === undefined) return notChecked('there is no such namespace');
    const fault = targetFaults(seen).find(({ kind }) => kind === 'forbidden');
    if (fault === undefined) return ok('it accepts bundles from this namespace');
    const { namespace } = seen.bundle.metadata;
    const accepted = seen.target.value.metadata.annotations?.[ACCEPT_BUNDLES_FROM];
    const all = accepted === undefined || accepted.trim() === '' ? namespace : `${accepted},${namespace}`;
    const command = `kubectl annotate namespace ${fault.name} --overwrite ${ACCEPT_BUNDLES_FROM}=${all}`;
    const said = `namespace ${fault.name} does not accept bundles from namespace ${namespace}`;
    const isDeployed = currentCondition(seen, 'Ready')?.status === 'True';
    return isDeployed
      ? warning(`${said}; the next deployment waits for it, unless the platform needs no consent`, [command])
      : failed(said, [command]);
  },
};

const accountOf = ({ bundle }: Observation) =>
  referenceFor(referencesOf(bundle, bundle.metadata.namespace), 'service-account');

const serviceAccount: Row = {
  id: 'service-account',
  title: 'ServiceAccount',
  section: SECTIONS.serviceAccount,
  causes: ['target-namespace'],
  judge: (seen) => {
    const reference = accountOf(seen);
    const namespace = targetNamespaceOf(seen.bundle);
    if (reference === undefined || seen.account === undefined)
      return ok(`the spec names none: the Job runs as default of namespace ${namespace}`);
    const what = `ServiceAccount ${reference.name}`;
    if (seen.account.kind === 'unknown') return toldOr(seen, 'ServiceAccountMissing', seen.account.why);
    if (seen.account.value) return ok(`${what} exists in namespace ${namespace}`);
    // The controller deploys as soon as it exists: its rights come first.
    return failed(`${what} does not exist in namespace ${namespace}`, [
      ...(isBound(seen, reference.name) ? [] : wayOf(seen).commands),
      `kubectl create serviceaccount ${reference.name} -n ${namespace}`,
    ]);
  },
};

const isBound = ({ grants }: Observation, name: string): boolean =>
  grants.kind === 'known' && grants.value.bindings.some(({ accounts }) => accounts.includes(name));

/** How what the Job runs as comes to its rights. */
const wayOf = (seen: Observation) => {
  const account = { namespace: targetNamespaceOf(seen.bundle), name: accountOf(seen)?.name ?? 'default' };
  return wayToRights(account, seen.grants, (serviceAccountName) =>
    patchCommand(refOfBundle(seen.bundle), { spec: { converge: { serviceAccountName } } }),
  );
};

/** What it lacked when the Job failed may have been given since. */
const mayAllNow = ({ missingRights }: Observation): boolean =>
  missingRights.kind === 'known' && missingRights.value.length === 0;

const LACKS = 'which lacks this right';

const rights: Row = {
  id: 'rights',
  title: 'Rights of the ServiceAccount',
  section: SECTIONS.serviceAccount,
  causes: ['target-namespace', 'service-account'],
  judge: (seen) => {
    const namespace = targetNamespaceOf(seen.bundle);
    const name = accountOf(seen)?.name ?? 'default';
    const told = controllerSays(seen, ['DeployFailed']);
    const { words, commands } = wayOf(seen);
    const advice = words === '' ? '' : `. ${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
    if (told?.includes(LACKS) === true && mayAllNow(seen))
      return quoting(
        told,
        failed(
          `${told}. ServiceAccount ${name} may do all that werf itself does now: try again; what the chart needs beyond that, add to its Role`,
          [reconcileCommand(refOfBundle(seen.bundle))],
        ),
      );
    if (told?.includes(LACKS) === true)
      return quoting(told, failed(`${told}${advice}`, [...commands, reconcileCommand(refOfBundle(seen.bundle))]));
    if (seen.missingRights.kind === 'unknown') return notChecked(seen.missingRights.why);
    const missing = seen.missingRights.value;
    if (missing.length === 0)
      return ok('it may do all that werf itself does; what the chart needs beyond that, its Job tells');
    const found = `ServiceAccount ${name} may not ${accessesText(missing)} in namespace ${namespace}, which werf needs`;
    return failed(`${found}${advice}`, commands);
  },
};

const values: Row = {
  id: 'values',
  title: 'Values',
  section: SECTIONS.valuesMissing,
  judge: (seen) => {
    if (seen.sources.length === 0) return ok('they come from the spec and the chart alone');
    return seen.sources.map((source, at) => ({
      ...existenceOf(seen, source, at),
      subject: `${source.reference.kind} ${source.reference.name}`,
    }));
  },
};

const existenceOf = (seen: Observation, { reference, foundIn }: SourceView, index: number): Judgement => {
  if (foundIn.kind === 'unknown') return toldOr(seen, 'ValuesInvalid', foundIn.why);
  if (foundIn.value !== undefined) return ok(`it is in namespace ${foundIn.value}`);
  if (reference.optional) return ok('it does not exist, and is optional');
  const where = {
    index,
    bundleNamespace: seen.bundle.metadata.namespace,
    targetNamespace: targetNamespaceOf(seen.bundle),
  };
  return failed(missingSource(valuesSourceOf(reference), where).text, [createSource(reference)]);
};

/** Creates a source that is missing, with no values in it. */
const createSource = (reference: ValuesReference): string => {
  const { namespace, name } = firstRefOf(reference);
  const kind = reference.kind === 'ConfigMap' ? 'configmap' : 'secret generic';
  return `kubectl create ${kind} ${name} -n ${namespace} --from-literal='${reference.key ?? 'values.yaml'}={}'`;
};

const contents: Row = {
  id: 'contents',
  title: 'Contents of values',
  section: SECTIONS.values,
  causes: ['values'],
  judge: (seen) => [
    ...seen.sources.map((source) => ({
      ...contentsOf(seen, source),
      subject: `${source.reference.kind} ${source.reference.name}`,
    })),
    ...(seen.valuesFaults.length === 0 ? [] : [failed(seen.valuesFaults.join('; '))]),
  ],
};

const contentsOf = (seen: Observation, { reference, foundIn, faults, shadowed }: SourceView): Judgement => {
  if (foundIn.kind === 'unknown') return notChecked(foundIn.why);
  if (foundIn.value === undefined) return notChecked('there are none');
  const named = `${reference.kind.toLowerCase()} ${reference.name} -n ${foundIn.value}`;
  if (faults.length > 0) return failed(faults.join('; '), [`kubectl edit ${named}`]);
  if (shadowed === undefined) return ok('they can be read');
  return warning(
    `that of namespace ${foundIn.value} is used, and the one of namespace ${shadowed} is not; if that is meant, say so`,
    [patchCommand(refOfBundle(seen.bundle), { spec: { converge: { valuesFrom: fromBundle(seen, reference) } } })],
  );
};

/** The whole list, which a merge patch replaces, with the place of one source written down. */
const fromBundle = ({ bundle }: Observation, { index }: ValuesReference) =>
  (bundle.spec.converge?.valuesFrom ?? []).map((source, at) => (at === index ? { ...source, from: 'Bundle' } : source));

const werfKey: Row = {
  id: 'werf-key',
  title: 'Key of encrypted values',
  section: SECTIONS.values,
  judge: (seen) => {
    const { werfKey: secret } = seen.access;
    if (secret === undefined) return [];
    if (secret.kind === 'unknown') return notChecked(secret.why);
    if (secret.value === 'usable') return ok('it is there');
    const { name, text } = secret.value;
    const { namespace } = seen.bundle.metadata;
    const key = seen.bundle.spec.converge?.werfSecretKeyRef?.key ?? 'key';
    return failed(text, [`kubectl create secret generic ${name} -n ${namespace} --from-literal=${key}=KEY`]);
  },
};

/** What the controller has judged by: nobody else has read the chart. */
const chartSchema: Row = {
  id: 'chart-schema',
  title: 'Schema of the chart',
  section: SECTIONS.schema,
  judge: (seen) => {
    const told = controllerSays(seen, ['ValuesRefused']);
    return told === undefined ? ok('no tag is held for it') : quoting(told, failed(told));
  },
};

/** The checks of what a Job needs, beside a tag. */
export const DEPLOY_CHECKS: readonly Row[] = [
  target,
  consent,
  serviceAccount,
  rights,
  values,
  contents,
  chartSchema,
  werfKey,
];
