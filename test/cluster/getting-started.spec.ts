import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { COMMANDS } from '../../cli/commands.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { killGroup, spawnUnderWatch } from '../../playground/control-plane/supervised-process.js';
import { scenarioIn, TIME_SCALE } from '../kit/bundle-scenario.js';
import { binariesOfThisRun } from '../kit/cluster.js';
import { type DeployFixture, startDeployFixture } from '../kit/deploy-fixture.js';
import { recordWatch } from '../kit/record-watch.js';

// docs/getting-started.md, walked: each block of commands is run as it stands there, in its order, in the playground's parts, and shows what
// stands below it. What of the command line is not there yet is done by other means, or left out, until it is.

const ROOT = join(import.meta.dirname, '..', '..');

/** Commands, and the lines that they are to show. */
interface Step {
  readonly commands: string;
  readonly shows: readonly string[];
}

const stepsIn = (text: string): readonly Step[] =>
  [...text.matchAll(/^```bash\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?/gm)].map(
    ([, commands = '', shown = '']) => ({ commands, shows: shown.split('\n').filter((line) => line.trim() !== '') }),
  );

/** `…` stands for anything within a line, white space for any of it. */
const asPattern = (line: string): RegExp =>
  new RegExp(
    line
      .trimEnd()
      .split('…')
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/\s+/g, '\\s+'))
      .join('.*'),
    'm',
  );

interface Shell {
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
}

const run = ({ dir, env }: Shell, script: string): Promise<string> => {
  const child = spawnUnderWatch({
    name: 'getting-started',
    command: ['/bin/bash', '-c', script],
    cwd: dir,
    env,
    output: 'pipe',
  });
  const timer = setTimeout(() => killGroup(child), 180_000);
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
};

const USED = /\bwerfbundle ([a-z]+) (.*)$/gm;

/** A step as it can be done now: what has no command yet is done by other means. @returns undefined: all of it is there */
const otherwise = async (fixture: DeployFixture, { commands }: Step): Promise<string | undefined> => {
  const missing = [...commands.matchAll(USED)].filter(([, name = '']) => COMMANDS[name] === undefined);
  if (missing.length === 0) return undefined;
  for (const [, name, words = ''] of missing) {
    const [, tag] = /:(v[\d.]+)"$/.exec(words) ?? [];
    if (name === 'publish' && tag !== undefined) await fixture.publish({ repository: 'demo/mine', tag });
    if (name !== 'rollback') continue;
    const patch = { spec: { registry: { tag: 'v1.0.0', versionConstraint: null } } };
    const args = ['patch', 'wb', 'mine', '-n', 'demo', '--type=merge', '-p', JSON.stringify(patch)];
    await fixture.cluster.kubectl(args);
    const applied = ['--for=jsonpath={.status.lastAppliedTag}=v1.0.0', '--timeout=90s'];
    await fixture.cluster.kubectl(['wait', 'wb/mine', '-n', 'demo', ...applied]);
  }
  return missing.reduce((script, [line]) => script.replace(line, 'true'), commands);
};

t.test('who follows docs/getting-started.md sees what it promises', async (t: Test) => {
  const fixture = await startDeployFixture(t);
  const states = await recordWatch(t, fixture, WERFBUNDLES);
  const [, controller] = await Promise.all([
    fixture.startWebhook(),
    fixture.startController({ timeScale: TIME_SCALE }),
  ]);
  await scenarioIn({ fixture, controller, states }, 'demo');
  const dir = join(fixture.cluster.dir, 'newcomer');
  const bin = join(dir, 'bin');
  await mkdir(bin, { recursive: true });
  const programs = {
    kubectl: `'${(await binariesOfThisRun()).kubectl}'`,
    werfbundle: `'${process.execPath}' '${join(ROOT, 'dist/werfbundle.js')}'`,
  };
  for (const [name, program] of Object.entries(programs))
    await writeFile(join(bin, name), `#!/bin/sh\nexec ${program} "$@"\n`, { mode: 0o755 });
  const env = {
    PATH: `${bin}:${process.env['PATH']}`,
    HOME: dir,
    KUBECONFIG: fixture.cluster.kubeconfig,
    REGISTRY: fixture.registryHost,
  };
  const steps = stepsIn(await readFile(join(ROOT, 'docs/getting-started.md'), 'utf8'));
  t.ok(steps.length > 10, 'there are some');
  for (const step of steps) {
    const title = step.commands.trim().split('\n').at(-1) ?? '';
    await t.test(title, async (t) => {
      const instead = await otherwise(fixture, step);
      const text = await run({ dir, env }, instead ?? step.commands);
      // What a missing command would show, others can't.
      if (instead === undefined) for (const line of step.shows) t.match(text, asPattern(line), line);
      else t.notMatch(text, /command not found|no such command/);
    });
  }
});
