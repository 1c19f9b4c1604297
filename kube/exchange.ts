import { setMaxListeners } from 'node:events';
import type { Dispatcher } from 'undici';
import { systemClock } from '../process/system-clock.js';

/** A whole answer. */
export interface Exchanged {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** UTF-8. */
  readonly text: string;
}

/** The request was not answered in its time. */
export class Expired extends Error {
  override readonly name = 'Expired';
}

/**
 * Sends one request and reads its answer to the end. It uses undici's dispatch, since request() makes a stream for each answer, which
 * costs more than all else where answers are small and many.
 * @param until.ms - milliseconds for all of it
 * @throws Expired; the error of undici; when `until.signal` is aborted, an error with that as its cause
 */
export const exchange = (
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  until: { readonly ms: number; readonly signal: AbortSignal },
): Promise<Exchanged> =>
  new Promise((resolve, reject) => {
    let running: Dispatcher.DispatchController | undefined;
    let ended: Error | undefined;
    const stop = (why: Error): void => {
      ended = why;
      release();
      reject(why);
      running?.abort(why);
    };
    const onAbort = (): void => stop(new Error('aborted', { cause: until.signal.reason }));
    const timer = systemClock.startTimer(until.ms, () => stop(new Expired(`no end within ${until.ms / 1000} s`)));
    const release = (): void => {
      timer.cancel();
      until.signal.removeEventListener('abort', onAbort);
    };
    // Many calls listen to the signal of one process, and each removes its listener when it ends: there is no leak to warn of.
    setMaxListeners(0, until.signal);
    until.signal.addEventListener('abort', onAbort, { once: true });
    const answer = { status: 0, headers: {} as Exchanged['headers'], chunks: [] as Buffer[] };
    dispatcher.dispatch(request, {
      onRequestStart: (controller) => {
        if (ended === undefined) running = controller;
        else controller.abort(ended);
      },
      onResponseStart: (_controller, status, headers) => {
        Object.assign(answer, { status, headers });
      },
      onResponseData: (_controller, chunk) => {
        answer.chunks.push(chunk);
      },
      onResponseEnd: () => {
        release();
        const { status, headers, chunks } = answer;
        resolve({ status, headers, text: (chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))?.toString() ?? '' });
      },
      onResponseError: (_controller, error) => {
        release();
        reject(error);
      },
    });
  });
