import type { ComponentChildren } from 'preact';
import type { BundleState } from '../../protocol.js';
import { stateWords } from '../rows/states.js';

/** A shape for each state, so that colour is never all there is; in a field of 16 by 16. */
const SHAPES: Readonly<Record<BundleState, ComponentChildren>> = {
  failed: (
    <>
      <circle class="fill" cx="8" cy="8" r="7" />
      <path class="cut" d="M5.5 5.5l5 5m0-5l-5 5" />
    </>
  ),
  drifted: (
    <>
      <path class="fill" d="M8 1.2l7.2 13H.8z" />
      <path class="cut" d="M8 6v4m0 2v.4" />
    </>
  ),
  progressing: (
    <>
      <circle class="line" cx="8" cy="8" r="6.2" />
      <path class="fill" d="M8 4a4 4 0 010 8z" />
    </>
  ),
  unseen: <circle class="line dashed" cx="8" cy="8" r="6.2" />,
  deleting: (
    <>
      <circle class="line" cx="8" cy="8" r="6.2" />
      <path class="line" d="M5 8h6" />
    </>
  ),
  suspended: (
    <>
      <circle class="line" cx="8" cy="8" r="6.2" />
      <path class="line" d="M6.3 5.6v4.8m3.4-4.8v4.8" />
    </>
  ),
  ready: (
    <>
      <circle class="line" cx="8" cy="8" r="6.2" />
      <path class="line" d="M5.2 8.2l2 2 3.6-4.2" />
    </>
  ),
};

/** The mark of a state; it says nothing to those who don't see it. */
export const StateMark = ({ state }: { readonly state: BundleState }) => (
  <svg class={`mark state-${state}`} viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
    {SHAPES[state]}
  </svg>
);

/** A state: its mark, and its word. */
export const StateLabel = ({ state }: { readonly state: BundleState }) => (
  <span class={`state state-${state}`} title={stateWords(state).about}>
    <StateMark state={state} />
    <span class="state-word">{stateWords(state).word}</span>
  </span>
);
