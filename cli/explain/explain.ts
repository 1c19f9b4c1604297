import { explainJob } from './explain-job.js';
import { explainNext } from './explain-next.js';
import { explainTag } from './explain-tag.js';
import { explainValues, resolvedOf } from './explain-values.js';
import type { Explanation } from './explanation.js';
import type { Seen } from './observe.js';

/** What would be deployed for a bundle, and why. Pure. */
export const explain = (seen: Seen): Explanation => {
  const { bundle, file } = seen;
  const { namespace, name } = bundle.metadata;
  const resolved = resolvedOf(seen);
  const tag = explainTag(seen);
  const values = explainValues(seen, resolved);
  const next = explainNext({ seen, tag, values });
  return {
    namespace,
    name,
    ...(file !== undefined && { file }),
    tag,
    values,
    job: explainJob(seen, { tag, resolved, next }),
    next,
  };
};
