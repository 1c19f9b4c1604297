import type { WerfBundle } from '../api/werfbundle.js';

/** The two calls that the apiserver makes for one write of a bundle, in this order; and the one for a source of values. */
export type WebhookName = 'mutate' | 'validate' | 'guard';

/** Who asks, as the apiserver knows them. */
export interface Requester {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** A request to judge, as the apiserver sends it; only the parts that the rules look at. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly operation: 'CREATE' | 'UPDATE';
  /** '' where the object has no namespace of its own yet; the apiserver always fills it in. */
  readonly namespace: string;
  /** metadata.name, else metadata.generateName: what the user would recognise. */
  readonly name: string;
  readonly requester: Requester;
  readonly dryRun: boolean;
  /** How long the answer may take, milliseconds from the arrival of the request. */
  readonly withinMs: number;
  /**
   * As it would be stored. Its apiVersion, kind and metadata are checked; spec and status are whatever the user wrote, so only
   * functions that say they take anything may look at them.
   */
  readonly object: WerfBundle;
  /** As it is stored; on UPDATE only. */
  readonly oldObject?: WerfBundle;
}
