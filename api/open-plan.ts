import type { Plan, WerfBundleStatus } from './werfbundle.js';

/** The plan whose deployment is still to come: it is being made, or waits. The next deployment closes it. */
export const openPlan = ({ plan, deployment }: WerfBundleStatus): Plan | undefined =>
  plan !== undefined && plan.after === (deployment?.number ?? 0) ? plan : undefined;
