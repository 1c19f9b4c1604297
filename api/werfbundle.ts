import type { WerfBundleSpec as Spec, WerfBundleStatus as Status } from './generated/werfbundle.js';
import type { KubeObject, ObjectMeta } from './objects.js';

/** API group of the kind. */
export const GROUP = 'werf.io';
/** Served and stored version of the kind. */
export const VERSION = 'v1alpha1';
export const KIND = 'WerfBundle';
export const PLURAL = 'werfbundles';
export const API_VERSION = `${GROUP}/${VERSION}`;

type Immutable<T> = T extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: Immutable<T[K]> }
    : T;

/** spec as a user may write it; every default is optional. */
export type WerfBundleSpec = Immutable<Spec>;
/** status as the controller writes it; absent before its first write. */
export type WerfBundleStatus = Immutable<Status>;
export type RegistrySpec = WerfBundleSpec['registry'];
export type ConvergeSpec = NonNullable<WerfBundleSpec['converge']>;
export type ValuesSource = NonNullable<ConvergeSpec['valuesFrom']>[number];
export type Deployment = NonNullable<WerfBundleStatus['deployment']>;
/** The plan of what a deployment would change, of status.plan. */
export type Plan = NonNullable<WerfBundleStatus['plan']>;
export type DeployReason = Deployment['reason'];
export type Phase = NonNullable<WerfBundleStatus['phase']>;

/** A WerfBundle as the apiserver stores it. */
export interface WerfBundle extends KubeObject {
  readonly kind?: typeof KIND;
  readonly spec: WerfBundleSpec;
  readonly status?: WerfBundleStatus;
}

/** A WerfBundle read from the apiserver: what the server always sets is there. */
export interface StoredBundle extends WerfBundle {
  readonly metadata: ObjectMeta & {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation: number;
  };
}
