/** What the processes need of the machine, so that time, randomness and output can be given by tests. */

/** Times in milliseconds. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** Never goes back; only differences mean something. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls back in `ms`, unless it is cancelled before; costs a tenth of a sleep that may be aborted. */
  startTimer(ms: number, onDue: () => void): Timer;
}

/** What comes in a while. */
export interface Timer {
  /** It will not come; nothing is left of it. Does nothing once it has come. */
  cancel(): void;
}

export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
}

export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log: a constant message and fields; never a secret. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  child(fields: LogFields): Log;
}
