import { Command } from 'commander';
import type { StoredBundle } from '../../api/werfbundle.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { Semaphore } from '../../process/semaphore.js';
import { findBundle } from '../cluster/bundle-argument.js';
import { noBundleText } from '../cluster/no-bundle.js';
import { type ClusterOptions, withClusterOptions } from '../cluster/options.js';
import { inCluster, type Session } from '../cluster/session.js';
import type { CommandBuilder } from '../command-builder.js';
import { misuse } from '../command-error.js';
import { examine } from '../diagnosis/examine.js';
import { asJsonText, asYamlText, withOutput } from '../output/format.js';
import { registryFromHere } from '../registry-from-here.js';
import type { Terminal } from '../terminal.js';
import { type AskedRegistry, askingOnce } from './ask-registry.js';
import { DOCTOR_CHECKS } from './checks.js';
import { Observer } from './observe.js';
import { type Diagnosis, diagnosesObject, diagnosesText, diagnosisObject, diagnosisText, isFailed } from './report.js';

export interface DoctorOptions extends ClusterOptions {
  readonly all?: true;
  readonly allNamespaces?: true;
  /** False with `--no-registry`. */
  readonly registry: boolean;
  readonly operatorNamespace?: string;
  readonly output?: 'json' | 'yaml';
}

const DESCRIPTION = [
  'Runs the troubleshooting guide as checks of one bundle, or of all, with your own rights: what was found, and the command that mends it. What you may not see is "not checked", and nothing of a Secret is printed. The registry is asked from this machine, with the credentials of the bundle\'s Secret if you may read it.',
  'Exit code 0: nothing failed; 1: something failed, or the bundle is not there; 2: wrong use, or no cluster.',
].join('\n\n');

/** `werfbundle doctor` */
export const doctorCommand: CommandBuilder = (terminal) => {
  const command = new Command('doctor')
    .summary('find out what is wrong with a bundle, and the command that mends it')
    .description(DESCRIPTION)
    .argument('[name]', 'NAME or wb/NAME')
    .option('--all', 'all bundles of the namespace, or with -A of all namespaces')
    .option('-A, --all-namespaces', 'with --all: of all namespaces')
    .option('--no-registry', "asks no registry: the controller's last poll counts")
    .option('--operator-namespace <name>', "where webhook and controller run, if that can't be found out");
  return withOutput(withClusterOptions(command), ['json', 'yaml']).action(
    (name: string | undefined, options: DoctorOptions) => {
      refuseContradiction(name, options);
      return inCluster(terminal, options, (session) => withRegistry({ terminal, session }, name, options));
    },
  );
};

const refuseContradiction = (name: string | undefined, { all, allNamespaces }: DoctorOptions): void => {
  const isForAll = all === true || allNamespaces === true;
  if (name === undefined && !isForAll) throw misuse('give the name of a bundle, or --all');
  if (name !== undefined && isForAll) throw misuse('a name excludes --all and --all-namespaces');
};

/** How many bundles are looked at side by side. */
const AT_ONCE = 8;

interface Place {
  readonly terminal: Terminal;
  readonly session: Session;
}

const withRegistry = async (place: Place, name: string | undefined, options: DoctorOptions): Promise<void> => {
  if (!options.registry) return diagnose(place, { name, registry: undefined }, options);
  const registry = registryFromHere(place.terminal.clock);
  try {
    await diagnose(place, { name, registry: askingOnce(registry) }, options);
  } finally {
    await registry.close();
  }
};

/** Examines one bundle, or all, and prints what was found. @throws CommandError, KubeError */
export const diagnose = async (
  { terminal, session }: Place,
  { name, registry }: { readonly name: string | undefined; readonly registry: AskedRegistry | undefined },
  options: Omit<DoctorOptions, 'registry'>,
): Promise<void> => {
  session.tell('reading the bundles');
  const bundles = name === undefined ? await allBundles(session, options) : [await findBundle(session, name)];
  const { operatorNamespace } = options;
  const observer = new Observer({ client: session.client, clock: terminal.clock, registry, operatorNamespace });
  const slots = new Semaphore(AT_ONCE);
  let done = 0;
  const diagnosed = async (bundle: StoredBundle): Promise<Diagnosis> => {
    const observation = await observer.observe(bundle, session.signal);
    done += 1;
    session.tell(`looked at ${done} of ${bundles.length} bundles`);
    return { bundle: observation.bundle, checks: examine(DOCTOR_CHECKS, observation) };
  };
  session.tell(`looking at ${bundles.length === 1 ? 'the bundle' : `${bundles.length} bundles`}`);
  const diagnoses = await Promise.all(bundles.map((bundle) => slots.run(() => diagnosed(bundle))));
  const where = { allNamespaces: options.allNamespaces === true, isFiltered: false };
  if (bundles.length === 0 && options.output === undefined) terminal.err(await noBundleText(session, where));
  session.quiet();
  print(terminal, { diagnoses, isSingle: name !== undefined }, options);
  terminal.end(diagnoses.some(isFailed) ? 1 : 0);
};

const allBundles = async (session: Session, { allNamespaces }: Omit<DoctorOptions, 'registry'>) => {
  const where = { ...(allNamespaces !== true && { namespace: session.namespace }) };
  const { items }: { readonly items: readonly StoredBundle[] } = await session.client.list(
    WERFBUNDLES,
    where,
    session.signal,
  );
  return items;
};

const print = (
  terminal: Terminal,
  { diagnoses, isSingle }: { readonly diagnoses: readonly Diagnosis[]; readonly isSingle: boolean },
  { output }: Pick<DoctorOptions, 'output'>,
): void => {
  const [only] = diagnoses;
  if (output !== undefined) {
    const value = isSingle && only !== undefined ? diagnosisObject(only) : diagnosesObject(diagnoses);
    terminal.out(output === 'json' ? asJsonText(value) : asYamlText(value));
  } else if (only !== undefined)
    terminal.out(isSingle ? diagnosisText(only, terminal) : diagnosesText(diagnoses, terminal));
};
