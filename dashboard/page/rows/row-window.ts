/** Pixels of a row, as the style sheet has them. */
export const ROW_HEIGHT = 36;

/** Rows that stand ready above and below what is seen, so that a quick scroll does not meet bare ground. */
const SPARE = 12;

/** What of the list is looked at, in pixels. */
interface Viewport {
  readonly top: number;
  readonly height: number;
}

/** Places in the list, from `first` to before `end`. */
interface RowWindow {
  readonly first: number;
  readonly end: number;
}

/** Which rows stand in the document. */
export const windowOf = ({ top, height }: Viewport, count: number): RowWindow => {
  const last = Math.max(0, count - Math.ceil(height / ROW_HEIGHT));
  const seen = Math.min(Math.max(0, Math.floor(top / ROW_HEIGHT)), last);
  const first = Math.max(0, seen - SPARE);
  return { first, end: Math.min(count, seen + Math.ceil(height / ROW_HEIGHT) + 1 + SPARE) };
};

/** How far the list has to be scrolled so that a row is seen whole: not at all, if it is. */
export const topToReveal = (place: number, { top, height }: Viewport): number => {
  const [from, to] = [place * ROW_HEIGHT, (place + 1) * ROW_HEIGHT];
  if (from < top) return from;
  return to > top + height ? to - height : top;
};

/** Rows of a page, less one that stays in sight. */
export const rowsOfPage = (height: number): number => Math.max(1, Math.floor(height / ROW_HEIGHT) - 1);
