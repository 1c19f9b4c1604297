import { KubeError } from '../../kube/client.js';

/** What was read, or why it is not known: never taken for an absence. */
export type Known<T> =
  | { readonly kind: 'known'; readonly value: T }
  | { readonly kind: 'unknown'; readonly why: string };

export const known = <T>(value: T): Known<T> => ({ kind: 'known', value });
export const unknown = (why: string): Known<never> => ({ kind: 'unknown', why });

/** The result of a read, or why there is none. @throws what is no {@link KubeError}, and that of an aborted command */
export const knownFrom = async <T>(reading: Promise<T>): Promise<Known<T>> => {
  try {
    return known(await reading);
  } catch (error) {
    if (!(error instanceof KubeError) || error.code === 'aborted') throw error;
    return unknown(whyOf(error));
  }
};

/** `you have no right to get secrets ops/creds`, or what has happened to the call. */
export const whyOf = ({ code, message }: KubeError): string =>
  code === 'forbidden' ? `you have no right to ${message.replace(/: forbidden.*$/s, '')}` : message;

/** @param use - for a value that is known */
export const mapKnown = <T, U>(from: Known<T>, use: (value: T) => U): Known<U> =>
  from.kind === 'known' ? known(use(from.value)) : from;
