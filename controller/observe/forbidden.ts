import { KubeError } from '../../kube/client.js';
import type { Blocker } from '../decide/observation.js';

/**
 * Turns a forbidden read into a value, since it stays forbidden until somebody grants the right: the status has to say so, or the bundle
 * would be retried for ever without a word. @param toValue - makes that value
 */
export const unlessForbidden = async <Known, Value>(reading: Promise<Known>, toValue: (why: string) => Value) => {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof KubeError) || error.code !== 'forbidden') throw error;
    return toValue(lackOf(error));
  }
};

/** The message about a forbidden call. */
export const lackOf = ({ message }: KubeError): string => `the controller lacks a right: ${message}`;

export const rightsMissing = (message: string): Blocker => ({ kind: 'blocker', reason: 'RightsMissing', message });
