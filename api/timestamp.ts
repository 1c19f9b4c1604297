/**
 * A time as Kubernetes writes it.
 * @returns milliseconds since 1970; undefined for a missing or malformed time
 */
export const parseTime = (text: string | undefined): number | undefined => {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : ms;
};
