import { KubeError } from '../../kube/client.js';
import type { Blocker } from '../decide/observation.js';

/**
 * That the controller may not read something is an answer, and stays so until somebody grants it: the bundle says it, for it would be
 * looked at in vain, and in silence, for ever. @param told - makes what is said of it
 */
export const unlessForbidden = async <Known, Told>(reading: Promise<Known>, told: (why: string) => Told) => {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof KubeError) || error.code !== 'forbidden') throw error;
    return told(lackOf(error));
  }
};

/** What is said of a call that was forbidden. */
export const lackOf = ({ message }: KubeError): string => `the controller lacks a right: ${message}`;

export const rightsMissing = (message: string): Blocker => ({ kind: 'blocker', reason: 'RightsMissing', message });
