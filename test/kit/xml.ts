/** An element of XML: its name, its attributes, and what is in it. */
interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  /** Its own, without that of its children. */
  readonly text: string;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const TOKEN = /<\?xml[^?]*\?>|<(\/?)([\w-]+)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;

const decoded = (text: string): string =>
  text.replace(/&(\w*);?/g, (whole, name: string) => {
    const letter = ENTITIES[name];
    if (letter === undefined || !whole.endsWith(';')) throw new Error(`no entity: ${whole}`);
    return letter;
  });

/** Reads a document, and takes nothing but well-formed XML 1.0 without comments and such. @throws Error that says where it is not */
export const readXml = (text: string): Element => {
  const fault = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.exec(text);
  if (fault !== null) throw new Error(`XML has no such letter: ${fault.index}`);
  const root = { name: '', attributes: {}, children: [] as Element[], text: '' };
  const open = [root];
  const token = new RegExp(TOKEN);
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    const parent = open.at(-1);
    if (match === null || parent === undefined) throw new Error(`no XML: ${text.slice(at, at + 40)}`);
    const [, isEnd, name = '', attributes = '', isEmpty, content] = match;
    if (content !== undefined) parent.text += decoded(content);
    if (name === '') continue;
    if (isEnd === '/') {
      if (parent.name !== name) throw new Error(`</${name}> ends <${parent.name}>`);
      open.pop();
      continue;
    }
    const pairs = [...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [
      key,
      decoded(value),
    ]);
    const element = { name, attributes: Object.fromEntries(pairs), children: [] as Element[], text: '' };
    parent.children.push(element);
    if (isEmpty !== '/') open.push(element);
  }
  const [only, another] = root.children;
  if (only === undefined || another !== undefined || open.length > 1) throw new Error('not one element');
  return only;
};
