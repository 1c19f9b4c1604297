import type { ChartCase } from './chart-case.js';
import { goProgram } from './go-program.js';

/** What `helm template` says of values: as templates would get them, or why it ends before that. */
interface HelmJudgement {
  readonly values?: Readonly<Record<string, unknown>>;
  readonly error?: string;
}

/** Helm's own judgement of values by charts, or why it is not there. */
type HelmJudge =
  | { readonly kind: 'built'; readonly judge: (cases: readonly ChartCase[]) => Promise<readonly HelmJudgement[]> }
  | { readonly kind: 'missing'; readonly why: string };

/** Builds it into the project's cache, once for each state of its sources. */
export const helmJudge = async (): Promise<HelmJudge> => {
  const program = await goProgram('helm-chart');
  if (program.kind === 'missing') return program;
  return {
    kind: 'built',
    judge: (cases) =>
      program.ask<HelmJudgement>(
        cases.map(({ files, values }) => ({ files, values })),
        ['judge'],
      ),
  };
};
