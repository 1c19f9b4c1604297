import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { WERFBUNDLES } from '../../kube/resources.js';
import { killGroup, spawnUnderWatch } from '../../playground/control-plane/supervised-process.js';
import { scenarioIn, TIME_SCALE } from '../kit/bundle-scenario.js';
import { binariesOfThisRun } from '../kit/cluster.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { recordWatch } from '../kit/record-watch.js';

// docs/getting-started.md, walked: each block of commands is run as it stands there, in its order, in the playground's parts, and prints what
// stands below it, and nothing else.

const ROOT = join(import.meta.dirname, '..', '..');

/** Commands, and all that they are to print. */
interface Step {
  readonly commands: string;
  readonly shows: string;
}

const stepsIn = (text: string): readonly Step[] =>
  [...text.matchAll(/^```bash\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?/gm)].map(
    ([, commands = '', shows = '']) => ({ commands, shows }),
  );

/** `…` stands for anything within a line, and in a line of its own for lines; blanks for any of them. */
const lineAsPattern = (line: string): string => {
  if (line === '…') return '(?:.*\\n)*?';
  const parts = line
    .trimEnd()
    .split('…')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/ +/g, ' +'));
  return `${parts.join('.*')} *\\n`;
};

const asPattern = (text: string): RegExp => new RegExp(`^${text.trimEnd().split('\n').map(lineAsPattern).join('')}$`);

interface Shell {
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
}

const run = ({ dir, env }: Shell, script: string): Promise<string> => {
  const child = spawnUnderWatch({
    name: 'getting-started',
    command: ['/bin/bash', '-c', `exec 2>&1\n${script}`],
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
      const text = await run({ dir, env }, step.commands);
      t.match(text, asPattern(step.shows), step.shows);
    });
  }
});
