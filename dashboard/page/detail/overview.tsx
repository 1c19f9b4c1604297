import type { BundleDetail, ConditionRow, DriftView, NextStep } from '../../protocol.js';
import { CommandLine } from '../look/command-line.js';
import { Section } from '../look/section.js';
import { LinkOut, Sentence } from '../look/sentence.js';
import { StateMark } from '../look/state-mark.js';
import { TimeAgo } from '../look/time-ago.js';
import { HistoryTable } from './history-table.js';

interface OverviewProps {
  readonly detail: BundleDetail;
  /** Shows the log of a deployment. */
  readonly onLog: (number: number) => void;
  /** Goes to the checks, which know more of the cause. */
  readonly onChecks: () => void;
}

/** What the bundle itself says: what to do, how it is, how it came to be so. */
export const Overview = ({ detail, onLog, onChecks }: OverviewProps) => (
  <>
    {detail.nextStep !== undefined && <NextStepCard step={detail.nextStep} detail={detail} onChecks={onChecks} />}
    <Section title="Facts">
      <dl class="facts">
        {detail.facts.map(({ title, text }) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </Section>
    <Section title="Deployments">
      <HistoryTable history={detail.history} onLog={onLog} />
    </Section>
    <Section title="Conditions">
      <Conditions conditions={detail.conditions} />
    </Section>
    <Section title="Drift">
      <Drift drift={detail.drift} />
    </Section>
    <Section title="Commands">
      <Commands commands={detail.commands} />
    </Section>
  </>
);

interface NextStepProps extends Pick<OverviewProps, 'detail' | 'onChecks'> {
  readonly step: NextStep;
}

const NextStepCard = ({ step, detail, onChecks }: NextStepProps) => (
  <section class={`next-step state-${detail.row.state}`} aria-labelledby="next-step">
    <h3 id="next-step">
      <StateMark state={detail.row.state} />
      <span>
        <Sentence text={step.what} />
      </span>
    </h3>
    {step.message !== '' && <p class="said">{step.message}</p>}
    <p class="advice">
      <span class="label">What to do</span>
      <Sentence text={step.advice} /> {step.link !== undefined && <LinkOut address={step.link} text="Read more" />}
    </p>
    {step.commands.map((command) => (
      <CommandLine key={command} command={command} />
    ))}
    <p class="advice">
      <button type="button" class="button small" onClick={onChecks}>
        Look for the cause
      </button>
    </p>
  </section>
);

const Conditions = ({ conditions }: { readonly conditions: readonly ConditionRow[] }) => {
  if (conditions.length === 0) return <p class="dim">None yet: no controller has looked at the bundle.</p>;
  return (
    <ul class="conditions">
      {conditions.map(({ type, status, reason, message, since, about }) => (
        <li key={type} class="condition">
          <p class="condition-head">
            <strong title={about}>{type}</strong>
            <span class={`status is-${status.toLowerCase()}`}>{status}</span>
            <code class="reason">{reason}</code>
            <span class="dim since">
              <TimeAgo time={since} />
            </span>
          </p>
          {message !== '' && <p class="condition-message">{message}</p>}
        </li>
      ))}
    </ul>
  );
};

const DRIFT_WORDS: Readonly<Record<DriftView['state'], string>> = {
  off: 'Not looked for: the spec asks for no checks.',
  none: 'The cluster is what was deployed.',
  drifted: 'The cluster differs from what was deployed.',
  unknown: 'Whether the cluster is what was deployed is not known.',
};

const Drift = ({ drift: { state, message, checkedAt, checks, corrections } }: { readonly drift: DriftView }) => (
  <>
    <p>
      {DRIFT_WORDS[state]}
      {state !== 'off' && (
        <span class="dim">
          {' '}
          {checkedAt === '' ? (
            'No check yet.'
          ) : (
            <>
              {counted(checks, 'check')}, the last <TimeAgo time={checkedAt} suffix="ago" />.
            </>
          )}
          {corrections > 0 && ` ${counted(corrections, 'correction')} in a row.`}
        </span>
      )}
    </p>
    {message !== '' && <pre class="said">{message}</pre>}
  </>
);

const counted = (count: number, what: string): string =>
  `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;

const Commands = ({ commands }: Pick<BundleDetail, 'commands'>) => (
  <ul class="commands">
    {commands.map(({ title, command }) => (
      <li key={command}>
        <p>{title}</p>
        <CommandLine command={command} title={title} />
      </li>
    ))}
  </ul>
);
