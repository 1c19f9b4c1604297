import type { ComponentChildren } from 'preact';
import type { Loaded } from '../live/resource.js';
import { RefusedNote } from './refused-note.js';
import { Shown } from './shown.js';

interface SectionProps {
  readonly title: string;
  readonly id?: string;
  /** Beside the title. */
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A part of the detail, with its heading. */
export const Section = ({ title, id, aside, children }: SectionProps) => (
  <section class="section" {...(id !== undefined && { id })}>
    <div class="section-head">
      <h3>{title}</h3>
      {aside}
    </div>
    {children}
  </section>
);

interface LoadedPartProps<T> {
  readonly loaded: Loaded<T>;
  /** `The events` */
  readonly what: string;
  readonly onRetry: () => void;
  readonly show: (value: T) => ComponentChildren;
}

/** What was read by one call: it, what it was refused for, or that it is under way. */
export const LoadedPart = <T,>({ loaded, what, onRetry, show }: LoadedPartProps<T>) => (
  <>
    {loaded.problem !== undefined && <RefusedNote problem={loaded.problem} what={what} onRetry={onRetry} />}
    {loaded.value === undefined && loaded.problem === undefined && (
      <p class="dim loading" role="status">
        Loading…
      </p>
    )}
    {loaded.value !== undefined && <Shown value={loaded.value} what={what} show={show} />}
  </>
);
