import type { Log, LogFields } from '../../process/ports.js';

export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** A log that keeps what it was told, its children's entries among its own, in order. */
export const recordLog = (): Log & { readonly entries: readonly LogEntry[] } => {
  const entries: LogEntry[] = [];
  const make = (bound: LogFields): Log => {
    const at =
      (level: LogEntry['level']) =>
      (message: string, fields: LogFields = {}): void => {
        entries.push({ level, message, fields: { ...bound, ...fields } });
      };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (fields) => make({ ...bound, ...fields }),
    };
  };
  return { ...make({}), entries };
};
