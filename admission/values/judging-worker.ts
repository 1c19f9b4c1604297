import { parentPort } from 'node:worker_threads';
import { inputOf } from '../../api/values/values-job.js';
import { LoadedCharts } from '../chart/loaded-charts.js';
import { answerImpact } from '../impact/question.js';
import { judgeValues } from './judge-values.js';
import type { JudgingAnswer, JudgingJob } from './values-pool.js';

const charts = new LoadedCharts();

const answer = (job: JudgingJob): JudgingAnswer => {
  if ('impact' in job) return { concerned: answerImpact(JSON.parse(job.impact)) };
  return 'kind' in job ? charts.judge(job) : judgeValues(inputOf(job));
};

// The thread beside the webhook's own: one job at a time, one answer for each. An exception ends it, and the pool logs that.
parentPort?.on('message', (job: JudgingJob) => parentPort?.postMessage(answer(job)));
