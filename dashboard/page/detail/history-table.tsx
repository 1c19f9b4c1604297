import type { BundleState, DeploymentRow } from '../../protocol.js';
import { spanText } from '../look/age.js';
import { StateMark } from '../look/state-mark.js';
import { TimeAgo } from '../look/time-ago.js';

/** The marks of results, as those of bundles; what is not known here has none. */
const MARKS: Readonly<Record<string, BundleState>> = {
  Succeeded: 'ready',
  Failed: 'failed',
  Running: 'progressing',
  Waiting: 'unseen',
};

interface HistoryTableProps {
  readonly history: readonly DeploymentRow[];
  readonly onLog: (number: number) => void;
}

/** The deployments that the status remembers. */
export const HistoryTable = ({ history, onLog }: HistoryTableProps) => {
  if (history.length === 0) return <p class="dim">Nothing has been deployed yet.</p>;
  return (
    <div class="scroll-x">
      <table class="table history">
        <thead>
          <tr>
            <th scope="col" class="is-number">
              #
            </th>
            <th scope="col">Result</th>
            <th scope="col">Tag</th>
            <th scope="col">Why</th>
            <th scope="col">Began</th>
            <th scope="col">Took</th>
            <th scope="col">
              <span class="only-heard">Log</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {history.map((deployment) => (
            <DeploymentRows key={deployment.number} deployment={deployment} onLog={onLog} />
          ))}
        </tbody>
      </table>
    </div>
  );
};

interface DeploymentRowsProps extends Pick<HistoryTableProps, 'onLog'> {
  readonly deployment: DeploymentRow;
}

const DeploymentRows = ({ deployment, onLog }: DeploymentRowsProps) => {
  const { number, tag, digest, reason, result, startedAt, finishedAt, jobName, message } = deployment;
  const mark = MARKS[result];
  return (
    <>
      <tr>
        <td class="is-number dim">{number}</td>
        <td class={mark === undefined ? '' : `state-${mark}`}>
          <span class="result">
            {mark !== undefined && <StateMark state={mark} />}
            {result}
          </span>
        </td>
        <td class="tag" title={digest}>
          {tag}
        </td>
        <td>{reason}</td>
        <td>
          <TimeAgo time={startedAt} suffix="ago" />
        </td>
        <td>{spanText(startedAt, finishedAt)}</td>
        <td>
          <button
            type="button"
            class="button small"
            title={jobName}
            onClick={() => onLog(number)}
            aria-label={`Log of deployment ${number}`}
          >
            Log
          </button>
        </td>
      </tr>
      {message !== '' && (
        <tr class="told">
          <td />
          <td colSpan={6}>{message}</td>
        </tr>
      )}
    </>
  );
};
