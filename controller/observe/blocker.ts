import type { ReferenceFault } from '../../api/references/fault.js';
import type { Blocker } from '../decide/observation.js';

/** The blocker for a fault of something that a bundle refers to. */
export const blockerOf = (fault: ReferenceFault): Blocker => ({ kind: 'blocker', ...wordsOf(fault) });

const wordsOf = ({ use, kind, field, text }: ReferenceFault): Pick<Blocker, 'reason' | 'message'> => {
  switch (use) {
    case 'registry-secret':
    case 'ca-secret':
      return { reason: 'CredentialsInvalid', message: `${field}: ${text}` };
    case 'werf-key':
      return { reason: 'CredentialsInvalid', message: `spec.converge.werfSecretKeyRef: ${text}` };
    case 'service-account':
      return { reason: 'ServiceAccountMissing', message: text };
    case 'target-namespace':
      return kind === 'forbidden'
        ? { reason: 'ConsentMissing', message: text }
        : { reason: 'NamespaceUnavailable', message: `${field}: ${text}` };
    case 'values':
      return { reason: 'ValuesInvalid', message: text };
  }
};
