import type { ChartVerdict } from '../../api/chart/chart-verdict.js';
import type { ResolveInput } from '../../api/values/resolve.js';
import type { RegistryTarget } from '../../registry/port.js';

/** A bundle's values, and the chart that they are to be deployed with. */
export interface ValuesForChart {
  /** Of the bundle's manifest. */
  readonly digest: string;
  /** Where it is, if it has to be pulled. */
  readonly target: RegistryTarget;
  readonly input: ResolveInput;
}

/** Judges values by the schemas of charts. */
export interface JudgesByCharts {
  /**
   * A chart that can't be read keeps nobody from deploying: then nothing is judged, and the log says why.
   * @throws KubeError when the apiserver could not be asked, and `aborted` when the signal is
   */
  judge(question: ValuesForChart, signal: AbortSignal): Promise<ChartVerdict>;
}
