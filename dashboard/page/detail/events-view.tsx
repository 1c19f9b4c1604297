import type { EventsAnswer } from '../../protocol.js';
import { type ReadFrom, useResource, withPath } from '../live/use-resource.js';
import { LoadedPart, Section } from '../look/section.js';
import { TimeAgo } from '../look/time-ago.js';

interface PartProps {
  readonly from: ReadFrom;
  readonly version: string;
}

/** What was told of the bundle. */
export const EventsView = ({ from, version }: PartProps) => {
  const { loaded, reload } = useResource<EventsAnswer>(withPath(from, 'events'), version);
  return (
    <Section title="Events">
      <LoadedPart
        loaded={loaded}
        what="The events"
        onRetry={reload}
        show={({ events }) => (events.length === 0 ? <NoEvents /> : <EventList events={events} />)}
      />
    </Section>
  );
};

const NoEvents = () => <p class="dim">None. A cluster keeps events for an hour or so.</p>;

const EventList = ({ events }: EventsAnswer) => (
  <ul class="events">
    {events.map(({ type, reason, note, at, count }, place) => (
      <li key={`${at} ${reason} ${place}`} class={type === 'Warning' ? 'event is-warning' : 'event'}>
        <p class="event-head">
          <span class="event-type">{type}</span>
          <code class="reason">{reason}</code>
          {count > 1 && <span class="dim">{count} times</span>}
          <span class="dim since">
            <TimeAgo time={at} suffix="ago" />
          </span>
        </p>
        <p class="event-note">{note}</p>
      </li>
    ))}
  </ul>
);
