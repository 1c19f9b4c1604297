import type { WerfBundle } from '../api/werfbundle.js';

/** The two calls that the apiserver makes for one write, in this order. */
export type WebhookName = 'mutate' | 'validate';

/** What somebody wants to do, as the apiserver asks about it. Only what the rules look at. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly operation: 'CREATE' | 'UPDATE';
  /** '' where the object has no namespace of its own yet; the apiserver always fills it in. */
  readonly namespace: string;
  /** metadata.name, else metadata.generateName: what the user would recognise. */
  readonly name: string;
  readonly user: string;
  readonly dryRun: boolean;
  /**
   * As it would be stored. Its apiVersion, kind and metadata are checked; spec and status are whatever the user wrote, so only
   * functions that say they take anything may look at them.
   */
  readonly object: WerfBundle;
  /** As it is stored; on UPDATE only. */
  readonly oldObject?: WerfBundle;
}
