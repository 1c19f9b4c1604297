import { count } from '../../api/count.js';
import { formatDuration } from '../../api/duration.js';
import { parseTime } from '../../api/timestamp.js';
import { humanDuration } from '../output/human-duration.js';
import { wrapped } from '../output/wrap.js';
import type { Terminal } from '../terminal.js';
import type { Explanation, JobExplanation, NextExplanation, TagExplanation } from './explanation.js';
import { cut, USUAL_WIDTH } from './layout.js';
import { policyText, skippedText } from './tag-text.js';
import { sourceNotes, valuesLines } from './values-text.js';

/** For people: four sections, in one screen if the bundle is not large. */
export const explanationText = (
  explanation: Explanation,
  { colors, columns, clock }: Pick<Terminal, 'colors' | 'columns' | 'clock'>,
): string => {
  const width = columns ?? USUAL_WIDTH;
  const { namespace, name, file, tag, values, job, next } = explanation;
  const heading = `WerfBundle ${namespace}/${name}${file === undefined ? '' : `, of ${file}`}`;
  const sections: readonly Section[] = [
    { title: 'Next', lines: nextLines(next, clock.now()) },
    { title: 'Tag', lines: tagLines(tag) },
    {
      title: 'Values',
      lines: [
        { depth: 0, text: valuesHeading(explanation) },
        ...(values.notDeployed === undefined ? [] : [{ depth: 0, text: values.notDeployed }]),
        ...values.problems.map((text) => ({ depth: 0, text })),
        ...valuesLines(values, width - INDENT - 2),
        ...sourceNotes(values).map((text) => ({ depth: 0, text })),
        ...values.warnings.map((text) => ({ depth: 0, text: `warning: ${text}` })),
      ],
    },
    { title: 'Job', lines: jobLines(job) },
  ];
  const bodies = sections.map((section) => sectionText(section, width, colors.bold));
  return `${colors.bold(heading)}\n\n${bodies.join('\n')}`;
};

interface Line {
  readonly depth: number;
  /** What stands before the text, as wide for all of a list. */
  readonly label?: string;
  readonly text: string;
}
interface Section {
  readonly title: string;
  readonly lines: readonly Line[];
}

/** Where the text of a section begins. */
const INDENT = 8;

const sectionText = ({ title, lines }: Section, width: number, bold: (text: string) => string): string => {
  const printed = lines.flatMap(({ depth, label = '', text }) => {
    const first = ' '.repeat(INDENT + 2 * depth) + label;
    return wrapped(text, { first, indent: label === '' ? first.length + 2 : first.length, width });
  });
  const [first = '', ...others] = printed;
  return `${[bold(title) + first.slice(title.length), ...others].join('\n')}\n`;
};

const tagLines = (tag: TagExplanation): readonly Line[] => {
  const { chosen, message, from, note, deployed, listed, repository } = tag;
  const { each, rest } = skippedText(tag);
  const of = listed === undefined ? repository : `${repository}, which has ${count(listed, 'tag')}`;
  const state =
    chosen === undefined ? '' : chosen === deployed ? ', which is deployed' : `, ${deployed ?? 'nothing'} is deployed`;
  const longest = Math.min(LONGEST_TAG, Math.max(0, ...each.map(([name]) => name.length)));
  return [
    { depth: 0, text: chosen === undefined ? (message ?? 'not known') : `${chosen}${state}` },
    { depth: 0, text: `${policyText(tag)}, of ${of}` },
    ...(from === 'status' ? [{ depth: 0, text: `${whence(tag)}${note}` }] : []),
    ...each.map(([name, why]) => ({ depth: 1, label: `${cut(name, LONGEST_TAG).padEnd(longest)}  `, text: why })),
    ...(rest === '' ? [] : [{ depth: 1, text: rest }]),
  ];
};

/** A bundle of a file, or one that is new, has no status to go by. */
const whence = ({ chosen, failed }: TagExplanation): string => {
  if (chosen !== undefined) return "by the bundle's status: ";
  return failed === true ? 'asked from here: ' : '';
};

/** Longer ones are cut in the list, letters. */
const LONGEST_TAG = 30;

const valuesHeading = ({ values: { count: total, sources, problems } }: Explanation): string => {
  if (problems.length > 0) return "they can't be delivered:";
  const used = sources.filter(({ state }) => state === 'used').length;
  return total === 0 ? 'none' : `${count(total, 'value')}, of ${count(used, 'source')} and the spec; later ones win`;
};

const jobLines = (job: JobExplanation): readonly Line[] => {
  const { name, toBeMade, namespace, image, imageFrom, serviceAccount, limits, timeout, retries, args, files } = job;
  const account = {
    found: '',
    default: ' (the spec names none)',
    missing: ' (does not exist)',
    unreadable: ` (${serviceAccount.why})`,
  };
  const from = { spec: '', 'last-job': ", as its last Job's", platform: '' }[imageFrom];
  return [
    {
      depth: 0,
      text: `${name ?? 'named once it is made'}${toBeMade === true ? ', to be made' : ''}, in namespace ${namespace}`,
    },
    { depth: 0, text: `image ${image ?? "of the controller's --werf-image"}${from}` },
    { depth: 0, text: `ServiceAccount ${serviceAccount.name}${account[serviceAccount.state]}` },
    {
      depth: 0,
      text: `cpu ${limits.cpu}, memory ${limits.memory}; ends after ${formatDuration(timeout * 1000)}, ${retries === 0 ? 'no retry' : retries === 1 ? '1 retry' : `${retries} retries`}`,
    },
    ...(files.length === 0 ? [] : [{ depth: 0, text: `in a Secret of its own: ${files.join(', ')}` }]),
    ...(args === undefined ? [] : [{ depth: 0, text: `werf ${args.map(shown).join(' ')}` }]),
  ];
};

/** Longer arguments are cut, letters. */
const LONGEST_ARGUMENT = 60;

const shown = (arg: string): string => {
  const text = cut(arg, LONGEST_ARGUMENT);
  return /[^\w@%+=:,./-]/.test(text) ? `'${text.replaceAll("'", "'\\''")}'` : text;
};

const nextLines = ({ message, at }: NextExplanation, now: number): readonly Line[] => {
  const time = parseTime(at);
  const when = time === undefined ? '' : time <= now ? '; due now' : `; in ${humanDuration(time - now)} (${at})`;
  return [{ depth: 0, text: `${message}${when}` }];
};
