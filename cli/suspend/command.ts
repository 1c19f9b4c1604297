import { Command } from 'commander';
import type { StoredBundle } from '../../api/werfbundle.js';
import { changeBundle } from '../cluster/change-bundle.js';
import { type Choice, chosenBundles, refuseUnclear, withChoice } from '../cluster/chosen-bundles.js';
import { notesOnManagers } from '../cluster/manager-words.js';
import { type ClusterOptions, withClusterOptions } from '../cluster/options.js';
import { inCluster, type Session } from '../cluster/session.js';
import type { CommandBuilder } from '../command-builder.js';
import { folded } from '../output/fold.js';
import { type Format, withOutput } from '../output/format.js';
import { fullName, objectsText } from '../output/object-text.js';
import type { Terminal } from '../terminal.js';
import { seenResumed } from './seen-resumed.js';
import { goesOn } from './words.js';

export interface SuspendOptions extends ClusterOptions, Choice {
  readonly output?: Extract<Format, 'name' | 'json' | 'yaml'>;
}

interface Deps {
  readonly terminal: Terminal;
  readonly session: Session;
}

const EXIT_CODES =
  'Exit code 0: it is so now, or was already; 1: a bundle is not there, or the cluster refused; 2: wrong use, or no cluster.';

/** `werfbundle suspend` */
export const suspendCommand: CommandBuilder = (terminal) =>
  build(
    'suspend',
    'poll and deploy nothing for some bundles (spec.suspend)',
    'A suspended bundle is not polled, and nothing of it is begun. A Job whose werf has started runs on to its end, what is deployed stays, and a deletion is not held up.',
    terminal,
  );

/** `werfbundle resume` */
export const resumeCommand: CommandBuilder = (terminal) =>
  build(
    'resume',
    'end a suspension: the registry is asked at once',
    'Says what the controller makes of it, and whether it suspends all bundles itself (--suspend-all).',
    terminal,
  );

const build = (name: 'suspend' | 'resume', summary: string, what: string, terminal: Terminal): Command => {
  const command = withChoice(new Command(name).summary(summary).description(`${what}\n\n${EXIT_CODES}`));
  return withOutput(withClusterOptions(command), ['name', 'json', 'yaml']).action(
    (names: string[], options: SuspendOptions) => {
      refuseUnclear(names, options);
      const run = name === 'suspend' ? suspendBundles : resumeBundles;
      return inCluster(terminal, options, (session) => run({ terminal, session }, names, options));
    },
  );
};

/** Suspends bundles. @throws CommandError, KubeError */
export const suspendBundles = async (deps: Deps, names: readonly string[], options: SuspendOptions): Promise<void> => {
  const { terminal } = deps;
  for (const { bundle, isPatched } of await setAll(deps, names, { options, suspend: true }))
    if (isPatched) for (const note of goesOn(bundle)) tellOf(terminal, bundle, note);
  terminal.end(0);
};

/** Ends the suspension of bundles. @throws CommandError, KubeError */
export const resumeBundles = async (deps: Deps, names: readonly string[], options: SuspendOptions): Promise<void> => {
  const { terminal, session } = deps;
  const done = await setAll(deps, names, { options, suspend: false });
  session.tell('waiting for the controller to look');
  const seen = await Promise.all(done.map(({ bundle }) => seenResumed(deps, bundle)));
  session.quiet();
  for (const [at, { bundle }] of done.entries()) tellOf(terminal, bundle, seen[at] ?? '');
  terminal.end(0);
};

const tellOf = (terminal: Terminal, { metadata }: StoredBundle, note: string): void =>
  terminal.err(`${folded(`${metadata.name}: ${note}`, { columns: terminal.errColumns, indent: 2 })}\n`);

interface Done {
  readonly bundle: StoredBundle;
  readonly isPatched: boolean;
}

/** Sets spec.suspend where it is otherwise: prints what those who manage a bundle will make of it before, and after it what became of it. */
const setAll = async (
  { terminal, session }: Deps,
  names: readonly string[],
  { options, suspend }: { readonly options: SuspendOptions; readonly suspend: boolean },
): Promise<readonly Done[]> => {
  session.tell('reading the bundles');
  const done: Done[] = [];
  for (const bundle of await chosenBundles(session, names, options)) {
    const patchFor = ({ spec }: StoredBundle) =>
      (spec.suspend ?? false) === suspend ? undefined : { spec: { suspend } };
    // Before the change, which makes the field ours.
    const notes = patchFor(bundle) === undefined ? [] : await notesOnManagers(session, bundle, CHANGES[`${suspend}`]);
    session.quiet();
    for (const note of notes) tellOf(terminal, bundle, note);
    const result = await changeBundle(session, bundle, { patchFor });
    done.push(result);
    if (options.output === undefined)
      terminal.out(`${fullName(result.bundle)} ${wordFor(suspend, result.isPatched)}\n`);
  }
  if (options.output !== undefined) {
    const bundles = done.map(({ bundle }) => bundle);
    terminal.out(objectsText(options.output, bundles, names.length === 1));
  }
  return done;
};

const PATHS = [['spec', 'suspend']];
const CHANGES = {
  true: { paths: PATHS, inGit: 'set spec.suspend: true' },
  false: { paths: PATHS, inGit: 'take spec.suspend away', isDefault: true },
} as const;

const wordFor = (suspend: boolean, isPatched: boolean): string => {
  if (suspend) return isPatched ? 'suspended' : 'is suspended already';
  return isPatched ? 'resumed' : 'is not suspended by its spec';
};
