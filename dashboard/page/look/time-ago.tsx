import { useEffect, useState } from 'preact/hooks';
import { browserClock } from '../browser.js';
import { ageText } from './age.js';

const listeners = new Set<() => void>();
let isTicking = false;

/** One timer for all ages that are seen; none while there are none. */
const tick = (): void => {
  isTicking = listeners.size > 0;
  if (!isTicking) return;
  browserClock.after(1_000, () => {
    for (const hear of listeners) hear();
    tick();
  });
};

const useTick = (): number => {
  const [now, set] = useState(browserClock.now());
  useEffect(() => {
    const hear = () => set(browserClock.now());
    listeners.add(hear);
    if (!isTicking) tick();
    return () => void listeners.delete(hear);
  }, []);
  return now;
};

interface TimeAgoProps {
  /** RFC 3339; '' shows nothing. */
  readonly time: string;
  /** `ago`, where the age stands in a sentence. */
  readonly suffix?: string;
}

/** How long ago a time was, as of now; the time itself is its title. */
export const TimeAgo = ({ time, suffix }: TimeAgoProps) => {
  const age = ageText(time, useTick());
  if (age === '') return null;
  return (
    <time dateTime={time} title={new Date(time).toLocaleString()}>
      {suffix === undefined ? age : `${age} ${suffix}`}
    </time>
  );
};
