import type { StoredBundle } from '../../api/werfbundle.js';
import type { ChecksAnswer } from '../../dashboard/protocol.js';
import type { KubeClient } from '../../kube/client.js';
import type { Clock } from '../../process/ports.js';
import { examine, inOrderOfNeed } from '../diagnosis/examine.js';
import { DOCTOR_CHECKS } from '../doctor/checks.js';
import { Observer } from '../doctor/observe.js';
import { documentUrl } from '../documentation.js';
import { withOptions } from './with-options.js';

/** What doctor finds without asking the registry: a look at a page costs nobody a request there. */
export const checksOf = async (
  { client, clock, options }: { readonly client: KubeClient; readonly clock: Clock; readonly options: string },
  bundle: StoredBundle,
  signal: AbortSignal,
): Promise<ChecksAnswer> => {
  const observer = new Observer({ client, clock, registry: undefined, operatorNamespace: undefined });
  const checks = examine(DOCTOR_CHECKS, await observer.observe(bundle, signal));
  return {
    checks: inOrderOfNeed(checks).map(({ id, title, verdict, found, commands, section }) => ({
      id,
      title,
      verdict,
      found,
      commands: commands.map((command) => withOptions(command, options)),
      link: documentUrl(section),
    })),
  };
};
