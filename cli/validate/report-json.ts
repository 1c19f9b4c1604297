import { type Report, summaryOf } from './summary.js';

/** For programs: `{"summary":{…},"results":[…]}`, one line. */
export const asJson = (report: Report): string =>
  JSON.stringify({ summary: summaryOf(report), results: report.results });
