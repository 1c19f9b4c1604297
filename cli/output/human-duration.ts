import { parseTime } from '../../api/timestamp.js';

/** How long ago a time was, as kubectl's AGE has it; '' if there is none. @param now - wall clock, milliseconds */
export const ageOf = (time: string | undefined, now: number): string => {
  const at = parseTime(time);
  return at === undefined ? '' : humanDuration(now - at);
};

/**
 * How long, in as few words as kubectl's AGE has: `45s`, `3m20s`, `5h12m`, `3d`.
 * @param ms - milliseconds; less than none is `0s`: clocks differ
 * @see https://pkg.go.dev/k8s.io/apimachinery/pkg/util/duration#HumanDuration
 */
export const humanDuration = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return two(days, 'd', hours % 24, 'h');
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  return years < 8 ? two(years, 'y', days % 365, 'd') : `${years}y`;
};

const two = (large: number, unit: string, small: number, smaller: string): string =>
  small === 0 ? `${large}${unit}` : `${large}${unit}${small}${smaller}`;
