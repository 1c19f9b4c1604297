import { Deadline } from '../../process/deadline.js';
import type { Clock } from '../../process/ports.js';
import type { RegistryTarget } from '../../registry/port.js';
import type { Proxies } from '../../registry/proxies.js';
import { resourceUrl } from '../../registry/target.js';
import { timeoutIn } from '../timeout.js';
import { Activity } from './activity.js';
import type { Chart } from './bundle.js';
import { partsOf } from './bundle.js';
import { readChartFolder } from './chart-folder.js';
import { checkChart } from './check-chart.js';
import { findUserCredential } from './credentials.js';
import { explainRefusal, notPublished } from './explain-refusal.js';
import { createPusher, type Pushed, type SentRequest } from './push.js';
import type { Reference } from './reference.js';
import type { Publication } from './report.js';

/** What became of it: `invalid`, the chart is wrong; `refused`, the registry did not take it; a line each. */
type PublishOutcome =
  | { readonly kind: 'published'; readonly publication: Publication }
  | { readonly kind: 'unreadable' | 'invalid' | 'refused'; readonly lines: readonly string[] };

/** With what is to be known, whatever became of it, a line each: links that were followed, and who else was sent the login. */
export interface PublishEnd {
  readonly outcome: PublishOutcome;
  readonly notes: readonly string[];
}

/** What to publish, where, and with what. */
interface Wish {
  readonly folder: string;
  readonly to: Reference;
  readonly insecure: boolean;
  /** PEM certificates that are trusted beside the system's. */
  readonly ca: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly proxies: Proxies;
  readonly clock: Clock;
  readonly userAgent: string;
  /** Hears what is being done. */
  readonly tell: (line: string) => void;
  /** For all of it, as it was given: `5m`. */
  readonly timeout: string;
  readonly signal: AbortSignal;
}

/**
 * Checks the chart in a folder, packs it, and pushes it with the user's own login. Rejects only when the signal is aborted, or for a fault of
 * the disk.
 * @throws CommandError for a timeout that is no duration
 */
export const publish = async (wish: Wish): Promise<PublishEnd> => {
  const { clock, timeout, to } = wish;
  const activity = new Activity(clock, wish.tell);
  const deadline = new Deadline(clock, timeoutIn(timeout), wish);
  const outcome = await deadline
    .run((signal) => attempt({ ...wish, signal, activity }))
    .catch((error: unknown): PublishOutcome => {
      if (!deadline.expired) throw error;
      const what = notPublished(to.url, activity.publishes ? 'perhaps' : 'no');
      return {
        kind: 'refused',
        lines: [`${what}: gave up after ${timeout}, ${activity.what}; --timeout gives it more`],
      };
    });
  return { outcome, notes: activity.notes };
};

interface Attempt extends Wish {
  readonly activity: Activity;
}

const attempt = async (wish: Attempt): Promise<PublishOutcome> => {
  const { folder, to, activity, signal } = wish;
  activity.begin(`reading ${folder}`);
  const read = await readChartFolder(folder);
  if (read.kind === 'unreadable') return { kind: 'unreadable', lines: [read.why] };
  if (read.kind === 'invalid') return { kind: 'invalid', lines: read.problems };
  for (const link of read.followed) activity.note(`followed a symbolic link: ${link}`);
  const checked = checkChart(read.files, folder);
  if (checked.kind === 'invalid') return { kind: 'invalid', lines: checked.problems };
  activity.begin(`looking for a login for ${to.host}`);
  const login = await findUserCredential(to, wish.env, signal);
  signal.throwIfAborted();
  const target: RegistryTarget = {
    host: to.host,
    repository: to.repository,
    insecure: wish.insecure,
    ...(login.credential !== undefined && { credential: login.credential }),
    ...(wish.ca !== undefined && { ca: wish.ca }),
  };
  const pushed = await push(wish, target, checked.chart);
  if (pushed.kind === 'refused') {
    return { kind: 'refused', lines: [explainRefusal(pushed, { target, login, url: to.url, waiting: activity })] };
  }
  const { chart, version } = checked;
  const publication: Publication = {
    url: to.url,
    tag: to.tag,
    digest: pushed.digest,
    ...changed(pushed),
    ...(wish.insecure && { insecure: true }),
    chart: { name: chart.name, version, files: chart.files.size },
  };
  return { kind: 'published', publication };
};

const push = async (wish: Attempt, target: RegistryTarget, chart: Chart): Promise<Pushed> => {
  const { clock, userAgent, proxies, activity } = wish;
  const own = resourceUrl(target, '').host;
  const onRequest = (request: SentRequest): void => {
    activity.request(request);
    const { host, origin } = request.url;
    if (request.showsLogin && host !== own)
      activity.note(
        `the login for ${target.host} goes to ${origin} as well, which the registry names as its token server`,
      );
  };
  const pusher = createPusher({ clock, userAgent, proxies, onRequest });
  try {
    return await pusher.push(target, wish.to.tag, partsOf(chart), wish.signal);
  } finally {
    await pusher.close();
  }
};

const changed = ({
  digest,
  before,
}: Extract<Pushed, { kind: 'pushed' }>): Pick<Publication, 'replaced' | 'unchanged'> => {
  if (before?.kind !== 'manifest') return {};
  if (before.digest === digest) return { unchanged: true };
  return { replaced: { digest: before.digest, bundle: before.bundle } };
};
