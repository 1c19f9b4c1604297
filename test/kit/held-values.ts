import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { CHECKSUM, iso } from './builders.js';

export const BAD_VALUES = `k1:${'2'.repeat(64)}`;

/** What a status has once deployment 2 has failed with the present values, and v1.0.0 is deployed with those of deployment 1. */
export const heldValuesStatus = (digest: string): WerfBundleStatus => ({
  presentChecksum: BAD_VALUES,
  lastAppliedDigest: digest,
  holds: [
    {
      tag: 'v1.0.0',
      digest,
      checksum: BAD_VALUES,
      number: 2,
      since: iso(0),
      message: 'the Job failed',
      good: { tag: 'v1.0.0', digest, checksum: CHECKSUM, number: 1 },
    },
  ],
});
