import { parentPort } from 'node:worker_threads';
import { inputOf } from '../../api/values/values-job.js';
import { LoadedCharts } from '../chart/loaded-charts.js';
import { judgeValues } from './judge-values.js';
import type { JudgingJob } from './values-pool.js';

// The thread beside the webhook's own: one job at a time, one answer for each. An exception ends it, and the pool logs that.
const charts = new LoadedCharts();
parentPort?.on('message', (job: JudgingJob) =>
  parentPort?.postMessage('kind' in job ? charts.judge(job) : judgeValues(inputOf(job))),
);
