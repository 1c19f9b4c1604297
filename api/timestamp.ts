/**
 * A time as Kubernetes writes it.
 * @returns milliseconds since 1970; undefined for a missing or malformed time
 */
export const parseTime = (text: string | undefined): number | undefined => {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : ms;
};

/** RFC 3339 with milliseconds: for times that schedules are computed from. */
export const preciseTime = (ms: number): string => new Date(ms).toISOString();

/** RFC 3339 in whole seconds, as metav1.Time writes them. */
export const wholeSeconds = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/** A time that was written, without the fractions of a second; what is no time as it is. */
export const toTheSecond = (text: string | undefined): string => {
  const at = parseTime(text);
  return at === undefined ? (text ?? '') : wholeSeconds(at);
};
