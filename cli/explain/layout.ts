import type { Value } from '../../api/values/value.js';
import { oneLine } from '../output/wrap.js';

/** Letters in a line where nobody says how many. */
export const USUAL_WIDTH = 80;

/** At most so many letters, cut with `…`. */
export const cut = (text: string, most: number): string => {
  const letters = [...text];
  return letters.length <= most ? text : `${letters.slice(0, most - 1).join('')}…`;
};

/** A value in one line: as JSON, cut; of a text with several lines the first, and how many there are. */
export const valueText = (value: Value, most: number): string => {
  const [first = '', ...others] = typeof value === 'string' ? value.trimEnd().split(/\r?\n/) : [];
  if (others.length === 0) return cut(oneLine(JSON.stringify(value)), most);
  const end = ` (${others.length + 1} lines)`;
  return `${cut(oneLine(JSON.stringify(`${first}…`)), most - end.length)}${end}`;
};
