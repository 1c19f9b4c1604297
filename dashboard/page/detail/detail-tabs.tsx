import { DETAIL_VIEWS, type DetailView } from '../shell/address.js';

/** The id of a tab in the document. */
export const tabId = (view: DetailView): string => `tab-${view}`;

/** The id of what a tab shows. */
export const panelId = (view: DetailView): string => `panel-${view}`;

const TITLES: Readonly<Record<DetailView, string>> = {
  overview: 'Overview',
  log: 'Log',
  events: 'Events',
  values: 'Values',
  checks: 'Checks',
  yaml: 'YAML',
};

const STEPS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowLeft: -1 };

interface DetailTabsProps {
  readonly view: DetailView;
  readonly onView: (view: DetailView) => void;
}

/** The parts of the detail. Left and right go from one to the next. */
export const DetailTabs = ({ view, onView }: DetailTabsProps) => {
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    const count = DETAIL_VIEWS.length;
    const next = DETAIL_VIEWS[(DETAIL_VIEWS.indexOf(view) + step + count) % count] ?? view;
    event.preventDefault();
    onView(next);
    document.getElementById(tabId(next))?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Parts of the bundle" onKeyDown={onKeyDown}>
      {DETAIL_VIEWS.map((other, at) => (
        <button
          key={other}
          type="button"
          role="tab"
          id={tabId(other)}
          aria-selected={other === view}
          aria-controls={other === view ? panelId(other) : undefined}
          aria-keyshortcuts={String(at + 1)}
          tabIndex={other === view ? 0 : -1}
          onClick={() => onView(other)}
        >
          {TITLES[other]}
        </button>
      ))}
    </div>
  );
};
