import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { LogView } from '../live/log-buffer.js';

/** So near the end counts as at the end. Pixels. */
const NEAR = 24;

/** The lines of a log. It stays at the end as they come, unless the reader has scrolled up. */
export const LogLines = ({ log }: { readonly log: LogView }) => {
  const scroller = useRef<HTMLDivElement>(null);
  const [isFollowing, follow] = useState(true);
  const toEnd = () => {
    const { current } = scroller;
    if (current !== null) current.scrollTop = current.scrollHeight;
  };
  useLayoutEffect(() => {
    if (isFollowing) toEnd();
  }, [log, isFollowing]);
  const isEmpty = log.blocks.length === 0;
  // What stands around the lines may take room from them, or give it.
  useLayoutEffect(() => {
    const { current } = scroller;
    if (!isFollowing || current === null) return;
    const observer = new ResizeObserver(toEnd);
    observer.observe(current);
    return () => observer.disconnect();
  }, [isFollowing, isEmpty]);
  const lastTop = useRef(0);
  const onScroll = () => {
    const { scrollTop = 0, scrollHeight = 0, clientHeight = 0 } = scroller.current ?? {};
    // Lines may have come since we scrolled to the end: not to be at the end is not yet to have gone away from it.
    if (scrollHeight - scrollTop - clientHeight < NEAR) follow(true);
    else if (scrollTop < lastTop.current) follow(false);
    lastTop.current = scrollTop;
  };
  if (isEmpty) return null;
  return (
    <div class="log-frame">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled with the keys */}
      <div ref={scroller} class="log" onScroll={onScroll} tabIndex={0} role="log" aria-label="Lines" aria-live="off">
        {log.dropped > 0 && <p class="dim">{log.dropped.toLocaleString('en')} earlier lines are not kept here.</p>}
        {log.blocks.map(({ id, lines }) => (
          <LogBlock key={id} lines={lines} />
        ))}
      </div>
      {!isFollowing && (
        <button type="button" class="button small to-end" onClick={() => follow(true)}>
          ↓ To the end
        </button>
      )}
    </div>
  );
};

/** The same lines are the same element, which is not looked at again. */
const LogBlock = ({ lines }: { readonly lines: readonly string[] }) =>
  useMemo(() => <pre>{lines.join('\n')}</pre>, [lines]);
