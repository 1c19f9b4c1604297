import type { StoredBundle } from '../../api/werfbundle.js';
import { BrokenPromise } from '../bundle-watch.js';
import { publishBundle } from '../registry/publish.js';
import { applySample, DEMO, demo, PATIENCE_MS, type Stage, showKubectl, watching } from '../stage.js';
import { demoChart, type Fate } from '../werf/charts.js';

const publishBroken = (stage: Stage, name: string, fate: Fate) =>
  publishBundle({
    host: stage.registryHost,
    repository: `demo/${name}`,
    tag: 'v1.0.0',
    chart: demoChart({ name, version: '1.0.0', fate }),
  });

const failed = (stage: Stage, name: string, words: string): Promise<StoredBundle> =>
  stage.bundles.until(
    demo(name),
    {
      what: `bundle ${name} says "${words}"`,
      withinMs: PATIENCE_MS,
      is: (status) => status.phase === 'Failed' && (status.lastErrorMessage ?? '').includes(words),
    },
    stage.signal,
  );

const showFailure = async (stage: Stage, name: string, fate: Fate, words: string): Promise<void> => {
  await publishBroken(stage, name, fate);
  await applySample(stage, `${name}.yaml`);
  await watching(stage, name, () => failed(stage, name, words));
  await showKubectl(stage, ['get', 'wb', name, '-n', DEMO, '-o', 'jsonpath={.status.lastErrorMessage}']);
};

/** A Job that outgrows its memory limit says so, and what to do; who does it has the bundle deployed. */
export const outOfMemory = async (stage: Stage): Promise<void> => {
  const { screen } = stage;
  screen.heading('A Job without enough memory');
  await showFailure(stage, 'hungry', 'oom', OOM);
  screen.kept('the status says OOMKilled, and which limit to set');
  let bundle = await failed(stage, 'hungry', OOM);
  for (let tries = 0; bundle.status?.phase !== 'Synced'; tries += 1) {
    const limit = ADVICE.exec(bundle.status?.lastErrorMessage ?? '')?.[1];
    if (limit === undefined || tries === ADVICES_MAX)
      throw new BrokenPromise(
        'promised, and not so: hungry is deployed once it has the memory that its status advises',
      );
    bundle = await withMemory(stage, limit);
  }
  screen.kept('with the limit that the status advised, it is deployed');
};

const OOM = 'pod failed with OOMKilled';
const ADVICE = /set spec\.converge\.resourceLimits\.memory to (\S+)/;
/** A real werf takes some memory of its own. */
const ADVICES_MAX = 3;

/** Follows the advice. @returns the bundle, Synced, or Failed for want of more */
const withMemory = async (stage: Stage, memory: string): Promise<StoredBundle> => {
  const patch = JSON.stringify({ spec: { converge: { resourceLimits: { memory } } } });
  await showKubectl(stage, ['patch', 'wb', 'hungry', '-n', DEMO, '--type', 'merge', '-p', patch]);
  return watching(stage, 'hungry', () =>
    stage.bundles.until(
      demo('hungry'),
      {
        what: `bundle hungry is deployed with ${memory}, or says what it needs`,
        withinMs: PATIENCE_MS,
        is: ({ phase, lastErrorMessage }) =>
          phase === 'Synced' || (phase === 'Failed' && lastErrorMessage?.includes(`memory limit ${memory}`) === true),
      },
      stage.signal,
    ),
  );
};

/** A Job that fails for another reason tells werf's own last words, and the cause that stands below them. */
export const brokenChart = async (stage: Stage): Promise<void> => {
  stage.screen.heading('A chart that is broken');
  await showFailure(stage, 'clumsy', 'template', 'nil pointer evaluating');
  stage.screen.kept('the status has werf\u2019s own last error, with its cause');
};
