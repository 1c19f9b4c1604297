/** What a flag takes; `list` may be given several times. */
export type FlagKind = 'text' | 'list' | 'whole' | 'switch';

export type FlagValue = string | readonly string[] | number | boolean;

type ParsedFlags =
  | { readonly kind: 'flags'; readonly values: ReadonlyMap<string, FlagValue> }
  | { readonly kind: 'refused'; readonly message: string };

type Read =
  | { readonly kind: 'value'; readonly value: FlagValue }
  | { readonly kind: 'refused'; readonly message: string };

const SWITCHES: Readonly<Record<string, boolean>> = {
  '1': true,
  t: true,
  T: true,
  true: true,
  TRUE: true,
  True: true,
  '0': false,
  f: false,
  F: false,
  false: false,
  FALSE: false,
  False: false,
};

const refused = (message: string) => ({ kind: 'refused', message }) as const;

const invalid = (given: { name: string; text: string; parser: string }) =>
  refused(
    `invalid argument "${given.text}" for "--${given.name}" flag: strconv.${given.parser}: parsing "${given.text}": invalid syntax`,
  );

const read = (kind: FlagKind, name: string, text: string, before: FlagValue | undefined): Read => {
  switch (kind) {
    case 'text':
      return { kind: 'value', value: text };
    case 'list':
      return { kind: 'value', value: [...(Array.isArray(before) ? before : []), text] };
    case 'whole':
      return /^[+-]?\d+$/.test(text)
        ? { kind: 'value', value: Number(text) }
        : invalid({ name, text, parser: 'ParseInt' });
    case 'switch': {
      const value = SWITCHES[text];
      return value === undefined ? invalid({ name, text, parser: 'ParseBool' }) : { kind: 'value', value };
    }
  }
};

/**
 * Reads flags as cobra does: `--name=value`, `--name value`, `--switch`, `--switch=false`; the last one counts. Pure.
 * @param known - kind of each flag, by name without dashes
 * @returns `refused`: cobra's words
 */
export const parseFlags = (words: readonly string[], known: Readonly<Record<string, FlagKind>>): ParsedFlags => {
  const values = new Map<string, FlagValue>();
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (!word.startsWith('--')) {
      return word.startsWith('-') && word !== '-'
        ? refused(`unknown shorthand flag: '${word[1]}' in ${word}`)
        : refused(`accepts 0 arg(s), received ${words.length - index}`);
    }
    const [, name = '', inline] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (kind === undefined) return refused(`unknown flag: --${name}`);
    const next = kind === 'switch' ? 'true' : words[index + 1];
    const text = inline ?? next;
    if (text === undefined) return refused(`flag needs an argument: --${name}`);
    if (inline === undefined && kind !== 'switch') index += 1;
    const value = read(kind, name, text, values.get(name));
    if (value.kind === 'refused') return value;
    values.set(name, value.value);
  }
  return { kind: 'flags', values };
};
