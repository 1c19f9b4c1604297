import { request } from 'node:http';

/** An answer, whole. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** An answer that goes on. */
export interface Stream<Line> {
  readonly status: number;
  /** The next line that is no sign of life. @throws Error when the answer has ended */
  next(): Promise<Line>;
  /** How many there are that nobody has asked for. */
  readonly waiting: () => number;
  /** The page is gone. */
  leave(): void;
  /** Resolves when the server has ended it. */
  readonly ended: Promise<void>;
}

interface CallWish {
  readonly method?: string;
  /** Behind `Bearer `; left out: there is none. */
  readonly key?: string;
  readonly host?: string;
}

/** A page of the dashboard, by what it calls. */
export interface PageClient {
  call(path: string, wish?: CallWish): Promise<Answer>;
  open<Line>(path: string, key: string): Promise<Stream<Line>>;
}

/** Calls the dashboard's server on this machine. */
export const pageAt = (port: number): PageClient => {
  const ask = (path: string, { method = 'GET', key, host }: CallWish) =>
    request({
      port: port,
      host: '127.0.0.1',
      path,
      method,
      agent: false,
      headers: {
        host: host ?? `127.0.0.1:${port}`,
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
      },
    });
  return {
    call: (path, wish = {}) =>
      new Promise((resolve, reject) => {
        ask(path, wish)
          .once('error', reject)
          .once('response', (response) => {
            let text = '';
            response.setEncoding('utf8').on('data', (more: string) => {
              text += more;
            });
            response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
          })
          .end();
      }),
    open: <Line>(path: string, key: string) =>
      new Promise<Stream<Line>>((resolve, reject) => {
        const call = ask(path, { key });
        call
          .once('error', reject)
          .once('response', (response) => {
            call.on('error', () => undefined);
            const lines = new Lines<Line>();
            response.setEncoding('utf8').on('data', (text: string) => lines.add(text));
            response.on('error', () => undefined);
            const ended = new Promise<void>((done) => response.once('close', done));
            void ended.then(() => lines.end());
            resolve({
              status: response.statusCode ?? 0,
              next: () => lines.next(),
              waiting: () => lines.waiting,
              leave: () => call.destroy(),
              ended,
            });
          })
          .end();
      }),
  };
};

/** Lines of JSON as they come, signs of life left out. */
class Lines<Line> {
  readonly #lines: Line[] = [];
  readonly #asked: { resolve(line: Line): void; reject(error: Error): void }[] = [];
  #rest = '';
  #hasEnded = false;

  get waiting(): number {
    return this.#lines.length;
  }

  add(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#take(JSON.parse(line) as Line & { readonly kind?: string });
  }

  next(): Promise<Line> {
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (this.#hasEnded) return Promise.reject(new Error('the answer has ended'));
    return new Promise((resolve, reject) => this.#asked.push({ resolve, reject }));
  }

  end(): void {
    this.#hasEnded = true;
    for (const { reject } of this.#asked.splice(0)) reject(new Error('the answer has ended'));
  }

  #take(line: Line & { readonly kind?: string }): void {
    if (line.kind === 'alive') return;
    const asked = this.#asked.shift();
    if (asked === undefined) this.#lines.push(line);
    else asked.resolve(line);
  }
}
