/**
 * Takes a text apart as kubectl does: JSON objects that follow one another, or one object and YAML behind it. Together the parts are the
 * text. Any other text is one part, YAML behind several objects among them: kubectl refuses it, and so does who reads it as one document.
 */
export const jsonStreamIn = (text: string): readonly string[] => {
  const parts: string[] = [];
  let start = 0;
  for (;;) {
    const end = endOfObject(text, start);
    if (end === undefined || !isJson(text.slice(start, end))) break;
    parts.push(text.slice(start, end));
    start = end;
  }
  const rest = text.slice(start);
  const last = parts.pop();
  if (last === undefined) return [text];
  if (rest.trim() === '') return [...parts, last + rest];
  return parts.length === 0 ? [last, rest] : [text];
};

/** A byte order mark counts as blank. */
const INK = /\S/g;
const MARK = /["{}]/g;

/** Where the object ends that begins next; undefined if there is none. Expressions that match a whole text would exhaust the stack. */
const endOfObject = (text: string, from: number): number | undefined => {
  const begin = next(INK, text, from);
  if (begin === undefined || text[begin] !== '{') return undefined;
  let depth = 0;
  let at: number | undefined = begin;
  while (at !== undefined) {
    if (text[at] === '"') at = endOfText(text, at);
    else depth += text[at] === '{' ? 1 : -1;
    if (at === undefined || depth === 0) return at === undefined ? undefined : at + 1;
    at = next(MARK, text, at + 1);
  }
  return undefined;
};

const next = (expression: RegExp, text: string, from: number): number | undefined => {
  expression.lastIndex = from;
  return expression.exec(text)?.index;
};

/** @param open - the place of the first quote */
const endOfText = (text: string, open: number): number | undefined => {
  let close = text.indexOf('"', open + 1);
  while (close >= 0 && isEscaped(text, close)) close = text.indexOf('"', close + 1);
  return close < 0 ? undefined : close;
};

const isEscaped = (text: string, at: number): boolean => {
  let first = at;
  while (text[first - 1] === '\\') first -= 1;
  return (at - first) % 2 === 1;
};

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text.replace(/^\uFEFF/, ''));
    return true;
  } catch {
    return false;
  }
};
