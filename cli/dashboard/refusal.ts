import type { MissingRight, Refusal } from '../../dashboard/protocol.js';
import { KubeError, type Resource } from '../../kube/client.js';
import { CommandError } from '../command-error.js';

/** A call that is not answered as it was meant: its HTTP status, and what the page is told. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  readonly refusal: Refusal;

  constructor(status: number, refusal: Refusal) {
    super(refusal.message);
    this.status = status;
    this.refusal = refusal;
  }
}

/** What a part of an answer takes. @param type - `subresource` is `log` of pods */
interface Asked {
  readonly verb: MissingRight['verb'];
  readonly type: Resource;
  readonly subresource?: string;
  readonly namespace?: string;
}

/**
 * Runs what asks the apiserver for one thing.
 * @throws Refused in the place of a KubeError: 403 names the right that is missing, 401 a token that is no good, 502 an apiserver that does
 * not answer
 */
export const withRight = async <T>(asked: Asked, run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    throw asRefused(error, asked);
  }
};

/** What a person can do about it stands on the page, which knows where the token came from. */
const UNKNOWN = 'the cluster does not accept these credentials: they are no token of it, or have expired';

/** A fault as the page is told of it; what is no fault of apiserver, caller or bundle stays what it is. */
export const asRefused = (error: unknown, asked?: Asked): unknown => {
  if (error instanceof CommandError) return new Refused(404, { message: error.lines.join('; ') });
  if (!(error instanceof KubeError) || error.code === 'aborted') return error;
  const { message } = error;
  if (error.code === 'unauthorized') return new Refused(401, { message: UNKNOWN });
  if (error.code !== 'forbidden') return new Refused(502, { message });
  return new Refused(403, { message, ...(asked !== undefined && { right: rightOf(asked) }) });
};

const rightOf = ({ verb, type, subresource, namespace }: Asked): MissingRight => ({
  verb,
  group: type.group,
  resource: subresource === undefined ? type.plural : `${type.plural}/${subresource}`,
  ...(namespace !== undefined && { namespace }),
});
