import type { ComponentChildren } from 'preact';
import { useErrorBoundary, useRef } from 'preact/hooks';

interface ShownProps<T> {
  /** What was read. */
  readonly value: T;
  /** `The events` */
  readonly what: string;
  readonly show: (value: T) => ComponentChildren;
}

/** Shows what was read. An answer that is not what this page knows, as a newer server may give it, takes nothing else of the page with it. */
export const Shown = <T,>({ value, what, show }: ShownProps<T>) => {
  const unknown = useRef<{ readonly value: T }>(undefined);
  // What is read later is shown again, if it can be.
  useErrorBoundary(() => {
    unknown.current = { value };
  });
  if (unknown.current === undefined || unknown.current.value !== value) return <Show value={value} show={show} />;
  return (
    <p class="refused" role="note">
      {what} can’t be shown: this page does not know what the server has answered. Reload the page; it may be older than
      the server.
    </p>
  );
};

/** A component of its own, so that what fails in it does so below the boundary. */
const Show = <T,>({ value, show }: Pick<ShownProps<T>, 'value' | 'show'>) => <>{show(value)}</>;
