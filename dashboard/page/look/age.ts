const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago a time was, in its largest unit: `42s`, `5m`, `7h`, `12d`, `3y`. @param now - milliseconds since 1970 */
export const ageText = (time: string, now: number): string => {
  const at = Date.parse(time);
  return Number.isNaN(at) ? '' : durationText(Math.max(0, now - at));
};

/** A duration in its largest unit. @param ms - not below 0 */
const durationText = (ms: number): string => {
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)}s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)}m`;
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)}h`;
  if (ms < 2 * 365 * DAY) return `${Math.floor(ms / DAY)}d`;
  return `${Math.floor(ms / (365 * DAY))}y`;
};

/**
 * How long something took, to the second: `42s`, `1m 05s`, `2h 03m`; '' if either time is not known. Less than none is `0s`: Kubernetes has an end
 * in whole seconds.
 */
export const spanText = (from: string, to: string): string => {
  const ms = Math.max(0, Date.parse(to) - Date.parse(from));
  if (Number.isNaN(ms)) return '';
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)}s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)}m ${two((ms % MINUTE) / SECOND)}s`;
  return `${Math.floor(ms / HOUR)}h ${two((ms % HOUR) / MINUTE)}m`;
};
