import type { Clock, Timer } from '../process/ports.js';

/** The terminal to write to. */
interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** How long to wait before anything is shown, milliseconds. */
const AFTER_MS = 1000;
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
    this.#line = line;
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
