import { parentPort } from 'node:worker_threads';
import { deliveredValues } from './delivered-values.js';
import { type ReadingJob, valuesToDeliver } from './reading-job.js';

// The thread beside the controller's own: one job at a time, one answer for each. An exception ends it, and the pool logs that.
parentPort?.on('message', (job: ReadingJob) => parentPort?.postMessage(deliveredValues(valuesToDeliver(job))));
