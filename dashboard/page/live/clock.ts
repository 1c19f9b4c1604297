/** Time, as the page needs it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls once, later, unless what it returns is called before. */
  after(ms: number, act: () => void): () => void;
  /** Waits; ends early, without an error, when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
