import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { parseSpec, type Settings } from '../../api/settings.js';
import { deliveryOf } from '../../api/values/delivery.js';
import { werfVersionIn } from '../../api/werf-version.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { WERF_IMAGE } from '../../controller/config.js';
import { presentSecrets } from '../../controller/deploy/secrets.js';
import { KubeError } from '../../kube/client.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { findBundle } from '../cluster/bundle-argument.js';
import { kubeFailure } from '../cluster/kube-failure.js';
import { type ClusterOptions, withClusterOptions } from '../cluster/options.js';
import { inCluster, type Session } from '../cluster/session.js';
import type { CommandBuilder } from '../command-builder.js';
import { CommandError, misuse } from '../command-error.js';
import { goodDeployment, heldValues } from '../diagnosis/held-values.js';
import { asApplied, findBundleFile } from '../explain/bundle-file.js';
import { secretContentsOf } from '../explain/explain-job.js';
import { explainTag } from '../explain/explain-tag.js';
import { resolvedOf } from '../explain/explain-values.js';
import { gather } from '../explain/gather.js';
import type { Seen } from '../explain/observe.js';
import { clusterReader, inputReader, type Reader } from '../explain/read.js';
import { folded } from '../output/fold.js';
import { asJsonText, asYamlText, type Format, withOutput } from '../output/format.js';
import { type OpenRegistry, registryFromHere } from '../registry-from-here.js';
import type { Terminal } from '../terminal.js';
import { timeoutIn } from '../timeout.js';
import { planObjects } from './plan-objects.js';
import { isChange, madePlan, recordedPlan, recordedText, unlikeRecorded } from './recorded.js';
import { reportOf, reportText } from './report.js';
import { plannable } from './requirements.js';
import { type PlanEnd, runPlan } from './run-plan.js';

export interface DiffOptions extends ClusterOptions {
  readonly filename?: readonly string[];
  readonly tag?: string;
  readonly image?: string;
  readonly timeout?: string;
  readonly recorded?: true;
  readonly output?: Extract<Format, 'json' | 'yaml'>;
}

const DESCRIPTION = [
  'Says what the next deployment of a bundle would change, by a Job with werf bundle plan, made with your own rights and deleted afterwards. It changes nothing that is deployed.',
  'What the controller has planned before its next deployment (spec.converge.plan, spec.converge.deletions) is printed first; --recorded prints only that, which needs no right but to read the bundle.',
  'You need to be able to read the Secrets that the bundle uses, and to create and delete Jobs and Secrets in the target namespace. What comes from a Secret is *** in the output.',
  'Exit code 0: nothing would change; 1: something would; 2: it could not be found out, or wrong use.',
].join('\n\n');

/** `werfbundle diff` */
export const diffCommand: CommandBuilder = (terminal) => {
  const command = new Command('diff')
    .summary('say what the next deployment would change, by werf bundle plan')
    .description(DESCRIPTION)
    .argument('[name]', 'NAME or wb/NAME; with -f it may be left out')
    .option(
      '-f, --filename <file>',
      'of a bundle of this file or folder, as if it were applied; may be repeated',
      appended,
    )
    .option('--tag <tag>', 'of this tag, whatever the bundle asks for')
    .option('--image <image>', "with werf in it, where the spec names none; that of the bundle's last Job, if left out")
    .option('--recorded', 'only what the controller has planned, counts and names, without a Job')
    .option('--timeout <duration>', 'how long to wait, such as 10m; spec.converge.timeout, if left out');
  return withOutput(withClusterOptions(command), ['json', 'yaml']).action(
    (name: string | undefined, options: DiffOptions) =>
      inCluster(terminal, options, (session) => diff({ terminal, session }, name, options)),
  );
};

const appended = (path: string, all: readonly string[] = []): readonly string[] => [...all, path];

interface Deps {
  readonly terminal: Terminal;
  readonly session: Session;
  /** This machine's, unless it is given. */
  readonly openRegistry?: OpenRegistry;
}

/** Prints what the next deployment would change. @throws CommandError, always with exit code 2: 1 is a difference */
export const diff = async (deps: Deps, name: string | undefined, options: DiffOptions): Promise<void> => {
  try {
    await planned(deps, name, options);
  } catch (error) {
    if (error instanceof CommandError) throw misuse(...error.lines);
    if (error instanceof KubeError) throw misuse(...kubeFailure(error, deps.session).lines);
    throw error;
  }
};

const planned = async (deps: Deps, name: string | undefined, options: DiffOptions): Promise<void> => {
  const { terminal, session } = deps;
  if (options.timeout !== undefined) timeoutIn(options.timeout);
  session.tell('reading the bundle');
  if (options.recorded === true) return await printRecorded(deps, name, options);
  const found = await bundleOf(session, name, options);
  const { bundle } = found;
  const settings = settingsOf(bundle, options);
  const recorded = isOfNext(options) ? recordedPlan(bundle) : undefined;
  const { tag, digest, end } = await planNow(deps, { ...found, settings }, options).finally(() => {
    session.quiet();
    // Also where the plan of the user's own fails, who may lack a right to it.
    if (recorded !== undefined && options.output === undefined) terminal.out(`${recordedText(bundle, terminal)}\n`);
  });
  const { namespace, name: bundleName } = bundle.metadata;
  const { targetNamespace } = settings.converge;
  const of = { namespace, name: bundleName, targetNamespace, tag, ...(recorded !== undefined && { recorded }) };
  const report = reportOf(of, end);
  const { output } = options;
  terminal.out(
    output === undefined ? reportText(report, terminal) : output === 'json' ? asJsonText(report) : asYamlText(report),
  );
  const unlike = recorded === undefined ? undefined : unlikeRecorded(bundle, { tag, end });
  for (const note of [unlike, heldNote(bundle, { settings, digest })])
    if (note !== undefined) terminal.err(`${folded(note, { columns: terminal.errColumns, indent: 2 })}\n`);
  terminal.end(report.result === 'changes' ? 1 : 0);
};

/** By a Job of the user's own. @throws CommandError, KubeError */
const planNow = async (
  { terminal, session, openRegistry = registryFromHere }: Deps,
  { bundle, read, file, settings }: Found & { readonly settings: Settings },
  options: DiffOptions,
): Promise<{ readonly tag: string; readonly digest: string; readonly end: PlanEnd }> => {
  const timeoutMs = options.timeout === undefined ? settings.converge.timeoutMs : timeoutIn(options.timeout);
  const { client, tell, signal } = session;
  const seen = await gather(
    { clock: terminal.clock, read, client, openRegistry, tell, signal },
    { bundle, settings, file },
  );
  const { tag, digest, objects } = prepared(seen, options);
  const end = await runPlan({ client, clock: terminal.clock, tell, signal, timeoutMs }, objects);
  if (end.result.kind === 'failed')
    throw new CommandError([...end.log.trimEnd().split('\n').slice(-LOG_SHOWN), end.result.message]);
  return { tag, digest, end };
};

/** What was compared while the present values are held; undefined: they are not, or the plan is of another digest. */
const heldNote = (
  bundle: StoredBundle,
  { settings, digest }: { readonly settings: Settings; readonly digest: string },
): string | undefined => {
  const hold = heldValues(bundle, settings);
  if (hold === undefined || hold.good.digest !== digest) return undefined;
  const { namespace, name } = bundle.metadata;
  return `the present values, or the present spec, are held: deployment ${hold.number} failed with them. The plan compares them with what is deployed, which has those of ${goodDeployment(hold)}; they are not deployed before they change, or are let go: werfbundle release-hold ${name} -n ${namespace}`;
};

/** Whether it is asked for what the controller deploys next, and not for something that it does not know. */
const isOfNext = ({ filename, tag, image }: DiffOptions): boolean =>
  filename === undefined && tag === undefined && image === undefined;

const printRecorded = async (
  { terminal, session }: Deps,
  name: string | undefined,
  options: DiffOptions,
): Promise<void> => {
  if (!isOfNext(options) || name === undefined)
    throw misuse('--recorded: give the NAME of a bundle, and neither --filename nor --tag nor --image');
  const bundle = await findBundle(session, name);
  const plan = madePlan(bundle);
  session.quiet();
  if (options.output === undefined) terminal.out(recordedText(bundle, terminal));
  else terminal.out((options.output === 'json' ? asJsonText : asYamlText)(recordedPlan(bundle)));
  terminal.end(isChange(plan) ? 1 : 0);
};

/** Of the log of a plan that failed, so many lines are shown. */
const LOG_SHOWN = 20;

interface Found {
  readonly bundle: StoredBundle;
  readonly read: Reader;
  /** Where the bundle is from, if that is no cluster. */
  readonly file: string | undefined;
}

const bundleOf = async (session: Session, name: string | undefined, { filename }: DiffOptions): Promise<Found> => {
  const { client, signal, namespace } = session;
  const cluster = clusterReader(client, signal);
  if (filename === undefined) {
    if (name === undefined) throw misuse('diff: give the NAME of a bundle, or -f FILE');
    return { bundle: await findBundle(session, name), read: cluster, file: undefined };
  }
  const found = await findBundleFile({ paths: filename, argument: name, namespace });
  const { metadata } = asApplied(found, undefined);
  const stored = await client.get(WERFBUNDLES, { namespace: metadata.namespace, name: metadata.name }, signal);
  const read = inputReader({ objects: found.objects, near: found.manifest.file, otherwise: cluster });
  return { bundle: asApplied(found, stored), read, file: found.manifest.file };
};

/** @throws CommandError for a spec that is not valid */
const settingsOf = (bundle: StoredBundle, { tag, image }: DiffOptions): Settings => {
  const spec = parseSpec(bundle);
  const { namespace, name } = bundle.metadata;
  if (spec.kind === 'invalid')
    throw new CommandError([
      `WerfBundle ${namespace}/${name} is not valid, so nothing would be deployed:`,
      ...spec.problems.map(({ field, message }) => `${field}: ${message}`),
    ]);
  const { registry, converge } = spec.settings;
  return {
    ...spec.settings,
    registry: tag === undefined ? registry : { ...registry, policy: { tag } },
    converge: image === undefined || converge.image !== undefined ? converge : { ...converge, image },
  };
};

/** @throws CommandError for what the plan lacks */
const prepared = (seen: Seen, options: DiffOptions) => {
  const resolved = resolvedOf(seen);
  // A tag that is named is meant, lower or not.
  const explained = explainTag(options.tag === undefined ? seen : withoutStatus(seen));
  const what = plannable(seen, { tag: explained, resolved });
  if (what.kind === 'lacking') throw new CommandError(what.lines);
  const image = seen.settings.converge.image ?? seen.lastImage ?? WERF_IMAGE;
  const version = werfVersionIn(image, { werfImage: '', werfVersion: undefined });
  if (version.kind === 'known' && version.plan === 'none')
    throw new CommandError([
      `werf ${version.text} has no "bundle plan": 2.53 or later is needed; --image names another one`,
    ]);
  const contents = secretContentsOf(seen, what.resolved);
  const { namespace, name, uid } = seen.bundle.metadata;
  const parameters = {
    bundle: { namespace, name, uid },
    deployment: {
      number: 0,
      tag: what.tag,
      digest: what.digest,
      checksum: '',
      jobName: jobName(name),
      reason: 'DriftCheck' as const,
    },
    settings: seen.settings,
    werfImage: image,
    valuesArgs: deliveryOf(what.resolved.leaves).args,
    secrets: presentSecrets(contents),
    operatorVersion: '',
    template: undefined,
  };
  const key = { id: 'diff', secret: randomBytes(32) };
  return { tag: what.tag, digest: what.digest, objects: planObjects(parameters, { contents, key }) };
};

const withoutStatus = (seen: Seen): Seen => {
  const { status: _, ...bundle } = seen.bundle;
  return { ...seen, bundle };
};

/** So that its Secrets' names and the Pod's label have room. */
const LONGEST_NAME = 40;

const jobName = (bundle: string): string =>
  `${bundle.replaceAll('.', '-').slice(0, LONGEST_NAME).replace(/-+$/, '')}-diff-${randomBytes(4).toString('hex')}`;
