import { parentPort } from 'node:worker_threads';
import { judgeValues } from './judge-values.js';
import { questionOf, type ValuesJob } from './values-job.js';

// The thread beside the webhook's own: one job at a time, one answer for each. An exception ends it, and is the pool's to tell of.
parentPort?.on('message', (job: ValuesJob) => parentPort?.postMessage(judgeValues(questionOf(job))));
