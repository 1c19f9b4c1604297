/**
 * Whether a pattern with `*` names a host, label by label: `*.example.org` is `a.example.org` and not `a.b.example.org`. Both in
 * lower case; ports must be the same.
 */
export const hostMatches = (pattern: string, host: string): boolean => {
  if (!pattern.includes('*')) return pattern === host;
  const [patternName = '', patternPort] = splitPort(pattern);
  const [name = '', port] = splitPort(host);
  const labels = name.split('.');
  const globs = patternName.split('.');
  return (
    patternPort === port &&
    globs.length === labels.length &&
    globs.every((glob, index) => globMatches(glob, labels[index] ?? ''))
  );
};

/** Whether `text` fits a pattern in which `*` stands for any characters. Piece by piece: no pattern can cost exponential time. */
export const globMatches = (glob: string, text: string): boolean => {
  const [first = '', ...rest] = glob.split('*');
  const last = rest.pop();
  if (last === undefined) return glob === text;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  const middle = text.slice(first.length, text.length - last.length);
  let at = 0;
  for (const piece of rest) {
    const found = middle.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return true;
};

const splitPort = (host: string): readonly string[] => {
  const colon = host.lastIndexOf(':');
  return colon > host.lastIndexOf(']') ? [host.slice(0, colon), host.slice(colon + 1)] : [host];
};
