import type { SpecResult } from './spec-process.js';

/** One line for a spec that went well; of one that did not, all but the assertions that passed. */
export const reportSpec = ({ file, failed, faults, lines, ms }: SpecResult): readonly string[] => {
  const seconds = `(${(ms / 1_000).toFixed(1)} s)`;
  if (failed === 0 && faults.length === 0) return [`ok ${file} ${seconds}`];
  const telling = lines.filter((line) => !/^ *(ok \d+|1\.\.\d+|TAP version)/.test(line));
  return [
    ...telling.map((line) => `    ${line}`),
    ...faults.map((fault) => `    fault: ${fault}`),
    `not ok ${file} ${seconds}`,
  ];
};
