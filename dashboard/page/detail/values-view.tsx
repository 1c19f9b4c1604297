import { useState } from 'preact/hooks';
import type { ValuesAnswer } from '../../protocol.js';
import { type ReadFrom, useResource, withPath } from '../live/use-resource.js';
import { SearchField } from '../look/search-field.js';
import { LoadedPart, Section } from '../look/section.js';

/** More are found by the filter. */
const SHOWN = 500;

interface ValuesViewProps {
  readonly from: ReadFrom;
  readonly version: string;
}

/** What the next deployment would be given, and which source each value comes from. */
export const ValuesView = ({ from, version }: ValuesViewProps) => {
  const { loaded, reload } = useResource<ValuesAnswer>(withPath(from, 'values'), version);
  return (
    <LoadedPart loaded={loaded} what="The values" onRetry={reload} show={(values) => <Values values={values} />} />
  );
};

const Values = ({ values }: { readonly values: ValuesAnswer }) => (
  <>
    <Told title="They can’t be delivered" lines={values.problems} isBad />
    <Told title="Warnings" lines={values.warnings} isBad={false} />
    <Section title="Sources" aside={<p class="dim">as they are merged: later ones win</p>}>
      <Sources sources={values.sources} />
    </Section>
    {values.problems.length === 0 && <Merged rows={values.rows} />}
  </>
);

interface ToldProps {
  readonly title: string;
  readonly lines: readonly string[];
  readonly isBad: boolean;
}

const Told = ({ title, lines, isBad }: ToldProps) =>
  lines.length === 0 ? null : (
    <section class={isBad ? 'told-block is-bad' : 'told-block'}>
      <h3>{title}</h3>
      <ul>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </section>
  );

const SOURCE_WORDS: Readonly<Record<ValuesAnswer['sources'][number]['state'], string>> = {
  used: 'used',
  'left-out': 'left out',
  missing: 'missing',
  unreadable: 'not readable',
};

const Sources = ({ sources }: Pick<ValuesAnswer, 'sources'>) =>
  sources.length === 0 ? (
    <p class="dim">None in spec.converge.valuesFrom.</p>
  ) : (
    <ol class="sources">
      {sources.map(({ field, source, state, why }) => (
        <li key={field}>
          <strong>{source}</strong> <span class={`source-state is-${state}`}>{SOURCE_WORDS[state]}</span>{' '}
          <code class="dim">{field}</code>
          {why !== '' && <p>{why}</p>}
        </li>
      ))}
    </ol>
  );

const Merged = ({ rows }: Pick<ValuesAnswer, 'rows'>) => {
  const [text, type] = useState('');
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = rows.filter(({ path, value, source }) => {
    const whole = `${path}\n${value}\n${source}`.toLowerCase();
    return words.every((word) => whole.includes(word));
  });
  const field = (
    <SearchField
      label="Filter values by path, value or source"
      hint="Filter: path, value, source"
      text={text}
      onText={type}
    />
  );
  return (
    <Section title="Values" aside={rows.length > 0 && field}>
      {rows.length === 0 && <p class="dim">The sources give none.</p>}
      {rows.length > 0 && found.length === 0 && <p class="dim">No value matches the filter.</p>}
      {found.length > 0 && <ValuesTable rows={found.slice(0, SHOWN)} />}
      {found.length > SHOWN && (
        <p class="dim">{(found.length - SHOWN).toLocaleString('en')} more: filter to see them.</p>
      )}
    </Section>
  );
};

const ValuesTable = ({ rows }: Pick<ValuesAnswer, 'rows'>) => (
  <div class="scroll-x">
    <table class="table values">
      <thead>
        <tr>
          <th scope="col">Path</th>
          <th scope="col">Value</th>
          <th scope="col">From</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row, place) => (
          <ValueRow key={`${row.path} ${place}`} row={row} />
        ))}
      </tbody>
    </table>
  </div>
);

const ValueRow = ({
  row: { path, value, hidden, source, overrides },
}: {
  readonly row: ValuesAnswer['rows'][number];
}) => (
  <tr>
    <td>{path === '' ? <span class="dim">not shown</span> : <code>{path}</code>}</td>
    <td>
      {hidden > 0 ? (
        <span class="dim">
          {hidden === 1 ? '1 value' : `${hidden.toLocaleString('en')} values`} of a Secret, not shown
        </span>
      ) : (
        <code>{value}</code>
      )}
    </td>
    <td>
      {source}
      {overrides.length > 0 && <span class="dim"> over {overrides.join(', ')}</span>}
    </td>
  </tr>
);
