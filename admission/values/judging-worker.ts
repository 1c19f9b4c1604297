import { parentPort } from 'node:worker_threads';
import { inputOf } from '../../api/values/values-job.js';
import { answerImpact } from '../impact/question.js';
import { judgeValues } from './judge-values.js';
import type { JudgingAnswer, JudgingJob } from './values-pool.js';

const answer = (job: JudgingJob): JudgingAnswer =>
  'impact' in job ? { concerned: answerImpact(JSON.parse(job.impact)) } : judgeValues(inputOf(job));

// The thread beside the webhook's own: one job at a time, one answer for each. An exception ends it, and the pool logs that.
parentPort?.on('message', (job: JudgingJob) => parentPort?.postMessage(answer(job)));
