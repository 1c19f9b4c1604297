import { parentPort } from 'node:worker_threads';
import { inputOf, type ValuesJob } from '../../api/values/values-job.js';
import { judgeValues } from './judge-values.js';

// The thread beside the webhook's own: one job at a time, one answer for each. An exception ends it, and the pool logs that.
parentPort?.on('message', (job: ValuesJob) => parentPort?.postMessage(judgeValues(inputOf(job))));
