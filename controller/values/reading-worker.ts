import { parentPort } from 'node:worker_threads';
import { ThreadCharts } from '../charts/thread-charts.js';
import { deliveredValues } from './delivered-values.js';
import { valuesToDeliver } from './reading-job.js';
import type { ThreadJob } from './reading-thread.js';

const charts = new ThreadCharts();

const answerTo = (job: ThreadJob): unknown => {
  switch (job.kind) {
    case 'read':
      return deliveredValues(valuesToDeliver(job));
    case 'keep':
      return charts.keep(job);
    case 'judge':
      return charts.judge(job);
  }
};

// The thread beside the controller's own: one job at a time, one answer for each. An exception ends it, and the pool logs that.
parentPort?.on('message', (job: ThreadJob) => parentPort?.postMessage(answerTo(job)));
