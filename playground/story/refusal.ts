import { BrokenPromise } from '../bundle-watch.js';
import { applySample, DEMO, type Stage } from '../stage.js';

/** The fields of playground/samples/four-mistakes.yaml that are wrong. */
const MISTAKES = [
  'spec.registry.url',
  'spec.registry.pollInterval',
  'spec.converge.serviceAccountName',
  'spec.converge.resourceLimits.memory',
];

/** A bundle with four mistakes is refused with four named fields, and is not stored. */
export const refusal = async (stage: Stage): Promise<void> => {
  const { screen, kubectl } = stage;
  screen.heading('A bundle with four mistakes');
  const { code, text } = await applySample(stage, 'four-mistakes.yaml');
  const unnamed = MISTAKES.filter((field) => !text.includes(`* ${field}: `));
  if (code === 0 || unnamed.length > 0) {
    throw new BrokenPromise(
      `promised, and not so: the bundle is refused and every mistake named; unnamed: ${unnamed.join(', ')}`,
    );
  }
  const stored = await kubectl.run(['get', 'wb', 'four-mistakes', '-n', DEMO]);
  if (stored.code === 0) throw new BrokenPromise('promised, and not so: a refused bundle is not stored');
  screen.kept('refused before it was stored, with all four fields named at once');
};
