import { browserClock } from '../browser.js';
import { type Address, addressText, parseAddress } from './address.js';

/** Browsers refuse too many changes of the address in a short time; who types makes many. */
const TYPING_MS = 250;

/** The address of the page as the page knows it; the browser's own follows. */
export class AddressBar {
  readonly #onChange: () => void;
  #current = parseAddress(location.pathname, location.search);
  #cancel = () => {};
  readonly #stopped = new AbortController();

  constructor({ onChange }: { readonly onChange: () => void }) {
    this.#onChange = onChange;
    const back = () => {
      this.#cancel();
      this.#current = parseAddress(location.pathname, location.search);
      this.#onChange();
    };
    addEventListener('popstate', back, { signal: this.#stopped.signal });
  }

  get current(): Address {
    return this.#current;
  }

  /** Goes on from here: Back leads here again. */
  push(address: Address): void {
    this.#write();
    this.#current = address;
    history.pushState(null, '', addressText(address));
    this.#onChange();
  }

  /** Changes what is shown where we are. */
  replace(address: Address): void {
    this.#current = address;
    this.#cancel();
    this.#cancel = browserClock.after(TYPING_MS, () => this.#write());
    this.#onChange();
  }

  /** Hears no more of the browser. */
  stop(): void {
    this.#write();
    this.#stopped.abort();
  }

  #write(): void {
    this.#cancel();
    history.replaceState(history.state, '', addressText(this.#current));
  }
}
