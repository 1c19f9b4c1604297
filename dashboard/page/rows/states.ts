import type { BundleState } from '../../protocol.js';

/** A state in the words of people. */
interface StateWords {
  readonly word: string;
  /** What it says of a bundle, as a sentence without a full stop. */
  readonly about: string;
}

/** What needs a person stands first: it is the order of the list. */
const WORDS: readonly (readonly [BundleState, StateWords])[] = [
  ['failed', { word: 'Failed', about: 'What it asks for is not deployed, or is not tried again' }],
  ['drifted', { word: 'Drifted', about: 'The cluster differs from what was deployed' }],
  ['progressing', { word: 'Progressing', about: 'Something is under way, or is tried again by itself' }],
  ['unseen', { word: 'Unseen', about: 'No controller has looked at it yet' }],
  ['deleting', { word: 'Deleting', about: 'It is being deleted' }],
  ['suspended', { word: 'Suspended', about: 'Nothing is polled or begun until it is resumed' }],
  ['ready', { word: 'Ready', about: 'What it asks for is deployed' }],
];

/** All states, the most urgent first. */
export const STATES: readonly BundleState[] = WORDS.map(([state]) => state);

const RANKS = new Map<string, number>(STATES.map((state, rank) => [state, rank]));

/** The place of a state in that order, from 0; one that the page does not know stands first, since nobody knows what it takes. */
export const rankOf = (state: BundleState): number => RANKS.get(state) ?? -1;

const STATE_WORDS = new Map<string, StateWords>(WORDS);

/** What people read of a state. A server that is newer than the page may have others: those are called as it calls them. */
export const stateWords = (state: BundleState): StateWords =>
  STATE_WORDS.get(state) ?? { word: state, about: 'The server is newer than this page: reload it to see what this is' };

/** Whether a text, of an address say, is a state. */
export const isState = (text: string): text is BundleState => STATES.some((state) => state === text);
