import type { Clock, Timer } from '../process/ports.js';
import { harmless } from './output/harmless.js';
import { printable } from './output/printable.js';

/** The terminal to write to. */
interface Screen {
  readonly isTTY?: boolean;
  /** Letters in a line; 80 unless given. */
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** How long to wait before anything is shown, milliseconds. */
const AFTER_MS = 1000;
const COLUMNS = 80;
/** Clears the line that the cursor is in. */
const CLEAR = '\r\u001b[K';

/** One line on a terminal for what takes longer than a second; nothing anywhere else. */
export class Progress {
  readonly #screen: Screen;
  readonly #clock: Pick<Clock, 'startTimer'>;
  #timer: Timer | undefined;
  #line = '';
  #isLate = false;

  constructor(screen: Screen, clock: Pick<Clock, 'startTimer'>) {
    this.#screen = screen;
    this.#clock = clock;
  }

  /** Starts the clock. */
  start(): void {
    if (this.#screen.isTTY !== true) return;
    this.#timer = this.#clock.startTimer(AFTER_MS, () => {
      this.#isLate = true;
      this.#show();
    });
  }

  /** @param line - what is being done: `12 of 100: WerfBundle ops/my-app` */
  tell(line: string): void {
    // A line that wraps could not be cleared, and the terminal takes what is written here as it is.
    this.#line = harmless(printable(line)).slice(0, (this.#screen.columns ?? COLUMNS) - 1);
    if (this.#isLate) this.#show();
  }

  /** Leaves the terminal as it was. */
  end(): void {
    this.#timer?.cancel();
    if (this.#isLate) this.#screen.write(CLEAR);
    this.#isLate = false;
  }

  #show(): void {
    this.#screen.write(`${CLEAR}${this.#line}`);
  }
}
