import type { StoredBundle } from '../../api/werfbundle.js';
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

/** A Job that outgrows its memory limit says so, and what to do. */
export const outOfMemory = async (stage: Stage): Promise<void> => {
  stage.screen.heading('A Job without enough memory');
  await showFailure(stage, 'hungry', 'oom', 'pod failed with OOMKilled');
  stage.screen.kept('the status says OOMKilled, and which limit to set');
};

/** A Job that fails for another reason tells werf's own last words, and the cause that stands below them. */
export const brokenChart = async (stage: Stage): Promise<void> => {
  stage.screen.heading('A chart that is broken');
  await showFailure(stage, 'clumsy', 'template', 'nil pointer evaluating');
  stage.screen.kept('the status has werf\u2019s own last error, with its cause');
};
