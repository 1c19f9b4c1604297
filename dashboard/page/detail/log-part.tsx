import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { BundleDetail, DeploymentRow } from '../../protocol.js';
import { browserClock } from '../browser.js';
import { gathered } from '../live/gathered.js';
import { LogFollower } from '../live/log-follower.js';
import { type ReadFrom, useRedraw } from '../live/use-resource.js';
import { RefusedNote } from '../look/refused-note.js';
import { Sentence } from '../look/sentence.js';
import type { OpenBundle } from '../shell/address.js';
import { LogLines } from './log-lines.js';

interface LogPartProps {
  readonly from: ReadFrom;
  readonly open: OpenBundle;
  /** Left out while it is not known: then there is no deployment to choose. */
  readonly detail: BundleDetail | undefined;
  readonly onView: (part: Partial<OpenBundle>) => void;
}

/** The log of a deployment, which goes on by itself while the deployment does. */
export const LogPart = ({ from, open, detail, onView }: LogPartProps) => {
  const [asked, ask] = useState(0);
  const again = () => ask((count) => count + 1);
  const { number } = open;
  const follower = useFollower(from, number, asked);
  useAnew(detail?.history[0]?.number, () => number === undefined, again);
  useAnew(from.live.listings, () => follower.reading.kind === 'lost', again);
  const { log, reading } = follower;
  return (
    <section class="log-part" aria-label="Log">
      <div class="log-head">
        <h3>Log</h3>
        <DeploymentChoice history={detail?.history ?? []} number={number} onView={onView} />
        {log.job !== undefined && (
          <p class="dim log-job">
            Job {log.job.namespace}/{log.job.name}
          </p>
        )}
      </div>
      {(reading.kind === 'refused' || reading.kind === 'lost') && (
        <RefusedNote problem={reading} what="The rest of the log" onRetry={again} />
      )}
      {log.isKept && <p class="dim">The Pod is gone. This is the end of its log, as the status has kept it.</p>}
      <LogLines key={`${number} ${asked}`} log={log} />
      <p class="log-state dim" role="status">
        <Sentence text={stateText(follower)} />
      </p>
    </section>
  );
};

const stateText = ({ log, reading }: LogFollower): string => {
  if (log.ended !== undefined) return log.ended;
  if (reading.kind !== 'reading') return '';
  if (log.waiting !== undefined) return `Waiting: ${log.waiting}`;
  return log.blocks.length === 0 ? 'Loading…' : 'Following; new lines appear here.';
};

/** Log lines that come within this time are drawn at once. */
const GATHER_MS = 50;

const useFollower = ({ client, path }: ReadFrom, number: number | undefined, asked: number): LogFollower => {
  const redraw = useRedraw();
  const whole = `${path}/log${number === undefined ? '' : `?number=${number}`}`;
  const follower = useMemo(
    () => new LogFollower({ onChange: gathered(redraw, GATHER_MS, browserClock) }),
    [client, whole, asked],
  );
  useEffect(() => {
    void follower.read(client, whole);
    return () => follower.stop();
  }, [follower]);
  return follower;
};

/** Acts when a number is another one than it was; to become known is no change. */
const useAnew = (number: number | undefined, isWanted: () => boolean, act: () => void): void => {
  const last = useRef(number);
  useEffect(() => {
    if (last.current !== undefined && last.current !== number && isWanted()) act();
    last.current = number ?? last.current;
  }, [number]);
};

interface DeploymentChoiceProps extends Pick<LogPartProps, 'onView'> {
  readonly history: readonly DeploymentRow[];
  readonly number: number | undefined;
}

const DeploymentChoice = ({ history, number, onView }: DeploymentChoiceProps) => {
  const isUnknown = number !== undefined && !history.some((deployment) => deployment.number === number);
  return (
    <select
      class="field"
      aria-label="Deployment"
      value={number ?? ''}
      onChange={({ currentTarget: { value } }) =>
        onView(value === '' ? { number: undefined } : { number: Number(value) })
      }
    >
      <option value="">Running or last deployment</option>
      {isUnknown && <option value={number}>#{number}</option>}
      {history.map(({ number: other, tag, result }) => (
        <option key={other} value={other}>
          #{other} · {tag} · {result}
        </option>
      ))}
    </select>
  );
};
