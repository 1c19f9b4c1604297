import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';

/** An HTTP request as bytes, ready to be sent. */
export const post = (path: string, body: string): Buffer =>
  Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: application/json\r\nUser-Agent: kube-apiserver-admission\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );

export interface Got {
  readonly status: number;
  readonly body: string;
}

/** One kept connection, on which one request at a time is asked: HTTP as thin as can be, so that the asking costs little. */
export class Connection {
  readonly #socket: TLSSocket;
  #received: Buffer[] = [];
  #answered: { readonly resolve: (got: Got) => void; readonly reject: (error: Error) => void } | undefined;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  /** @param ca - PEM */
  static async open(port: number, ca: string): Promise<Connection> {
    const socket = connect({ host: '127.0.0.1', port, ca });
    socket.setNoDelay(true);
    await once(socket, 'secureConnect');
    return new Connection(socket);
  }

  /** @throws Error if the connection ends first */
  ask(request: Buffer): Promise<Got> {
    return new Promise((resolve, reject) => {
      this.#answered = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received.push(chunk);
    const all = this.#received.length === 1 ? chunk : Buffer.concat(this.#received);
    const got = parse(all);
    if (got === undefined) return;
    this.#received = [];
    this.#answered?.resolve(got);
    this.#answered = undefined;
  }

  #fail(error: Error): void {
    this.#answered?.reject(error);
    this.#answered = undefined;
  }
}

/** The answer, once it is whole. Every server here says how long it is. */
const parse = (bytes: Buffer): Got | undefined => {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end);
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`an answer without its length: ${head}`);
  const start = end + 4;
  if (bytes.length < start + Number(length)) return undefined;
  return { status: Number(head.slice(9, 12)), body: bytes.toString('utf8', start) };
};
