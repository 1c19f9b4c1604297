/** Far more than is accepted, and far less than would end the stack: texts in quotes are counted as if they were none. */
const MAX_NESTING = 400;

/**
 * Whether a text of YAML may nest so deeply that a recursive parser would come to the end of its stack. There V8 may not throw, but end
 * the process, if it compiles an expression just then. Looks at brackets, dashes and indentation only; takes linear time.
 */
export const mayEndStack = (text: string): boolean => {
  let brackets = 0;
  const indents: number[] = [];
  for (const line of text.split(/[\r\n]+/)) {
    const { length: indent } = /^[ ]*/.exec(line)?.[0] ?? '';
    while (indents.length > 0 && (indents.at(-1) ?? 0) >= indent) indents.pop();
    indents.push(indent);
    let dashes = 0;
    // Dashes count at the beginning of a line only, where each begins a list within the one before.
    let isIndicator = true;
    for (let at = indent; at < line.length; at += 1) {
      const character = line[at];
      if (character === '[' || character === '{') brackets += 1;
      else if ((character === ']' || character === '}') && brackets > 0) brackets -= 1;
      else if (isIndicator && (character === '-' || character === '?') && line[at + 1] === ' ') dashes += 1;
      else if (character !== ' ') isIndicator = false;
      if (indents.length + brackets + dashes > MAX_NESTING) return true;
    }
  }
  return false;
};
